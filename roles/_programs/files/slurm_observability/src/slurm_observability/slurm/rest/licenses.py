"""Read the licenses from slurmrestd: the same licenses as scontrol gives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..command import SlurmError
from ..licenses import License, Licenses
from .client import RestClient
from .values import number, text


def read_licenses(client: RestClient) -> Licenses:
    """Ask slurmrestd. Raises SlurmError when it fails, or when it lists licenses and none of them can be read."""
    found: dict[tuple[str, str], License] = {}
    rejected = 0
    for record in client.records("/licenses", "licenses"):
        item = parse_license(record)
        if item is None or item[:2] in found:
            rejected += 1
        else:
            found[item[:2]] = item
    if rejected and not found:
        raise SlurmError(f"slurmrestd listed {rejected} licenses, and none of them can be read")
    return Licenses(tuple(found.values()), rejected)


def parse_license(record: Any) -> License | None:
    """Return the license in a record, or None when it is none."""
    if not isinstance(record, Mapping):
        return None
    name = text(record.get("LicenseName"))
    total, used, free = (number(record.get(key)) for key in ("Total", "Used", "Free"))
    if not name or total is None or used is None or free is None:
        return None
    return License(
        name=name,
        nodes=text(record.get("Nodes")),
        total=total,
        used=used,
        free=free,
        reserved=number(record.get("Reserved")) or 0,
        remote=bool(record.get("Remote")),
    )
