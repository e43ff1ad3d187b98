"""The controllers: which slurmctld answer."""

from __future__ import annotations

from collections.abc import Iterator

from ...metrics.metric import Family, Metric
from ...slurm.controllers import Controllers
from ..topic import Scene

NAME = "controllers"

CONTROLLER_UP = Metric(
    "slurm_controller_up",
    "1 when the slurmctld answers this host's ping, else 0. One that is only a standby answers too.",
    ("controller", "role"),
    query='slurm_controller_up{role="primary"} == 0',
)

METRICS = (CONTROLLER_UP,)


def families(answer: Controllers, scene: Scene) -> Iterator[Family]:
    """Yield which controllers answer."""
    yield Family(CONTROLLER_UP, [((each.name, each.role), each.up) for each in answer.controllers])
