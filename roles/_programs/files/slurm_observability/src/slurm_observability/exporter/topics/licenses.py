"""Licenses: how many there are, and how many are left."""

from __future__ import annotations

from collections.abc import Iterator

from ...metrics.metric import Family, Metric
from ...slurm.licenses import Licenses
from ..cap import Cap
from ..topic import Scene

NAME = "licenses"

_LABELS = ("license", "nodes")
_WHERE = "The label nodes is empty where they can be used on all nodes."

TOTAL = Metric("slurm_licenses", f"Licenses of the kind that Slurm may give to jobs. {_WHERE}", _LABELS)
USED = Metric(
    "slurm_licenses_used", f"Licenses that jobs hold. {_WHERE}", _LABELS, query="slurm_licenses_used / slurm_licenses"
)
FREE = Metric("slurm_licenses_free", f"Licenses that no job holds. {_WHERE}", _LABELS, query="slurm_licenses_free == 0")
RESERVED = Metric("slurm_licenses_reserved", f"Licenses that reservations set aside. {_WHERE}", _LABELS)
REMOTE = Metric("slurm_license_remote", "1 when slurmdbd shares the licenses out among clusters, else 0.", _LABELS)
METRICS = (TOTAL, USED, FREE, RESERVED, REMOTE)


def families(answer: Licenses, scene: Scene, cap: Cap) -> Iterator[Family]:
    """Yield all licenses; where they are too many, those of which jobs hold most."""
    used: dict[str, float] = {}
    for item in answer.licenses:
        used[item.name] = used.get(item.name, 0) + item.used
    shown = cap.largest(TOTAL.name, used)
    items = [item for item in answer.licenses if item.name in shown]
    yield Family(TOTAL, ((item[:2], item.total) for item in items))
    yield Family(USED, ((item[:2], item.used) for item in items))
    yield Family(FREE, ((item[:2], item.free) for item in items))
    yield Family(RESERVED, ((item[:2], item.reserved) for item in items))
    yield Family(REMOTE, ((item[:2], item.remote) for item in items))
