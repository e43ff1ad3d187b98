"""Read from slurmrestd which slurmctld answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..command import SlurmError
from ..controllers import Controller, Controllers
from .client import RestClient
from .values import text


def read_controllers(client: RestClient) -> Controllers:
    """Ask slurmrestd to ping every slurmctld. Raises SlurmError when it names none."""
    pings = [
        ping for ping in client.records("/ping", "pings") if isinstance(ping, Mapping) and text(ping.get("hostname"))
    ]
    if not pings:
        raise SlurmError("slurmrestd names no controller")
    return Controllers(
        tuple(
            Controller(text(ping["hostname"]), _role(place, len(pings)), _answered(ping))
            for place, ping in enumerate(pings)
        )
    )


def _role(place: int, controllers: int) -> str:
    """Return what scontrol calls the one at this place: newer versions tell only whether it is the primary."""
    if place == 0:
        return "primary"
    return "backup" if controllers == 2 else f"backup{place}"


def _answered(ping: Mapping[str, Any]) -> bool:
    """The name of the field has changed: ``ping`` before v0.0.40, ``responding`` since v0.0.42."""
    return any(ping.get(name) in ("UP", True) for name in ("responding", "pinged", "ping"))
