"""Read the licenses: one scontrol, how many there are of each and who holds them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from .command import SlurmError, SlurmRunner
from .printed import decode

SCONTROL_LICENSES = ("scontrol", "--oneliner", "show", "licenses")

# What scontrol prints, with exit status 0, where there is no license.
NO_LICENSES = b"No licenses configured in Slurm."

_LINE = re.compile(
    rb"LicenseName=(.+?) Total=(\d{1,10}) Used=(\d{1,10}) Free=(\d{1,10}) Reserved=(\d{1,10}) Remote=(yes|no)"
    rb"(?: Nodes=(\S*) Mode=\d+)?(?: .*)?"
)


class License(NamedTuple):
    """A license. ``nodes`` are those on which it can be used, in Slurm's notation; empty for all."""

    name: str
    nodes: str
    total: int
    used: int
    free: int
    reserved: int
    remote: bool


@dataclass(frozen=True)
class Licenses:
    """All licenses that slurmctld manages, in Slurm's order."""

    licenses: tuple[License, ...] = ()
    rejected_lines: int = 0


def read_licenses(runner: SlurmRunner) -> Licenses:
    """Run scontrol. Raises SlurmError when it fails, prints nothing, or prints lines of which none is a license."""
    return parse_licenses(line for chunk in runner.lines(SCONTROL_LICENSES) for line in chunk)


def parse_licenses(lines: Iterable[bytes]) -> Licenses:
    """Return the licenses in scontrol's lines. A line that is none, or a second one of the same, is rejected."""
    found: dict[tuple[str, str], License] = {}
    rejected = 0
    empty = False
    for line in filter(None, lines):
        if line == NO_LICENSES:
            empty = True
            continue
        item = parse_license(line)
        if item is None or item[:2] in found:
            rejected += 1
        else:
            found[item[:2]] = item
    if not found and not empty:
        raise SlurmError(f"scontrol listed no license that can be read ({rejected} lines rejected)")
    return Licenses(tuple(found.values()), rejected)


def parse_license(line: bytes) -> License | None:
    """Return the license in one line of ``scontrol --oneliner show licenses``, or None when it is not one."""
    match = _LINE.fullmatch(line)
    if match is None:
        return None
    name, total, used, free, reserved, remote, nodes = match.groups()
    return License(
        name=decode(name),
        nodes="" if nodes in (None, b"(null)") else decode(nodes),
        total=int(total),
        used=int(used),
        free=int(free),
        reserved=int(reserved),
        remote=remote == b"yes",
    )
