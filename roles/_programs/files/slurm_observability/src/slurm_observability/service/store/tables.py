"""The tables. A change here needs a revision in ``migrations/versions``; a test compares the two."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    text,
)

# In place of a begin or an end that is not known, or is yet to come: it sorts after every time, and can be indexed.
NEVER = float(1 << 53)

# Only a column of SQLite's own type INTEGER is the number of the row itself.
_Key = BigInteger().with_variant(Integer, "sqlite")

metadata = MetaData()

runs = Table(
    "runs",
    metadata,
    Column("key", _Key, primary_key=True, autoincrement=False),
    Column("cluster", Text, nullable=False),
    Column("job_id", BigInteger, nullable=False),
    Column("restart", Integer, nullable=False),
    Column("era", Integer, nullable=False),
    # Until Slurm or a hook says which restart it is, the number is the next one that was free.
    Column("restart_known", Boolean, nullable=False),
    Column("state", Text, nullable=False),
    Column("state_source", Text, nullable=False),
    Column("reported", Boolean, nullable=False),
    Column("reconciled", Boolean, nullable=False),
    Column("array_job_id", BigInteger),
    Column("array_task_id", BigInteger),
    Column("het_job_id", BigInteger),
    Column("het_job_offset", BigInteger),
    Column("sluid", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("user", Text, nullable=False),
    Column("uid", BigInteger),
    Column("account", Text, nullable=False),
    Column("partition", Text, nullable=False),
    Column("qos", Text, nullable=False),
    Column("nodes", Text, nullable=False),
    Column("node_count", BigInteger),
    Column("cpus", BigInteger),
    Column("gpus", BigInteger),
    Column("memory_bytes", BigInteger),
    Column("time_limit", BigInteger),
    Column("submitted_at", Double, nullable=False),
    Column("eligible_at", Double),
    Column("started_at", Double, nullable=False),
    Column("ended_at", Double, nullable=False),
    Column("exit_code", BigInteger),
    Column("exit_signal", BigInteger),
    Column("derived_exit_code", BigInteger),
    Column("reason", Text, nullable=False),
    Column("energy_joules", Double),
    # What merging has to remember: who said which field (facts.RANKED), Slurm's last word and when it was said, what
    # the hooks said of begin and end.
    Column("sources", Text, nullable=False),
    Column("slurm_state", Text, nullable=False),
    Column("slurm_at", Double),
    Column("heard_start", Boolean, nullable=False),
    Column("controller_ended_at", Double),
    Column("nodes_ended_at", Double),
    Column("nodes_ended", Integer, nullable=False),
    Column("node_gpus", Integer, nullable=False),
    # How many restarts the hooks of the end told: one more than the run itself has where it was requeued.
    Column("restart_at_end", Integer),
    # The earliest time at which a node saw it: it had begun by then.
    Column("on_node_at", Double),
    # When something new was heard of it.
    Column("updated_at", Double, nullable=False),
    Column("unsettled", Boolean, nullable=False),
    Column("unsummarised", Boolean, nullable=False),
    Column("summary", Text),
    Column("slurm_usage", Text),
    UniqueConstraint("job_id", "restart", "era", "cluster", name="runs_identity"),
)

# Every list of runs is a walk along one of these indices, and ends after a page. The key makes the order complete.
for _order in ("submitted_at", "started_at", "ended_at"):
    Index(f"runs_{_order}", runs.c[_order], runs.c.key)
for _filter in ("user", "account", "partition", "qos", "name", "state"):
    Index(f"runs_{_filter}", runs.c[_filter], runs.c.started_at, runs.c.key)
# What ended last, and badly.
for _filter in ("user", "state"):
    Index(f"runs_{_filter}_ended_at", runs.c[_filter], runs.c.ended_at, runs.c.key)
Index("runs_user_state", runs.c.user, runs.c.state, runs.c.started_at, runs.c.key)
for _parent in ("array_job_id", "het_job_id"):
    _there = text(f"{_parent} IS NOT NULL")
    Index(f"runs_{_parent}", runs.c[_parent], runs.c.key, sqlite_where=_there, postgresql_where=_there)
for _flag in ("unsettled", "unsummarised"):
    Index(f"runs_{_flag}", runs.c.key, sqlite_where=text(f"{_flag} = 1"), postgresql_where=text(_flag))

run_nodes = Table(
    "run_nodes",
    metadata,
    Column("run_key", BigInteger, ForeignKey("runs.key", ondelete="CASCADE"), nullable=False),
    Column("node", Text, nullable=False),
    # The begin of the run, once more: a node's newest runs are a walk along one index.
    Column("run_started_at", Double, nullable=False),
    # Whether the node has reported for itself; else it is known from Slurm's list of nodes only.
    Column("heard", Boolean, nullable=False),
    Column("started_at", Double),
    Column("ended_at", Double),
    Column("gpus", Text, nullable=False),
    Column("exit_code", BigInteger),
    Column("exit_signal", BigInteger),
    # Totals of the newest sample: they outlive the samples.
    Column("sampled_at", Double),
    Column("cpu_seconds", Double),
    Column("gpu_held_seconds", Double),
    Column("gpu_busy_seconds", Double),
    PrimaryKeyConstraint("run_key", "node"),
)
Index("run_nodes_node", run_nodes.c.node, run_nodes.c.run_started_at, run_nodes.c.run_key)

# The audit trail. Keys grow in the order of arrival, so the oldest events are those with the lowest.
events = Table(
    "events",
    metadata,
    Column("key", _Key, primary_key=True, autoincrement=False),
    Column("event_id", Text, nullable=False),
    Column("run_key", BigInteger, ForeignKey("runs.key", ondelete="CASCADE"), nullable=False),
    Column("sender", Text, nullable=False),
    Column("received_at", Double, nullable=False),
    Column("document", Text, nullable=False),
    UniqueConstraint("event_id", name="events_event_id"),
)
Index("events_run_key", events.c.run_key)

samples = Table(
    "samples",
    metadata,
    Column("run_key", BigInteger, ForeignKey("runs.key", ondelete="CASCADE"), nullable=False),
    Column("node", Text, nullable=False),
    Column("time", Double, nullable=False),
    Column("final", Boolean, nullable=False),
    Column("cpus", BigInteger),
    Column("cpu_seconds", Double),
    Column("cpu_user_seconds", Double),
    Column("cpu_system_seconds", Double),
    Column("memory_bytes", BigInteger),
    Column("memory_working_set_bytes", BigInteger),
    Column("memory_peak_bytes", BigInteger),
    Column("memory_limit_bytes", BigInteger),
    Column("oom_kills", BigInteger),
    Column("io_read_bytes", BigInteger),
    Column("io_write_bytes", BigInteger),
    Column("processes", BigInteger),
    Column("cpu_pressure_seconds", Double),
    Column("memory_pressure_seconds", Double),
    Column("io_pressure_seconds", Double),
    Column("gpus", Text),
    PrimaryKeyConstraint("run_key", "node", "time"),
)
Index("samples_time", samples.c.time)

# The newest sample of each node.
nodes = Table(
    "nodes",
    metadata,
    Column("cluster", Text, nullable=False),
    Column("node", Text, nullable=False),
    Column("time", Double, nullable=False),
    Column("agent_version", Text, nullable=False),
    Column("cpus", BigInteger),
    Column("cpu_usage_percent", Double),
    Column("memory_usage_bytes", BigInteger),
    Column("memory_total_bytes", BigInteger),
    Column("job_count", BigInteger),
    Column("gpu_count", BigInteger),
    PrimaryKeyConstraint("cluster", "node"),
)

# Small values that outlive the program: how far a reader of Slurm's accounting, or the roll-up, has come.
marks = Table(
    "marks",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)
