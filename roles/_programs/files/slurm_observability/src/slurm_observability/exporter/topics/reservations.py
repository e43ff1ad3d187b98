"""Reservations: what is set aside, and when."""

from __future__ import annotations

from collections.abc import Iterator

from ...metrics.metric import Family, Metric, scalar
from ...slurm.reservations import Reservations
from ..cap import Cap
from ..topic import Scene

NAME = "reservations"

_LABELS = ("reservation",)

COUNT = Metric("slurm_reservations", "Reservations that have not ended, those to come too.")
INFO = Metric(
    "slurm_reservation_info",
    "Always 1. The flags are Slurm's words, sorted, with a comma around each: ,MAINT,SPEC_NODES,",
    ("reservation", "partition", "flags"),
    query='slurm_reservation_active * on (reservation) group_left slurm_reservation_info{flags=~".*,MAINT,.*"}',
)
START = Metric(
    "slurm_reservation_start_timestamp_seconds",
    "When the reservation begins. That of a floating one (TIME_FLOAT) moves along.",
    _LABELS,
    query="slurm_reservation_start_timestamp_seconds - time() < 3600",
)
END = Metric("slurm_reservation_end_timestamp_seconds", "When the reservation ends.", _LABELS)
ACTIVE = Metric("slurm_reservation_active", "1 from the start to the end of the reservation, else 0.", _LABELS)
NODES = Metric("slurm_reservation_nodes", "Nodes of the reservation, those of which it has some cores too.", _LABELS)
CORES = Metric("slurm_reservation_cores", "Cores of the reservation.", _LABELS)
METRICS = (COUNT, INFO, START, END, ACTIVE, NODES, CORES)


def families(answer: Reservations, scene: Scene, cap: Cap) -> Iterator[Family]:
    """Yield all reservations; where they are too many, those that begin first."""
    first = cap.largest(INFO.name, {item.name: -(item.start or 0) for item in answer.reservations})
    items = [item for item in answer.reservations if item.name in first]
    yield scalar(COUNT, len(answer.reservations))
    yield Family(INFO, (((item.name, item.partition, _list(item.flags)), 1) for item in items))
    yield Family(START, (((item.name,), item.start) for item in items if item.start is not None))
    yield Family(END, (((item.name,), item.end) for item in items if item.end is not None))
    yield Family(ACTIVE, (((item.name,), item.active(scene.now)) for item in items))
    yield Family(NODES, (((item.name,), item.nodes) for item in items))
    yield Family(CORES, (((item.name,), item.cores) for item in items))


def _list(words: tuple[str, ...]) -> str:
    """Return the words with a comma around each, as service discovery does it, for ``.*,word,.*`` to find one."""
    return f",{','.join(words)}," if words else ""
