"""Read the reservations from slurmrestd: the same reservations as scontrol gives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..command import SlurmError
from ..reservations import Reservation, Reservations
from .client import RestClient
from .values import number, text, time_of, words


def read_reservations(client: RestClient) -> Reservations:
    """Ask slurmrestd. Raises SlurmError when it fails, or when it lists reservations of which none can be read."""
    found: dict[str, Reservation] = {}
    rejected = 0
    for record in client.records("/reservations", "reservations"):
        item = parse_reservation(record)
        if item is None or item.name in found:
            rejected += 1
        else:
            found[item.name] = item
    if rejected and not found:
        raise SlurmError(f"slurmrestd listed {rejected} reservations, and none of them can be read")
    return Reservations(tuple(found.values()), rejected)


def parse_reservation(record: Any) -> Reservation | None:
    """Return the reservation in a record, or None when it is none."""
    if not isinstance(record, Mapping) or not text(record.get("name")):
        return None
    return Reservation(
        name=text(record.get("name")),
        partition=text(record.get("partition")),
        flags=tuple(sorted(words(record.get("flags")))),
        start=time_of(record.get("start_time")),
        end=time_of(record.get("end_time")),
        nodes=number(record.get("node_count")) or 0,
        cores=number(record.get("core_count")) or 0,
    )
