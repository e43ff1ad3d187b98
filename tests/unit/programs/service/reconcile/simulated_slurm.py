"""A model of a cluster: runs of jobs with their true times, what Slurm tells of them, and what hooks report."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from slurm_observability.jobs.event import EPILOG, FINISHED, PROLOG, STARTED, JobEvent
from slurm_observability.service.run import RunRecord
from slurm_observability.slurm.command import SlurmError

CLUSTER = "lab"


@dataclass(frozen=True)
class Life:
    """A run as it truly is. ``recorded`` is when accounting gets to know its end."""

    job_id: int
    restart: int
    start: int
    end: int
    state: str = "completed"
    exit_code: int = 0
    nodes: tuple[str, ...] = ("n1",)
    recorded: int = 0

    def event(self, node: str, kind: str) -> JobEvent:
        """What the hook of a node reports."""
        started = kind == STARTED
        return JobEvent(
            event_id=f"{node}-{self.job_id}-{self.restart}-{kind}",
            kind=kind,
            origin=PROLOG if started else EPILOG,
            time=float(self.start if started else self.end),
            job_id=self.job_id,
            cluster=CLUSTER,
            node=node,
            # At the end of a run that is requeued, slurmctld has counted the restart already.
            restart=self.restart + (self.state == "requeued" and not started),
            user="alice",
            nodes=",".join(self.nodes),
            node_count=len(self.nodes),
            exit_code=None if started else self.exit_code,
            exit_signal=None if started else 0,
        )

    def events(self) -> Iterator[JobEvent]:
        """All that its hooks report. A node that fails runs no Epilog."""
        for node in self.nodes:
            yield self.event(node, STARTED)
            if self.state != "node_fail":
                yield self.event(node, FINISHED)


@dataclass
class SimulatedSlurm:
    """A Scheduler at a moment. Without ``restarts`` accounting does not tell them, as before 24.11."""

    now: int
    lives: list[Life] = field(default_factory=list)
    restarts: bool = True
    queue_down: bool = False
    accounting_down: bool = False
    asked: list[str] = field(default_factory=list)
    rejected: int = 0

    def clock(self) -> float:
        return float(self.now)

    def cluster(self) -> str:
        return CLUSTER

    def active(self) -> Sequence[RunRecord]:
        self._ask("active", self.queue_down)
        return [_record(life, "running", life.restart) for life in self.lives if life.start <= self.now < life.end]

    def ended(self, since: int, until: int) -> Iterator[RunRecord]:
        self._ask(f"ended {since} {until}", self.accounting_down)
        for life in self.lives:
            if since <= life.end <= until and self._is_recorded(life):
                yield self._accounted(life)

    def known(self, job_ids: Sequence[int]) -> Sequence[RunRecord]:
        self._ask("known", self.accounting_down)
        return [self._accounted(life) for life in self.lives if life.job_id in job_ids and life.start <= self.now]

    def _ask(self, question: str, down: bool) -> None:
        self.asked.append(question)
        if down:
            raise SlurmError(f"{question}: Slurm did not answer within 30 seconds")

    def _is_recorded(self, life: Life) -> bool:
        return max(life.end, life.recorded) <= self.now

    def _accounted(self, life: Life) -> RunRecord:
        restart = life.restart if self.restarts else None
        return _record(life, life.state if self._is_recorded(life) else "running", restart)


def _record(life: Life, state: str, restart: int | None) -> RunRecord:
    ended = state not in ("running",)
    return RunRecord(
        cluster=CLUSTER,
        job_id=life.job_id,
        restart=restart,
        state=state,
        submit_time=life.start - 10,
        start_time=life.start,
        end_time=life.end if ended else None,
        user="alice",
        nodes=",".join(life.nodes),
        node_count=len(life.nodes),
        cpus=4,
        exit_code=life.exit_code if ended else None,
        exit_signal=0 if ended else None,
    )
