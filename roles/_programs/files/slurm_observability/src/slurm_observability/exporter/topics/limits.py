"""Limits of QOS and associations, and how much of them is used."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from ...metrics.metric import Family, Metric
from ...slurm.limits import Limit, Limits
from ..cap import Cap
from ..topic import Scene

NAME = "limits"

_WHAT = (
    "limit is Slurm's word (GrpTRES, GrpJobs, MaxTRESPA ...), resource a TRES, jobs or wall. "
    "Memory in bytes, minutes as seconds."
)
_QOS_WHOSE = "Of all jobs of the QOS together, or with an account or username of those of that account or user."
_QOS = ("qos", "account", "username", "limit", "resource")
_ASSOCIATION_WHOSE = "Of an account with all below it, or with a username of that user in it."
_ASSOCIATION = ("account", "username", "partition", "limit", "resource")

QOS_LIMIT = Metric(
    "slurm_qos_limit",
    f"Limit of a QOS. {_QOS_WHOSE} {_WHAT} Absent where there is none.",
    _QOS,
    query='slurm_qos_usage / slurm_qos_limit{limit="GrpTRES",resource="gres/gpu"} > 0.95',
)
QOS_USAGE = Metric(
    "slurm_qos_usage",
    f"How much of the limit is used. {_QOS_WHOSE} {_WHAT} For all jobs also where there is no limit.",
    _QOS,
    query="slurm_qos_usage / slurm_qos_limit > 0.95",
)
ASSOCIATION_LIMIT = Metric(
    "slurm_association_limit",
    f"Limit of an association. {_ASSOCIATION_WHOSE} {_WHAT} Absent where there is none.",
    _ASSOCIATION,
    query="slurm_association_usage / slurm_association_limit > 0.95",
)
ASSOCIATION_USAGE = Metric(
    "slurm_association_usage",
    f"How much of the limit is used. {_ASSOCIATION_WHOSE} {_WHAT} For accounts also where there is no limit.",
    _ASSOCIATION,
    query='slurm_association_usage{username="",limit="GrpTRES",resource="gres/gpu"}',
)
METRICS = (QOS_LIMIT, QOS_USAGE, ASSOCIATION_LIMIT, ASSOCIATION_USAGE)

# What is worth seeing of a QOS or an account without a limit too. Other resources are measured, or weigh these.
_COUNTS = ("GrpJobs", "GrpSubmitJobs")
_NOT_ALLOCATED = frozenset({"billing", "energy", "fs/disk", "gres/gpumem", "gres/gpuutil", "pages", "vmem"})


class _Owned(NamedTuple):
    """Limits with the label values of their owner. ``user`` is empty unless they hold for one user."""

    labels: Sequence[str]
    user: str
    limits: Sequence[Limit]


def families(answer: Limits, scene: Scene, cap: Cap) -> Iterator[Family]:
    """Yield all limits and their use; those of users for the users with most jobs."""
    qos = [_Owned(item[:3], item.user, item.limits) for item in answer.qos]
    associations = [_Owned(item[:3], item.user, item.limits) for item in answer.associations]
    shown = cap.largest(QOS_LIMIT.name, _jobs_by_user([*qos, *associations])) | {""}
    qos = [owned for owned in qos if owned.user in shown]
    associations = [owned for owned in associations if owned.user in shown]
    yield Family(QOS_LIMIT, _limits(qos))
    yield Family(QOS_USAGE, _usage(qos))
    yield Family(ASSOCIATION_LIMIT, _limits(associations))
    yield Family(ASSOCIATION_USAGE, _usage(associations))


def _jobs_by_user(everyone: Iterable[_Owned]) -> dict[str, float]:
    jobs: dict[str, float] = {}
    for owned in everyone:
        if owned.user:
            used = (limit.used for limit in owned.limits if limit.resource == "jobs")
            jobs[owned.user] = max(jobs.get(owned.user, 0.0), *used, 0.0)
    return jobs


def _limits(everyone: Iterable[_Owned]) -> Iterator[tuple[Sequence[str], float]]:
    for owned in everyone:
        for limit in owned.limits:
            if limit.limit is not None:
                yield (*owned.labels, limit.name, limit.resource), limit.limit


def _usage(everyone: Iterable[_Owned]) -> Iterator[tuple[Sequence[str], float]]:
    for owned in everyone:
        for limit in owned.limits:
            if limit.limit is not None or (not owned.user and _counts_jobs(limit)):
                yield (*owned.labels, limit.name, limit.resource), limit.used


def _counts_jobs(limit: Limit) -> bool:
    return limit.name in _COUNTS or (limit.name == "GrpTRES" and limit.resource not in _NOT_ALLOCATED)
