"""Read the nodes: one scontrol, each node once, its base state and its flags as separate facts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from .command import SlurmError, SlurmRunner
from .states import POWER_FLAGS, UNAVAILABLE_FLAGS

SCONTROL_NODES = ("scontrol", "--all", "--oneliner", "show", "nodes")

# What scontrol prints, with exit status 0, when slurmctld shows it no node at all.
NO_NODES = b"No nodes in the system"

# The fields in the order in which scontrol prints them, from 21.08 to 26.05. What an administrator types (Reason,
# Comment, Extra) comes after Partitions, so the first match of each field is the real one. A field is optional where
# Slurm leaves it out: Arch before a node has registered, Partitions of a node that is in none.
_FIELDS = re.compile(
    rb"NodeName=(?P<name>\S+)"
    rb"(?:\s+Arch=(?P<arch>\S+))?"
    rb".*?\sActiveFeatures=(?P<features>\S*)"
    rb"\s+Gres=(?P<gres>\S*)"
    rb".*?\sNodeAddr=(?P<address>\S+)"
    rb".*?\sState=(?P<state>[A-Z]\S*)"
    rb"\s+ThreadsPerCore=\S*\s+TmpDisk=\S*\s+Weight=\S*\s+Owner=\S*\s+MCS_label=\S*"
    rb"(?:\s+NextState=\S*)?"
    rb"(?:\s+Partitions=(?P<partitions>\S+))?",
)
# Printed after the free text: the last match is the real one.
_INSTANCE_TYPE = b" InstanceType="


@dataclass(frozen=True)
class Node:
    """One node as Slurm sees it. Strings are what Slurm printed; empty where it has none."""

    name: str
    address: str
    base: str
    flags: frozenset[str]
    partitions: tuple[str, ...]
    features: tuple[str, ...]
    gres: str
    arch: str
    instance_type: str

    @property
    def state(self) -> str:
        """Base state and flags in one word, in a stable order: ``IDLE+CLOUD+DRAIN``."""
        return "+".join([self.base, *sorted(self.flags)])

    @property
    def drain(self) -> bool:
        """True when the node takes no new job, whether or not it still runs one."""
        return "DRAIN" in self.flags

    @property
    def busy(self) -> bool:
        """True when jobs hold all or part of the node."""
        return self.base in ("ALLOCATED", "MIXED")

    @property
    def idle(self) -> bool:
        """True when the node runs no job and could be given one now."""
        return self.base == "IDLE" and not self.flags & UNAVAILABLE_FLAGS

    @property
    def without_power(self) -> bool:
        """True when the node is powered down, on its way there, or not yet up."""
        return bool(self.flags & POWER_FLAGS)

    @property
    def has_gpu(self) -> bool:
        """True when the node has a generic resource of the kind ``gpu``."""
        return any(resource.split(":", 1)[0] == "gpu" for resource in _split_gres(self.gres))


@dataclass(frozen=True)
class Nodes:
    """All nodes that exist, in Slurm's order. FUTURE nodes do not exist yet and are left out."""

    nodes: tuple[Node, ...]
    rejected_lines: int = 0


class NodeReader:
    """Reads all nodes; remembers each line's meaning, because most lines stay the same from one time to the next."""

    def __init__(self, runner: SlurmRunner) -> None:
        self._runner = runner
        self._known: dict[bytes, Node | None] = {}

    def read(self) -> Nodes:
        """Run scontrol and return the nodes.

        Raises SlurmError when scontrol fails, prints nothing, or prints lines of which none is a node.
        """
        lines: list[bytes] = []
        for chunk in self._runner.lines(SCONTROL_NODES):
            lines.extend(chunk)
        nodes, self._known = parse_nodes(lines, self._known)
        return nodes


def parse_nodes(lines: Iterable[bytes], known: Mapping[bytes, Node | None]) -> tuple[Nodes, dict[bytes, Node | None]]:
    """Return the nodes in scontrol's lines, and the meaning of each line for the next time.

    A line that is no node, or a second one of the same name, is counted as rejected. A line that does not begin with
    ``NodeName=`` is the rest of a text with a line break in it, and is passed over.
    """
    meaning: dict[bytes, Node | None] = {}
    by_name: dict[str, Node] = {}
    rejected = 0
    empty = False
    for line in lines:
        if not line.startswith(b"NodeName="):
            empty = empty or line.startswith(NO_NODES)
            continue
        node = known[line] if line in known else parse_node(line)
        meaning[line] = node
        if node is None or node.name in by_name:
            rejected += 1
        else:
            by_name[node.name] = node
    if not by_name and not empty:
        raise SlurmError(f"scontrol listed no node that can be read ({rejected} lines rejected)")
    existing = tuple(node for node in by_name.values() if node.base != "FUTURE")
    return Nodes(existing, rejected), meaning


def parse_node(line: bytes) -> Node | None:
    """Return the node in one line of ``scontrol --oneliner show nodes``, or None when it is not one."""
    match = _FIELDS.match(line)
    if match is None:
        return None
    fields = {key: _text(value) for key, value in match.groupdict(b"").items()}
    base, *flags = fields["state"].split("+")
    _, found, after = line[match.end() :].rpartition(_INSTANCE_TYPE)
    return Node(
        name=fields["name"],
        address=fields["address"],
        base=base.rstrip("*~#!%$@^-"),
        flags=frozenset(flags),
        partitions=_split_list(fields["partitions"]),
        features=_split_list(fields["features"]),
        gres=fields["gres"],
        arch=fields["arch"],
        instance_type=_text(after.split(b" ", 1)[0]) if found else "",
    )


def _text(value: bytes) -> str:
    text = value.decode("utf-8", "replace")
    return "" if text in ("(null)", "N/A") else text


def _split_list(value: str) -> tuple[str, ...]:
    return tuple(filter(None, value.split(",")))


def _split_gres(value: str) -> list[str]:
    # Commas inside brackets belong to the resource: gpu:a100:2(IDX:0,3),nic:1
    return re.split(r",(?![^(]*\))", value)
