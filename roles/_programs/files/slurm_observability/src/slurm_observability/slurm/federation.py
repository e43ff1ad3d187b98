"""Read the federation that the cluster belongs to."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from .command import SlurmError, SlurmRunner
from .printed import decode

SCONTROL_FEDERATION = ("scontrol", "show", "federation")

_NAME = re.compile(rb"Federation: +(.+)")
_SELF = re.compile(rb"Self: +([^:]+):.* ID:\d+ FedState:(\S*) Features:.*")
_SIBLING = re.compile(
    rb"Sibling: +([^:]+):.* ID:\d+ FedState:(\S*) Features:.* PersistConnSend/Recv:(Yes|No)/(Yes|No) Synced:(Yes|No)"
)


class Cluster(NamedTuple):
    """A cluster of the federation. ``state`` is Slurm's word: ACTIVE, INACTIVE, DRAIN or DRAIN+REMOVE.

    ``sends``, ``receives`` and ``synced`` say whether this cluster is connected with it; None for the cluster itself.
    """

    name: str
    state: str
    sends: bool | None = None
    receives: bool | None = None
    synced: bool | None = None


@dataclass(frozen=True)
class Federation:
    """The federation and its clusters. ``name`` is empty, and there are no clusters, where there is none."""

    name: str = ""
    clusters: tuple[Cluster, ...] = ()
    rejected_lines: int = 0


def read_federation(runner: SlurmRunner) -> Federation:
    """Run scontrol. Raises SlurmError when it fails or prints something else."""
    return parse_federation(line for chunk in runner.lines(SCONTROL_FEDERATION) for line in chunk)


def parse_federation(lines: Iterable[bytes]) -> Federation:
    """Return the federation in scontrol's lines; it prints none where the cluster is in no federation."""
    name = ""
    clusters: dict[str, Cluster] = {}
    rejected = 0
    for line in filter(None, lines):
        if match := _NAME.fullmatch(line):
            name = decode(match[1])
        elif match := _SELF.fullmatch(line):
            clusters[decode(match[1])] = Cluster(decode(match[1]), decode(match[2]))
        elif match := _SIBLING.fullmatch(line):
            connected = (match[number] == b"Yes" for number in (3, 4, 5))
            clusters[decode(match[1])] = Cluster(decode(match[1]), decode(match[2]), *connected)
        else:
            rejected += 1
    if rejected and not name:
        raise SlurmError(f"scontrol printed {rejected} lines, and none of them names a federation")
    return Federation(name, tuple(clusters.values()), rejected)
