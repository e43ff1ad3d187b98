"""Write summaries of runs into Slurm's AdminComment, where ``sacct --format=AdminComment`` shows them.

sacctmgr is the only way: scontrol refuses a job that has ended. Each call changes one job and goes to slurmdbd, which
has hung elsewhere when many jobs ended at once. So there is one caller, with pauses, and none while slurmdbd is away.
"""

from __future__ import annotations

import re
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from threading import Lock
from typing import NamedTuple

from ..metrics.metric import Family, Metric, scalar
from ..slurm.command import SlurmError, SlurmRunner
from . import states
from .metrics import PREFIX
from .reconcile.backoff import Backoff
from .run import Run, RunRecord
from .scheduler.scheduler import Scheduler
from .summary.summary import Summary

# What waits; beyond it the oldest are given up, for a comment is a convenience.
MAX_WAITING = 5000
# How many runs are looked up at a time before they are written, and written at most per second.
BATCH = 20
PER_SECOND = 5.0

# What sacctmgr says where slurmdbd works and does not know the job.
_NO_SUCH_JOB = re.compile(r"didn't affect anything|Data has not changed|Nothing modified")

WRITTEN, GIVEN_UP, OTHER_RUN, NO_JOB = "written", "given_up", "other_run", "no_job"
OUTCOMES = (WRITTEN, GIVEN_UP, OTHER_RUN, NO_JOB)

COMMENTS = Metric(
    f"{PREFIX}_admin_comments_total",
    "Summaries that were written to AdminComment; given up because too many waited; not written because the job had "
    "another run by then; or because slurmdbd has no such job.",
    ("outcome",),
    "counter",
    f'increase({PREFIX}_admin_comments_total{{outcome="given_up"}}[1h]) > 0',
)
WAITING = Metric(
    f"{PREFIX}_admin_comments_waiting",
    "Summaries that wait to be written to AdminComment.",
    query=f"{PREFIX}_admin_comments_waiting > 1000",
)
METRICS = (COMMENTS, WAITING)


class _Comment(NamedTuple):
    run: Run
    text: str


class AdminComments:
    """Takes summaries from any thread with :meth:`add`; :meth:`run` writes them, and is called by one thread."""

    def __init__(
        self,
        runner: SlurmRunner,
        scheduler: Scheduler,
        uptime: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._runner = runner
        self._scheduler = scheduler
        self._backoff = Backoff(uptime)
        self._sleep = sleep
        self._lock = Lock()
        self._waiting: deque[_Comment] = deque()
        self._outcomes = Counter(dict.fromkeys(OUTCOMES, 0))

    def add(self, run: Run, summary: Summary) -> None:
        """Let the summary of a run be written. Of a run whose job goes on in another, there is no place for one."""
        if run.state_source != states.FROM_SLURM or run.state == states.REQUEUED or run.started_at is None:
            return
        with self._lock:
            if len(self._waiting) >= MAX_WAITING:
                self._waiting.popleft()
                self._outcomes[GIVEN_UP] += 1
            self._waiting.append(_Comment(run, comment(run, summary)))

    def run(self) -> None:
        """Write some of what waits. Raises SlurmError; what was not written waits on."""
        with self._lock:
            batch = [self._waiting[place] for place in range(min(BATCH, len(self._waiting)))]
        if not batch:
            return
        with self._backoff.question():
            newest = _newest(self._scheduler.known(sorted({each.run.job_id for each in batch})))
            for each in batch:
                self._done(each, self._write(each, newest.get(each.run.job_id)))

    def families(self) -> Iterator[Family]:
        """Yield what became of the comments."""
        with self._lock:
            outcomes, waiting = dict(self._outcomes), len(self._waiting)
        yield Family(COMMENTS, [((outcome,), count) for outcome, count in outcomes.items()])
        yield scalar(WAITING, waiting)

    def _write(self, comment: _Comment, newest: RunRecord | None) -> str:
        """Write one, if its run is still the last one of its job: it is the only one that sacctmgr changes."""
        if newest is None or newest.start_time != int(comment.run.started_at or 0) or newest.end_time is None:
            return OTHER_RUN
        self._sleep(1 / PER_SECOND)
        command = ("sacctmgr", "--immediate", "modify", "job", "where", f"jobid={_name(newest)}")
        try:
            for _lines in self._runner.lines((*command, "set", f"AdminComment={comment.text}")):
                pass
        except SlurmError as error:
            if _NO_SUCH_JOB.search(str(error)) is None:
                raise
            return NO_JOB
        return WRITTEN

    def _done(self, comment: _Comment, outcome: str) -> None:
        with self._lock:
            self._outcomes[outcome] += 1
            if self._waiting and self._waiting[0] is comment:  # else it was given up in the meantime
                self._waiting.popleft()


def comment(run: Run, summary: Summary) -> str:
    """Return a summary as ``key=value`` words, which need no quotes: sacctmgr turns these into backticks.

    Numbers and the name of the run, nothing that a user has typed; what is not known is left out.
    """
    values = {
        "run": run.id,
        "elapsed_seconds": summary.elapsed_seconds,
        "cpu_efficiency": summary.cpu.efficiency,
        "memory_efficiency": summary.memory.efficiency,
        "memory_peak_bytes": summary.memory.peak_bytes,
        "oom_kills": summary.memory.oom_kills,
        "gpu_efficiency": summary.gpu.efficiency,
        "gpus_idle": None if summary.gpu.busy_seconds is None else len(summary.gpu.idle),
        "gpu_joules": summary.energy.gpu_joules,
    }
    return " ".join(f"{name}={_shown(value)}" for name, value in values.items() if value is not None)


def _shown(value: object) -> str:
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def _newest(records: Sequence[RunRecord]) -> dict[int, RunRecord]:
    """Return the last run of each job."""
    ordered = sorted(records, key=lambda record: record.submit_time or 0)
    return {record.job_id: record for record in ordered}


def _name(record: RunRecord) -> str:
    """Return what sacctmgr knows the run by: the bare number of an array's last task means all of its tasks."""
    if record.array_task_id is not None:
        return f"{record.array_job_id}_{record.array_task_id}"
    if record.het_job_offset is not None:
        return f"{record.het_job_id}+{record.het_job_offset}"
    return str(record.job_id)
