"""Read the nodes: one scontrol, each node once, its base state and its flags as separate facts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from .command import SlurmError, SlurmRunner
from .states import POWER_FLAGS, UNAVAILABLE_FLAGS

SCONTROL_NODES = ("scontrol", "--all", "--oneliner", "show", "nodes")

# What scontrol prints, with exit status 0, when slurmctld shows it no node at all.
NO_NODES = b"No nodes in the system"

# The fields in the order in which scontrol prints them, from 21.08 to 26.05. What an administrator types (Reason,
# Comment, Extra) comes after them, so the first match of each is the real one.
_FIELDS = (b"NodeName=", b" ActiveFeatures=", b" Gres=", b" NodeAddr=", b" State=")
# Left out before a node has registered, and of a node that is in no partition: looked for no further than their
# neighbour, lest one be found in the free text.
_ARCH, _AFTER_ARCH = b" Arch=", b" CoresPerSocket="
_PARTITIONS, _AFTER_PARTITIONS = b" Partitions=", b" BootTime="
# Printed after the free text: the last match is the real one.
_INSTANCE_TYPE = b" InstanceType="

_STATE = re.compile(r"([A-Z_]+)[^A-Z_+]*((?:\+[A-Z_]+)*)")


class Node(NamedTuple):
    """One node as Slurm sees it. Strings are what Slurm printed; empty where it has none.

    Times in seconds since 1970, None where there is none. ``cpus_effective`` and ``memory_effective_bytes`` are what
    jobs can be given: without what is reserved for the system. ``memory_free_bytes`` is the operating system's free
    memory, None while it is not known.
    """

    name: str
    address: str
    base: str
    flags: frozenset[str]
    partitions: tuple[str, ...]
    features: tuple[str, ...]
    gres: str
    arch: str
    instance_type: str
    cpus: int = 0
    cpus_effective: int = 0
    cpus_allocated: int = 0
    memory_bytes: int = 0
    memory_effective_bytes: int = 0
    memory_allocated_bytes: int = 0
    memory_free_bytes: int | None = None
    gpus: int = 0
    gpus_allocated: int = 0
    slurmd_version: str = ""
    booted: int | None = None
    reason: str = ""
    reason_user: str = ""
    reason_set: int | None = None

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
        return _has_gpu(self.gres)


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
    values = []
    position = 0
    for key in _FIELDS:
        found = line.find(key, position)
        if found < 0:
            return None
        position = _end_of_word(line, found + len(key))
        values.append(_text(line[found + len(key) : position]))
    name, features, gres, address, state = values
    base, flags = _split_state(state)
    if not name or not base:
        return None
    _before, found_type, after = line[position:].rpartition(_INSTANCE_TYPE)
    return Node(
        name=name,
        address=address,
        base=base,
        flags=flags,
        partitions=_split_list(_optional(line, _PARTITIONS, position, _AFTER_PARTITIONS)),
        features=_split_list(features),
        gres=gres,
        arch=_optional(line, _ARCH, 0, _AFTER_ARCH),
        instance_type=_text(after[: _end_of_word(after, 0)]) if found_type else "",
    )


def _optional(line: bytes, key: bytes, start: int, stop_key: bytes) -> str:
    stop = line.find(stop_key, start)
    found = line.find(key, start, stop if stop >= 0 else len(line))
    return "" if found < 0 else _text(line[found + len(key) : _end_of_word(line, found + len(key))])


def _end_of_word(line: bytes, start: int) -> int:
    end = line.find(b" ", start)
    return end if end >= 0 else len(line)


def _text(value: bytes) -> str:
    text = value.decode("utf-8", "replace")
    return "" if text in ("(null)", "N/A") else text


# Many nodes share these texts, and share what comes of them.
@lru_cache(maxsize=4096)
def _split_state(state: str) -> tuple[str, frozenset[str]]:
    match = _STATE.fullmatch(state)
    return (match[1], frozenset(filter(None, match[2].split("+")))) if match else ("", frozenset())


@lru_cache(maxsize=4096)
def _split_list(value: str) -> tuple[str, ...]:
    return tuple(filter(None, value.split(",")))


@lru_cache(maxsize=4096)
def _has_gpu(gres: str) -> bool:
    # Commas inside brackets belong to the resource: gpu:a100:2(IDX:0,3),nic:1
    return any(resource.split(":", 1)[0] == "gpu" for resource in re.split(r",(?![^(]*\))", gres))
