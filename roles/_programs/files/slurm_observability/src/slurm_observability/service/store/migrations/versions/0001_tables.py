"""The tables, all at once."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make them."""
    op.create_table(
        "marks",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "nodes",
        sa.Column("cluster", sa.Text(), nullable=False),
        sa.Column("node", sa.Text(), nullable=False),
        sa.Column("time", sa.Double(), nullable=False),
        sa.Column("agent_version", sa.Text(), nullable=False),
        sa.Column("cpus", sa.BigInteger(), nullable=True),
        sa.Column("cpu_usage_percent", sa.Double(), nullable=True),
        sa.Column("memory_usage_bytes", sa.BigInteger(), nullable=True),
        sa.Column("memory_total_bytes", sa.BigInteger(), nullable=True),
        sa.Column("job_count", sa.BigInteger(), nullable=True),
        sa.Column("gpu_count", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("cluster", "node"),
    )
    op.create_table(
        "runs",
        sa.Column("key", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("cluster", sa.Text(), nullable=False),
        sa.Column("job_id", sa.BigInteger(), nullable=False),
        sa.Column("restart", sa.Integer(), nullable=False),
        sa.Column("era", sa.Integer(), nullable=False),
        sa.Column("restart_known", sa.Boolean(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("state_source", sa.Text(), nullable=False),
        sa.Column("reported", sa.Boolean(), nullable=False),
        sa.Column("reconciled", sa.Boolean(), nullable=False),
        sa.Column("array_job_id", sa.BigInteger(), nullable=True),
        sa.Column("array_task_id", sa.BigInteger(), nullable=True),
        sa.Column("het_job_id", sa.BigInteger(), nullable=True),
        sa.Column("het_job_offset", sa.BigInteger(), nullable=True),
        sa.Column("sluid", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("user", sa.Text(), nullable=False),
        sa.Column("uid", sa.BigInteger(), nullable=True),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("partition", sa.Text(), nullable=False),
        sa.Column("qos", sa.Text(), nullable=False),
        sa.Column("nodes", sa.Text(), nullable=False),
        sa.Column("node_count", sa.BigInteger(), nullable=True),
        sa.Column("cpus", sa.BigInteger(), nullable=True),
        sa.Column("gpus", sa.BigInteger(), nullable=True),
        sa.Column("memory_bytes", sa.BigInteger(), nullable=True),
        sa.Column("time_limit", sa.BigInteger(), nullable=True),
        sa.Column("submitted_at", sa.Double(), nullable=False),
        sa.Column("eligible_at", sa.Double(), nullable=True),
        sa.Column("started_at", sa.Double(), nullable=False),
        sa.Column("ended_at", sa.Double(), nullable=False),
        sa.Column("exit_code", sa.BigInteger(), nullable=True),
        sa.Column("exit_signal", sa.BigInteger(), nullable=True),
        sa.Column("derived_exit_code", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("energy_joules", sa.Double(), nullable=True),
        sa.Column("sources", sa.Text(), nullable=False),
        sa.Column("slurm_state", sa.Text(), nullable=False),
        sa.Column("slurm_at", sa.Double(), nullable=True),
        sa.Column("heard_start", sa.Boolean(), nullable=False),
        sa.Column("controller_ended_at", sa.Double(), nullable=True),
        sa.Column("nodes_ended_at", sa.Double(), nullable=True),
        sa.Column("nodes_ended", sa.Integer(), nullable=False),
        sa.Column("node_gpus", sa.Integer(), nullable=False),
        sa.Column("updated_at", sa.Double(), nullable=False),
        sa.Column("unsettled", sa.Boolean(), nullable=False),
        sa.Column("unsummarised", sa.Boolean(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("key"),
        sa.UniqueConstraint("job_id", "restart", "era", "cluster", name="runs_identity"),
    )
    op.create_index("runs_account", "runs", ["account", "started_at", "key"], unique=False)
    op.create_index(
        "runs_array_job_id",
        "runs",
        ["array_job_id", "key"],
        unique=False,
        sqlite_where=sa.text("array_job_id IS NOT NULL"),
        postgresql_where=sa.text("array_job_id IS NOT NULL"),
    )
    op.create_index("runs_ended_at", "runs", ["ended_at", "key"], unique=False)
    op.create_index(
        "runs_het_job_id",
        "runs",
        ["het_job_id", "key"],
        unique=False,
        sqlite_where=sa.text("het_job_id IS NOT NULL"),
        postgresql_where=sa.text("het_job_id IS NOT NULL"),
    )
    op.create_index("runs_name", "runs", ["name", "started_at", "key"], unique=False)
    op.create_index("runs_partition", "runs", ["partition", "started_at", "key"], unique=False)
    op.create_index("runs_qos", "runs", ["qos", "started_at", "key"], unique=False)
    op.create_index("runs_started_at", "runs", ["started_at", "key"], unique=False)
    op.create_index("runs_state", "runs", ["state", "started_at", "key"], unique=False)
    op.create_index("runs_state_ended_at", "runs", ["state", "ended_at", "key"], unique=False)
    op.create_index("runs_submitted_at", "runs", ["submitted_at", "key"], unique=False)
    op.create_index(
        "runs_unsettled",
        "runs",
        ["key"],
        unique=False,
        sqlite_where=sa.text("unsettled = 1"),
        postgresql_where=sa.text("unsettled"),
    )
    op.create_index(
        "runs_unsummarised",
        "runs",
        ["key"],
        unique=False,
        sqlite_where=sa.text("unsummarised = 1"),
        postgresql_where=sa.text("unsummarised"),
    )
    op.create_index("runs_user", "runs", ["user", "started_at", "key"], unique=False)
    op.create_index("runs_user_ended_at", "runs", ["user", "ended_at", "key"], unique=False)
    op.create_index("runs_user_state", "runs", ["user", "state", "started_at", "key"], unique=False)
    op.create_table(
        "events",
        sa.Column("key", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("run_key", sa.BigInteger(), nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("received_at", sa.Double(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["run_key"], ["runs.key"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("key"),
        sa.UniqueConstraint("event_id", name="events_event_id"),
    )
    op.create_index("events_run_key", "events", ["run_key"], unique=False)
    op.create_table(
        "run_nodes",
        sa.Column("run_key", sa.BigInteger(), nullable=False),
        sa.Column("node", sa.Text(), nullable=False),
        sa.Column("run_started_at", sa.Double(), nullable=False),
        sa.Column("heard", sa.Boolean(), nullable=False),
        sa.Column("started_at", sa.Double(), nullable=True),
        sa.Column("ended_at", sa.Double(), nullable=True),
        sa.Column("gpus", sa.Text(), nullable=False),
        sa.Column("exit_code", sa.BigInteger(), nullable=True),
        sa.Column("exit_signal", sa.BigInteger(), nullable=True),
        sa.Column("sampled_at", sa.Double(), nullable=True),
        sa.Column("cpu_seconds", sa.Double(), nullable=True),
        sa.Column("gpu_held_seconds", sa.Double(), nullable=True),
        sa.Column("gpu_busy_seconds", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(["run_key"], ["runs.key"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("run_key", "node"),
    )
    op.create_index("run_nodes_node", "run_nodes", ["node", "run_started_at", "run_key"], unique=False)
    op.create_table(
        "samples",
        sa.Column("run_key", sa.BigInteger(), nullable=False),
        sa.Column("node", sa.Text(), nullable=False),
        sa.Column("time", sa.Double(), nullable=False),
        sa.Column("final", sa.Boolean(), nullable=False),
        sa.Column("cpus", sa.BigInteger(), nullable=True),
        sa.Column("cpu_seconds", sa.Double(), nullable=True),
        sa.Column("cpu_user_seconds", sa.Double(), nullable=True),
        sa.Column("cpu_system_seconds", sa.Double(), nullable=True),
        sa.Column("memory_bytes", sa.BigInteger(), nullable=True),
        sa.Column("memory_working_set_bytes", sa.BigInteger(), nullable=True),
        sa.Column("memory_peak_bytes", sa.BigInteger(), nullable=True),
        sa.Column("memory_limit_bytes", sa.BigInteger(), nullable=True),
        sa.Column("oom_kills", sa.BigInteger(), nullable=True),
        sa.Column("io_read_bytes", sa.BigInteger(), nullable=True),
        sa.Column("io_write_bytes", sa.BigInteger(), nullable=True),
        sa.Column("processes", sa.BigInteger(), nullable=True),
        sa.Column("cpu_pressure_seconds", sa.Double(), nullable=True),
        sa.Column("memory_pressure_seconds", sa.Double(), nullable=True),
        sa.Column("io_pressure_seconds", sa.Double(), nullable=True),
        sa.Column("gpus", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["run_key"], ["runs.key"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("run_key", "node", "time"),
    )
    op.create_index("samples_time", "samples", ["time"], unique=False)
