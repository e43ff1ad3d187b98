"""Read the partitions: what slurm.conf and administrators say of each, not what its nodes and jobs do."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from .command import SlurmError, SlurmRunner

SCONTROL_PARTITIONS = ("scontrol", "--all", "--oneliner", "show", "partitions")

# What scontrol prints, with exit status 0, when slurmctld shows it no partition at all.
NO_PARTITIONS = b"No partitions in the system"

STATES = ("UP", "DOWN", "DRAIN", "INACTIVE")

_DURATION = re.compile(r"(?:(\d{1,6})-)?(\d{1,2}):(\d{2}):(\d{2})", re.ASCII)
_COUNT = re.compile(r"\d{1,18}", re.ASCII)


class Partition(NamedTuple):
    """One partition. Times in seconds, infinite where there is no limit; lists of those who may use it are Slurm's.

    ``default_time`` is that of a job which does not ask for a time: ``max_time`` where the partition has none.
    ``nodes`` and ``cpus`` are all that belong to it, FUTURE nodes too.
    """

    name: str
    state: str
    max_time: float
    default_time: float
    priority_tier: int
    nodes: int
    cpus: int
    qos: str = ""
    accounts: str = "ALL"
    groups: str = "ALL"


@dataclass(frozen=True)
class Partitions:
    """All partitions, hidden ones too, in Slurm's order."""

    partitions: tuple[Partition, ...]
    rejected_lines: int = 0


def read_partitions(runner: SlurmRunner) -> Partitions:
    """Run scontrol and return the partitions.

    Raises SlurmError when scontrol fails, prints nothing, or prints lines of which none is a partition.
    """
    return parse_partitions(line for chunk in runner.lines(SCONTROL_PARTITIONS) for line in chunk)


def parse_partitions(lines: Iterable[bytes]) -> Partitions:
    """Return the partitions in scontrol's lines. A line that is none is counted as rejected."""
    partitions: dict[str, Partition] = {}
    rejected = 0
    empty = False
    for line in lines:
        if line.startswith(NO_PARTITIONS):
            empty = True
        elif line:
            partition = parse_partition(line)
            if partition is None or partition.name in partitions:
                rejected += 1
            else:
                partitions[partition.name] = partition
    if not partitions and not empty:
        raise SlurmError(f"scontrol listed no partition that can be read ({rejected} lines rejected)")
    return Partitions(tuple(partitions.values()), rejected)


def parse_partition(line: bytes) -> Partition | None:
    """Return the partition in one line of ``scontrol --oneliner show partitions``, or None when it is not one."""
    words = (word.partition("=") for word in line.decode("utf-8", "replace").split())
    field = {name: value for name, equals, value in words if equals}
    numbers = [_number(field.get(name, "")) for name in ("PriorityTier", "TotalNodes", "TotalCPUs")]
    max_time = _limit(field.get("MaxTime", ""))
    if not field.get("PartitionName") or not field.get("State") or max_time is None or None in numbers:
        return None
    tier, nodes, cpus = (number or 0 for number in numbers)
    default_time = _limit(field.get("DefaultTime", ""))
    qos = field.get("QoS", "")
    return Partition(
        name=field["PartitionName"],
        state=field["State"],
        max_time=max_time,
        default_time=max_time if default_time is None else default_time,
        priority_tier=tier,
        nodes=nodes,
        cpus=cpus,
        qos="" if qos == "N/A" else qos,
        accounts=field.get("AllowAccounts", "ALL"),
        groups=field.get("AllowGroups", "ALL"),
    )


def _limit(text: str) -> float | None:
    """Return the seconds in ``1-00:00:00`` or ``01:00:00``, None for NONE."""
    if text == "UNLIMITED":
        return math.inf
    match = _DURATION.fullmatch(text)
    if match is None:
        return None
    days, hours, minutes, seconds = (int(group or 0) for group in match.groups())
    return float(((days * 24 + hours) * 60 + minutes) * 60 + seconds)


def _number(text: str) -> int | None:
    return int(text) if _COUNT.fullmatch(text) else None
