"""Which run is meant: job ids are used again, after a requeue at once, and after MaxJobId from the beginning."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from ...jobs.event import CGROUP, FINISHED, STARTED, JobEvent
from ...jobs.sample import JobSample
from ...slurm.hostlist import node_names
from ..run import RunRecord
from ..states import FINAL, REQUEUED
from .draft import Draft, Row
from .facts import is_exact
from .merge import node_of
from .tables import NEVER

# How far apart two runs of one job id are. Where the count of restarts tells runs apart, only a job id that is used
# again is left to be found; where it does not, a requeued job begins a minute after its end at the earliest.
REUSED_SECONDS = 3600.0
REQUEUED_SECONDS = 60.0
# How far apart the ends of one run are that its nodes and slurmctld tell: a node ends its processes before its Epilog.
ENDS_SECONDS = 600.0


class Mention(NamedTuple):
    """What something says of the run that it is about.

    ``began`` is Slurm's own word for the begin. ``start`` is a time at which the run had begun, and was not begun much
    earlier where it is a start that is reported. ``end`` is a time at which it was not yet to begin. ``ended`` is
    Slurm's own word for the end. ``or_before`` is whether it may also be of the run before that restart. ``node`` is
    the one that saw it.
    """

    restart: int | None
    sluid: str
    began: float | None = None
    start: float | None = None
    end: float | None = None
    ended: float | None = None
    or_before: bool = False
    node: str = ""


def of_event(event: JobEvent) -> Mention:
    """Return what an event says of its run.

    Where a job is requeued, slurmctld counts the restart before it starts the hooks of the end (job_mgr.c there): all
    that they tell is of the run that ended, but for this number. The next run's own end has the same one.
    """
    start = event.time if event.kind == STARTED else None
    start = start if event.start_time is None else event.start_time
    or_before = bool(event.restart) and event.kind == FINISHED and event.origin != CGROUP
    return Mention(
        event.restart, event.sluid, event.start_time, start, event.time, or_before=or_before, node=node_of(event)
    )


def of_record(record: RunRecord) -> Mention:
    """Return what Slurm says of a run.

    Accounting has the number of the next run for one that was requeued within seconds of its begin.
    """
    ended = record.end_time if record.state in FINAL else None
    or_before = bool(record.restart) and record.state == REQUEUED
    return Mention(record.restart, record.sluid, record.start_time, record.start_time, ended, ended, or_before)


def of_sample(sample: JobSample) -> Mention:
    """Return what a sample says of its run."""
    return Mention(sample.restart, sample.sluid, None, sample.start_time, sample.time)


def find(drafts: Iterable[Draft], mention: Mention) -> Draft | None:
    """Return the run that is meant, out of those with the same cluster and job id; None where it is another one.

    The newest that fits; before it one whose restart is known to be the same, and before that one that began then, to
    the second or about then. Of those whose begin is not known, the one whose end is the nearest.
    """
    fitting = [draft for draft in drafts if _fits(draft, mention)]
    return max(
        fitting,
        key=lambda draft: (
            mention.began == draft.row["started_at"] and is_exact(draft.row, "started_at"),
            _began_then(draft.row, mention),
            draft.row["restart_known"] and mention.restart is not None,
            draft.row["restart_known"] and mention.restart == draft.row["restart"],
            draft.row["started_at"],
            -abs(end_of(draft.row) - (mention.end or NEVER)),
            draft.row["key"],
        ),
        default=None,
    )


def end_of(row: Row) -> float:
    """Return when a run ended, or its first nodes did."""
    on_nodes = row["nodes_ended_at"]
    return float(row["ended_at"] if on_nodes is None else min(row["ended_at"], on_nodes))


def _began_then(row: Row, mention: Mention) -> bool:
    """Return whether a run began about when Slurm says that the one that is meant did: most runs are further apart."""
    return mention.began is not None and abs(mention.began - row["started_at"]) < REQUEUED_SECONDS


def _fits(draft: Draft, mention: Mention) -> bool:
    row = draft.row
    same_restart = mention.restart is not None and row["restart_known"]
    is_before = same_restart and mention.or_before and mention.restart == row["restart"] + 1
    if same_restart and mention.restart != row["restart"] and not is_before:
        return False
    if mention.sluid and row["sluid"]:
        return bool(mention.sluid == row["sluid"])
    gap = REUSED_SECONDS if same_restart and not mention.or_before else REQUEUED_SECONDS
    late = ENDS_SECONDS if _lacks_end(draft, mention.node) else gap
    begin, end = row["started_at"], row["ended_at"]
    if not same_restart:
        end = end_of(row)  # no run begins anew while an older one is still ending
    if mention.or_before and mention.began is None and begin == NEVER and row["nodes_ended_at"] is not None:
        return bool(abs((mention.end or 0.0) - row["nodes_ended_at"]) <= late)
    if is_before and not _may_end(row, mention, end + late):
        return False
    if (
        mention.or_before
        and mention.ended is not None
        and mention.ended < begin < NEVER
        and is_exact(row, "started_at")
    ):
        return False  # it is of the run before
    if mention.began is not None and is_exact(row, "started_at") and abs(mention.began - begin) > REUSED_SECONDS:
        return False
    if mention.start is not None and mention.start > end + gap:
        return False
    if mention.end is not None and begin < NEVER and begin > mention.end + gap:
        return False
    # Two ends: Slurm's own word for both, or those of a run of which nothing else is known.
    told = row["slurm_state"] in FINAL or begin == NEVER
    both_ended = not same_restart and mention.ended is not None and told and end < NEVER
    return not (both_ended and abs((mention.ended or 0.0) - end) > gap)


def _may_end(row: Row, mention: Mention, latest: float) -> bool:
    """Return whether an end that says the next restart may be that of this run. It is over by ``latest``."""
    if mention.began is None:  # hooks before 23.02
        return mention.end is None or mention.end <= latest
    # Slurm's own word for the begin moves while nodes boot. Once the run was seen it does not.
    seen = row["on_node_at"] if is_exact(row, "started_at") else row["started_at"]
    return seen is None or mention.began <= seen + REQUEUED_SECONDS


def _lacks_end(draft: Draft, node: str) -> bool:
    """Return whether a node of the run, or the controller, has not told its end yet."""
    if not node:
        return draft.row["controller_ended_at"] is None
    names = node_names(draft.row["nodes"])
    told = draft.nodes.get(node)
    return (not names or node in names) and (told is None or told["ended_at"] is None)
