"""Fair shares: what each account and user was promised, has used, and is therefore worth to the scheduler."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ...metrics.metric import Family, Metric
from ...slurm.fairshare import Association, FairShares
from ..cap import Cap
from ..topic import Scene

NAME = "fairshare"

_LABELS = ("account", "username", "partition")
_WHOSE = "Of a user in an account; without a username, of the account itself."

# The numbers of sshare, in its order.
VALUES: dict[Metric, Callable[[Association], float | None]] = {
    Metric(
        "slurm_association_raw_shares",
        f"Shares as they were assigned. {_WHOSE} Absent where those of the parent are used.",
        _LABELS,
    ): lambda item: item.raw_shares,
    Metric(
        "slurm_association_norm_shares",
        f"Shares as part of those of all siblings, or with the classic algorithm of the cluster. {_WHOSE}",
        _LABELS,
    ): lambda item: item.norm_shares,
    Metric(
        "slurm_association_raw_usage_seconds",
        f"Usage in TRES-seconds, weighted as for billing; old usage fades (PriorityDecayHalfLife). {_WHOSE}",
        _LABELS,
        query='topk(10, slurm_association_raw_usage_seconds{username!=""})',
    ): lambda item: item.raw_usage,
    Metric(
        "slurm_association_norm_usage",
        f"Usage as part of that of the cluster. {_WHOSE}",
        _LABELS,
    ): lambda item: item.norm_usage,
    Metric(
        "slurm_association_effective_usage",
        f"Usage as the fair-share algorithm sees it, as part of that of all siblings or of the cluster. {_WHOSE}",
        _LABELS,
        query='slurm_association_effective_usage{username=""} / slurm_association_norm_shares{username=""}',
    ): lambda item: item.effective_usage,
    Metric(
        "slurm_association_fairshare",
        "Fair-share factor of a user in an account, from 0 (used too much) to 1. With the classic algorithm also of an "
        "account itself.",
        _LABELS,
        query="bottomk(10, slurm_association_fairshare)",
    ): lambda item: item.fairshare,
    Metric(
        "slurm_association_level_fairshare",
        f"Shares divided by usage among siblings: below 1 more was used than promised. {_WHOSE} "
        "Absent with the classic algorithm.",
        _LABELS,
    ): lambda item: item.level_fairshare,
}
METRICS = tuple(VALUES)


def families(answer: FairShares, scene: Scene, cap: Cap) -> Iterator[Family]:
    """Yield the numbers of all accounts and of the users that used most; a number that Slurm leaves out is absent."""
    usage: dict[str, float] = {}
    for item in answer.associations:
        if item.user:
            usage[item.user] = usage.get(item.user, 0) + (item.raw_usage or 0)
    shown = cap.largest(METRICS[0].name, usage)
    associations = [item for item in answer.associations if not item.user or item.user in shown]
    for metric, value in VALUES.items():
        values = ((item[:3], value(item)) for item in associations)
        yield Family(metric, [(labels, number) for labels, number in values if number is not None])
