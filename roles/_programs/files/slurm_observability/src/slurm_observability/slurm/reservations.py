"""Read the reservations: one scontrol, what is set aside for whom, and when."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from .command import SlurmError, SlurmRunner
from .printed import decode, epoch

# --all: also those of partitions that are hidden from the asking user.
SCONTROL_RESERVATIONS = ("scontrol", "--all", "--oneliner", "show", "reservations")

# What scontrol prints, with exit status 0, where there is no reservation.
NO_RESERVATIONS = b"No reservations in the system"

# Operators type the name, which may hold blanks, and the features, users and comment, of which none is read.
_LINE = re.compile(
    rb"ReservationName=(.+?) StartTime=(\S+) EndTime=(\S+) Duration=\S+ Nodes=\S* NodeCnt=(\d{1,10}) CoreCnt=(\d{1,10})"
    rb" Features=.*? PartitionName=(\S+) Flags=(\S*) .*"
)


class Reservation(NamedTuple):
    """A reservation. Times in seconds since 1970, None where Slurm has none. ``flags`` are Slurm's words."""

    name: str
    partition: str
    flags: tuple[str, ...]
    start: int | None
    end: int | None
    nodes: int
    cores: int

    def active(self, now: float) -> bool:
        """True when the reservation holds at the time ``now``, in seconds since 1970, as scontrol decides it too."""
        return self.start is not None and self.end is not None and self.start <= now <= self.end


@dataclass(frozen=True)
class Reservations:
    """All reservations that have not ended."""

    reservations: tuple[Reservation, ...] = ()
    rejected_lines: int = 0


def read_reservations(runner: SlurmRunner) -> Reservations:
    """Run scontrol. Raises SlurmError when it fails, prints nothing, or prints lines of which none is a reservation."""
    return parse_reservations(line for chunk in runner.lines(SCONTROL_RESERVATIONS) for line in chunk)


def parse_reservations(lines: Iterable[bytes]) -> Reservations:
    """Return the reservations in scontrol's lines.

    A line that is none, or a second one of the same name, is rejected. A line that does not begin with
    ``ReservationName=`` is the rest of a comment with a line break in it, and is passed over.
    """
    found: dict[str, Reservation] = {}
    rejected = 0
    empty = False
    for line in lines:
        if not line.startswith(b"ReservationName="):
            empty = empty or line == NO_RESERVATIONS
            continue
        item = parse_reservation(line)
        if item is None or item.name in found:
            rejected += 1
        else:
            found[item.name] = item
    if not found and not empty:
        raise SlurmError(f"scontrol listed no reservation that can be read ({rejected} lines rejected)")
    return Reservations(tuple(found.values()), rejected)


def parse_reservation(line: bytes) -> Reservation | None:
    """Return the reservation in one line of ``scontrol --oneliner show reservations``, or None when it is not one."""
    match = _LINE.fullmatch(line)
    if match is None:
        return None
    name, start, end, nodes, cores, partition, flags = match.groups()
    return Reservation(
        name=decode(name),
        partition="" if partition == b"(null)" else decode(partition),
        flags=tuple(sorted(filter(None, decode(flags).split(",")))),
        start=epoch(start),
        end=epoch(end),
        nodes=int(nodes),
        cores=int(cores),
    )
