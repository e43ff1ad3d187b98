"""Read the partitions from slurmrestd: the same partitions as scontrol gives."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ..command import SlurmError
from ..partitions import Partition, Partitions
from .client import RestClient
from .values import number, text, words


def read_partitions(client: RestClient) -> Partitions:
    """Ask slurmrestd for all partitions.

    Raises SlurmError when slurmrestd fails, or when it lists partitions and none of them can be read.
    """
    partitions: dict[str, Partition] = {}
    rejected = 0
    for record in client.records("/partitions", "partitions"):
        partition = parse_partition(record)
        if partition is None or partition.name in partitions:
            rejected += 1
        else:
            partitions[partition.name] = partition
    if rejected and not partitions:
        raise SlurmError(f"slurmrestd listed {rejected} partitions, and none of them can be read")
    return Partitions(tuple(partitions.values()), rejected)


def parse_partition(record: Any) -> Partition | None:
    """Return the partition in a record, or None when it is none. Before v0.0.39 a record has no groups in it."""
    if not isinstance(record, Mapping):
        return None
    name = text(record.get("name"))
    state = words(_value(record, "partition", "state", "state"))
    if not name or not state:
        return None
    max_time = _seconds(_value(record, "maximums", "time", "max_time_limit"))
    default_time = _seconds(_value(record, "defaults", "time", "default_time_limit"))
    return Partition(
        name=name,
        state=state[0],
        max_time=math.inf if max_time is None else max_time,
        default_time=default_time or max_time or math.inf,
        priority_tier=number(_value(record, "priority", "tier", "priority_tier")) or 0,
        nodes=number(_value(record, "nodes", "total", "total_nodes")) or 0,
        cpus=number(_value(record, "cpus", "total", "total_cpus")) or 0,
        qos=text(_value(record, "qos", "assigned", "qos")),
        accounts=text(_value(record, "accounts", "allowed", "allowed_accounts")) or "ALL",
        groups=text(_value(record, "groups", "allowed", "allowed_groups")) or "ALL",
    )


def _value(record: Mapping[str, Any], group: str, name: str, alone: str) -> Any:
    """Return what is at ``group/name``, or what older versions have as ``alone``."""
    found = record.get(group)
    return found.get(name) if isinstance(found, Mapping) else record.get(alone)


def _seconds(minutes: Any) -> float | None:
    """Return a limit in seconds, None where there is none."""
    found = number(minutes)
    return None if found is None else found * 60.0
