"""A run while something is added to it: its row, and the rows of the nodes that are touched."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ..states import FROM_EVENTS, RUNNING
from .tables import NEVER

Row = dict[str, Any]


@dataclass
class Draft:
    """``row`` is that of the table runs, as it was told; ``before`` what it was in the database, if it was there.

    ``nodes`` are rows of run_nodes, by the name of the node. ``nodes_before`` says which were in the database.
    """

    row: Row
    before: Row | None = None
    nodes: dict[str, Row] = field(default_factory=dict)
    nodes_before: dict[str, Row] = field(default_factory=dict)

    @property
    def is_new(self) -> bool:
        return self.before is None

    @property
    def is_changed(self) -> bool:
        """Whether the row says something else than the one in the database; when Slurm last said so is nothing new."""
        return self.before is None or self.row != {**self.before, "slurm_at": self.row["slurm_at"]}

    @property
    def has_moved(self) -> bool:
        """Whether it turned out to be another restart than the database has it for."""
        return self.before is not None and self.row["restart"] != self.before["restart"]

    def node(self, name: str) -> Row:
        """Return the row of a node that reports for itself."""
        row = self.nodes.get(name)
        if row is None:
            row = self.nodes[name] = new_node(self.row, name, heard=True)
        row["heard"] = True
        return row

    def load_node(self, row: Row) -> None:
        """Take a row of run_nodes as it is in the database."""
        self.nodes_before[row["node"]] = row
        self.nodes[row["node"]] = dict(row)


def new_run(key: int, cluster: str, job_id: int, restart: int, era: int, *, restart_known: bool) -> Row:
    """Return the row of a run of which nothing is known yet."""
    texts = dict.fromkeys(
        ("sluid", "name", "user", "account", "partition", "qos", "nodes", "reason", "slurm_state"), ""
    )
    numbers = dict.fromkeys(
        (
            *("array_job_id", "array_task_id", "het_job_id", "het_job_offset", "uid", "node_count", "cpus", "gpus"),
            *("memory_bytes", "time_limit", "eligible_at", "exit_code", "exit_signal", "derived_exit_code"),
            *("energy_joules", "slurm_at", "controller_ended_at", "nodes_ended_at", "restart_at_end", "on_node_at"),
        )
    )
    flags = dict.fromkeys(("reported", "reconciled", "heard_start", "unsummarised"), False)
    return {
        **{"key": key, "cluster": cluster, "job_id": job_id, "restart": restart, "era": era},
        **{"restart_known": restart_known, "state": RUNNING, "state_source": FROM_EVENTS},
        **texts,
        **numbers,
        **flags,
        **dict.fromkeys(("submitted_at", "started_at", "ended_at"), NEVER),
        **{"sources": "", "nodes_ended": 0, "node_gpus": 0, "updated_at": 0.0, "unsettled": True},
    }


def new_node(run: Row, name: str, *, heard: bool) -> Row:
    """Return the row of a node of the run of which nothing is known yet."""
    unknown = (
        *("started_at", "ended_at", "exit_code", "exit_signal"),
        *("sampled_at", "cpu_seconds", "gpu_held_seconds", "gpu_busy_seconds"),
    )
    begin = run["started_at"]
    return {
        **dict.fromkeys(unknown),
        **{"run_key": run["key"], "node": name, "run_started_at": begin, "heard": heard, "gpus": ""},
    }
