"""An instance of a fleet, as dstack's API describes it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

# dstack's words for the health of a host, in the order of their weight.
HEALTH = ("healthy", "warning", "failure")
# Such an instance is gone. Its record stays for a moment.
TERMINATED = "terminated"


@dataclass(frozen=True)
class Instance:
    """What the metrics show of an instance. None stands for what the server does not say: older ones say less.

    ``health`` counts in HEALTH. A block is what a job can get of an instance: all of it, or a part with some GPUs.
    """

    project: str
    fleet: str
    name: str
    identifier: str
    status: str
    backend: str
    hostname: str
    health: int | None
    unreachable: int | None
    busy_blocks: int | None
    total_blocks: int | None


def instances_of(fleet: dict[str, Any]) -> Iterator[Instance]:
    """Yield the instances of a fleet that exist. Raises KeyError and others when this is no fleet of dstack's."""
    for record in fleet["instances"]:
        if record["status"] != TERMINATED:
            health = record.get("health_status")
            yield Instance(
                project=str(fleet["project_name"]),
                fleet=str(fleet["name"]),
                name=str(record["name"]),
                identifier=str(record["id"]),
                status=str(record["status"]),
                backend=str(record.get("backend") or ""),
                hostname=str(record.get("hostname") or ""),
                health=HEALTH.index(health) if health in HEALTH else None,
                unreachable=_whole(record.get("unreachable")),
                busy_blocks=_whole(record.get("busy_blocks")),
                total_blocks=_whole(record.get("total_blocks")),
            )


def _whole(value: object) -> int | None:
    return int(value) if isinstance(value, int) else None
