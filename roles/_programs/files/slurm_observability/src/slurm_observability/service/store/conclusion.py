"""What follows from what was heard of a run: its state, its end, and whether Slurm has to be asked for more."""

from __future__ import annotations

from ...slurm.hostlist import node_names
from ..states import (
    ACTIVE,
    ENDED,
    ENDED_SOMEHOW,
    FAILED,
    FINAL,
    FROM_EVENTS,
    FROM_SLURM,
    OUT_OF_MEMORY,
    REQUEUED,
    RUNNING,
    UNKNOWN,
)
from .draft import Row
from .facts import SLURM, rank_of
from .tables import NEVER

# By this, which is no signal, Slurm's steps tell that their memory was not enough (SIG_OOM, as wait(2) would give it).
SIGNAL_OUT_OF_MEMORY = 125


def settle(row: Row) -> None:
    """Draw the conclusions: state, end, and who has to be asked for more."""
    all_nodes = row["node_count"] or len(node_names(row["nodes"])) or 1
    heard_end = row["controller_ended_at"]
    if heard_end is None and row["nodes_ended"] >= all_nodes:
        heard_end = row["nodes_ended_at"]
    if rank_of(row, "ended_at") < SLURM:
        row["ended_at"] = NEVER if heard_end is None else heard_end
    if rank_of(row, "gpus") < SLURM:
        row["gpus"] = row["node_gpus"] or None
    slurm = row["slurm_state"]
    if slurm in FINAL:
        state, source = slurm, FROM_SLURM
    elif heard_end is not None:
        state, source = _outcome(row), FROM_EVENTS
    else:
        state, source = (slurm, FROM_SLURM) if slurm else (RUNNING, FROM_EVENTS)
    ended = state in ENDED
    row["state"], row["state_source"] = state, source
    began_unheard = row["started_at"] < NEVER and not row["heard_start"]
    row["reconciled"] = bool(slurm) and (began_unheard or (ended and heard_end is None))
    row["unsettled"] = state in ACTIVE or source == FROM_EVENTS


def _outcome(row: Row) -> str:
    """Return what the hooks tell of an end. The rest is Slurm's to say.

    Slurm ends runs that it cancels, preempts, requeues, or whose time is over, with exit code 0 (job_mgr.c there).
    """
    if row["restart_known"] and row["restart_at_end"] == row["restart"] + 1:
        return REQUEUED
    if row["exit_code"] is None and row["exit_signal"] is None:
        return UNKNOWN
    if row["exit_signal"] == SIGNAL_OUT_OF_MEMORY:
        return OUT_OF_MEMORY
    return FAILED if row["exit_code"] or row["exit_signal"] else ENDED_SOMEHOW
