"""Events and records of runs, in few words."""

from __future__ import annotations

from typing import Any

from slurm_observability.jobs.event import (
    EPILOG,
    EPILOG_SLURMCTLD,
    FINISHED,
    PROLOG,
    PROLOG_SLURMCTLD,
    STARTED,
    JobEvent,
)
from slurm_observability.jobs.sample import JobSample
from slurm_observability.service.run import RunRecord


def prolog(job_id: int, node: str, time: float, **more: Any) -> JobEvent:
    return _event(job_id, STARTED, PROLOG, time, node=node, **more)


def epilog(job_id: int, node: str, time: float, **more: Any) -> JobEvent:
    return _event(job_id, FINISHED, EPILOG, time, node=node, **more)


def prolog_slurmctld(job_id: int, time: float, **more: Any) -> JobEvent:
    return _event(job_id, STARTED, PROLOG_SLURMCTLD, time, **more)


def epilog_slurmctld(job_id: int, time: float, **more: Any) -> JobEvent:
    return _event(job_id, FINISHED, EPILOG_SLURMCTLD, time, **more)


def _event(job_id: int, kind: str, origin: str, time: float, **more: Any) -> JobEvent:
    event_id = f"{more.get('node', 'controller')}-{job_id}-{kind}-{time}-{more.get('restart')}"
    values = {"event_id": event_id, "cluster": "lab", "restart": 0, **more}
    return JobEvent(job_id=job_id, kind=kind, origin=origin, time=time, **values)


def record(job_id: int, state: str, **more: Any) -> RunRecord:
    return RunRecord(**{"cluster": "lab", "job_id": job_id, "state": state, "restart": 0, **more})


def sample(job_id: int, node: str, time: float, **more: Any) -> JobSample:
    return JobSample(**{"cluster": "lab", "job_id": job_id, "node": node, "time": time, "restart": 0, **more})
