"""A run of a job as the service knows it, and what Slurm says of one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class RunRecord:
    """What Slurm says of a run: a row of the accounting database, or a job in slurmctld's memory.

    Times are seconds since 1970, None where there is none yet. ``state`` is one of states.STATES. ``restart`` is None
    where this Slurm does not say. ``reason`` is why it waits, or ended. ``energy_joules`` is None where the
    cluster does not gather it.
    """

    cluster: str
    job_id: int
    state: str
    restart: int | None = None
    submit_time: int | None = None
    eligible_time: int | None = None
    start_time: int | None = None
    end_time: int | None = None
    time_limit: int | None = None
    array_job_id: int | None = None
    array_task_id: int | None = None
    het_job_id: int | None = None
    het_job_offset: int | None = None
    sluid: str = ""
    name: str = ""
    user: str = ""
    uid: int | None = None
    account: str = ""
    partition: str = ""
    qos: str = ""
    nodes: str = ""
    node_count: int | None = None
    cpus: int | None = None
    gpus: int | None = None
    memory_bytes: int | None = None
    exit_code: int | None = None
    exit_signal: int | None = None
    derived_exit_code: int | None = None
    reason: str = ""
    energy_joules: float | None = None


@dataclass(frozen=True, kw_only=True)
class OpenRun:
    """As much of a run whose end Slurm has not confirmed as it takes to ask for it."""

    key: int
    cluster: str
    job_id: int
    restart: int
    sluid: str
    state: str


@dataclass(frozen=True, kw_only=True)
class RunNode:
    """A run on one of its nodes. ``gpus`` are the indices that Slurm gave it there."""

    node: str
    started_at: float | None = None
    ended_at: float | None = None
    gpus: tuple[str, ...] = ()
    exit_code: int | None = None
    exit_signal: int | None = None


@dataclass(frozen=True, kw_only=True)
class SlurmUsage:
    """What Slurm itself measured of a run until ``time``. ``source`` is sstat while it runs, sacct when it has ended.

    ``cpu_seconds`` is that of sstat for steps that run now, of sacct for all. ``memory_bytes`` is that of the step that
    used most, all its tasks together, each at its peak.
    """

    source: str
    time: float
    cpu_seconds: float | None = None
    memory_bytes: int | None = None


@dataclass(frozen=True, kw_only=True)
class Run:
    """One run of a job. ``id`` is its name (jobs.run_id); ``key`` the database's own number, which never changes.

    ``state_source`` says who said the state (states.FROM_EVENTS, FROM_SLURM). ``reported`` is whether an event of it
    arrived, ``reconciled`` whether Slurm had to be asked for its beginning or its end. ``on_nodes`` is filled where a
    single run is asked for. ``summary`` is None until the run has ended and was summarised, ``slurm_usage`` where Slurm
    has measured nothing.
    """

    key: int
    id: str
    cluster: str
    job_id: int
    restart: int = 0
    era: int = 0
    state: str
    state_source: str
    reported: bool = False
    reconciled: bool = False
    array_job_id: int | None = None
    array_task_id: int | None = None
    het_job_id: int | None = None
    het_job_offset: int | None = None
    sluid: str = ""
    name: str = ""
    user: str = ""
    uid: int | None = None
    account: str = ""
    partition: str = ""
    qos: str = ""
    nodes: str = ""
    node_count: int | None = None
    cpus: int | None = None
    gpus: int | None = None
    memory_bytes: int | None = None
    time_limit: int | None = None
    submitted_at: float | None = None
    eligible_at: float | None = None
    started_at: float | None = None
    ended_at: float | None = None
    exit_code: int | None = None
    exit_signal: int | None = None
    derived_exit_code: int | None = None
    reason: str = ""
    energy_joules: float | None = None
    on_nodes: tuple[RunNode, ...] = ()
    slurm_usage: SlurmUsage | None = None
    summary: dict[str, Any] | None = field(default=None)
