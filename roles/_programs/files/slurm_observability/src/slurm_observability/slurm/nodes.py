"""Read the nodes: one scontrol, each node once, its base state and its flags as separate facts."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from .command import SlurmError, SlurmRunner
from .gpus import Gpus, read_gpus
from .states import POWER_FLAGS, UNAVAILABLE_FLAGS

# With --details Slurm says which GPUs are in use (GresUsed). AllocTRES says it too, but only where
# AccountingStorageTRES has gres/gpu, and by type only where it names the types. With --verbose it says, beside a line
# that is no node's, when slurmctld limits how often this user may ask; else it would only sleep.
SCONTROL_NODES = ("scontrol", "--all", "--future", "--details", "--verbose", "--oneliner", "show", "nodes")

# What scontrol prints, with exit status 0, when slurmctld shows it no node at all.
NO_NODES = b"No nodes in the system"

# The fields in the order in which scontrol prints them, from 21.08 to 26.05. Some of them are left out of some nodes
# and by some versions, and later versions may add others. What people type (Reason, Comment, Extra) comes after them.
# The bounds keep a hostile line from taking long.
_OTHERS = r"(?: +(?!(?:CPUEfctv|GresUsed|MemSpecLimit|Partitions)=)\w+=\S*){0,12}?"
_LINE = re.compile(
    r"NodeName=(?P<name>\S+)(?: +Arch=(?P<arch>\S*))?"
    rf"{_OTHERS} +CPUAlloc=(?P<cpus_allocated>\d{{1,9}})"
    rf"{_OTHERS}(?: +CPUEfctv=(?P<cpus_effective>\d{{1,9}}))?"
    rf"{_OTHERS} +CPUTot=(?P<cpus>\d{{1,9}})"
    rf"{_OTHERS} +ActiveFeatures=(?P<features>\S*){_OTHERS} +Gres=(?P<gres>\S*)"
    rf"{_OTHERS}(?: +GresUsed=(?P<gres_used>\S*))?"
    rf"{_OTHERS} +NodeAddr=(?P<address>\S*)(?: +NodeHostName=\S*)?(?: +BcastAddr=\S*)?(?: +Port=\d*)?"
    # The words of the operating system's name follow.
    r"(?: +Version=(?P<version>\S*))?.{0,400}? RealMemory=(?P<memory>\d{1,12})"
    rf"{_OTHERS} +AllocMem=(?P<memory_allocated>\d{{1,12}})"
    rf"{_OTHERS} +FreeMem=(?:(?P<memory_free>\d{{1,12}})|\S+)"
    rf"{_OTHERS}(?: +MemSpecLimit=(?P<memory_reserved>\d{{1,12}}))?"
    rf"{_OTHERS} +State=(?P<state>\S+)"
    rf"{_OTHERS}(?: +Partitions=(?P<partitions>\S*))?"
    rf"{_OTHERS} +BootTime=(?:(?P<booted>\d{{1,12}})|\S+)(?!\S)",
    re.ASCII,
)
# What may come between BootTime and Reason, and after Reason.
_REASON = re.compile(r"(?: +(?!(?:Comment|Extra)=)\w+=\S*){0,30}? +Reason=(.*)", re.ASCII)
_AFTER_REASON = (
    r"(?= {8}| *$| +(?:Comment|Extra|InstanceId|InstanceType|ReservationName|TLSCertTokenSet|Topology|Parameters)=)"
)
# scontrol puts who and when behind the first line of the reason, and eight spaces before each further line.
_SIGNED_REASON = re.compile(rf"(.*?) \[([^\]@]{{1,64}})@(?:(\d{{1,12}})|[^\]\s]+)\]{_AFTER_REASON}", re.ASCII)
_BARE_REASON = re.compile(rf"(.*?){_AFTER_REASON}", re.ASCII)
# Printed after the free text: the last one is the real one.
_INSTANCE_TYPE = " InstanceType="

_STATE = re.compile(r"([A-Z_]+)[^A-Z_+]*((?:\+[A-Z_]+)*)")
_MEGABYTE = 1 << 20

# Types of a gres that are AMD's, as in gpu:mi300x:8. Slurm takes any word, and no word is NVIDIA's more than another's.
_AMD_TYPE = re.compile(r"amd|instinct|radeon|mi\d{2,3}", re.ASCII | re.IGNORECASE)


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
    gpus: Gpus = Gpus()
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
        return bool(self.gpus.types)

    @property
    def has_amd_gpu(self) -> bool:
        """True when a type of its GPUs is one of AMD's."""
        return any(_AMD_TYPE.match(name) for name, _total, _allocated in self.gpus.types)


@dataclass(frozen=True)
class Nodes:
    """All nodes that exist, and those that are only foreseen (FUTURE), in Slurm's order."""

    nodes: tuple[Node, ...]
    future: tuple[Node, ...] = ()
    rejected_lines: int = 0


class NodeReader:
    """Reads all nodes. Remembers what lines mean, because those of nodes without power seldom change."""

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
    """Return the nodes in scontrol's lines, and the meaning of the lines that may be the same next time.

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
        if node is None or node.without_power:
            meaning[line] = node
        if node is None or node.name in by_name:
            rejected += 1
        else:
            by_name[node.name] = node
    if not by_name and not empty:
        raise SlurmError(f"scontrol listed no node that can be read ({rejected} lines rejected)")
    return sort_out(by_name.values(), rejected), meaning


def sort_out(nodes: Collection[Node], rejected_lines: int) -> Nodes:
    """Return the nodes that exist apart from those that are only foreseen."""
    existing = tuple(node for node in nodes if node.base != "FUTURE")
    future = tuple(node for node in nodes if node.base == "FUTURE")
    return Nodes(existing, future, rejected_lines)


def parse_node(line: bytes) -> Node | None:
    """Return the node in one line of ``scontrol --details --oneliner show nodes``, or None when it is not one."""
    text = line.decode("utf-8", "replace")
    match = _LINE.match(text)
    if match is None:
        return None
    field = match.groupdict("")
    base, flags = _split_state(field["state"])
    if not base:
        return None
    free_text = text[match.end() :]
    reason, reason_user, reason_set = _reason(free_text)
    memory_bytes = int(field["memory"]) * _MEGABYTE
    return Node(
        name=field["name"],
        address=_text(field["address"]),
        base=base,
        flags=flags,
        partitions=_split_list(field["partitions"]),
        features=_split_list(field["features"]),
        gres=_text(field["gres"]),
        arch=field["arch"],
        instance_type=_instance_type(free_text),
        cpus=int(field["cpus"]),
        cpus_effective=int(field["cpus_effective"] or field["cpus"]),
        cpus_allocated=int(field["cpus_allocated"]),
        memory_bytes=memory_bytes,
        memory_effective_bytes=memory_bytes - int(field["memory_reserved"] or 0) * _MEGABYTE,
        memory_allocated_bytes=int(field["memory_allocated"]) * _MEGABYTE,
        memory_free_bytes=int(field["memory_free"]) * _MEGABYTE if field["memory_free"] else None,
        gpus=read_gpus(field["gres"], field["gres_used"]),
        slurmd_version=field["version"],
        booted=_number(field["booted"]),
        reason=reason,
        reason_user=reason_user,
        reason_set=reason_set,
    )


def _reason(text: str) -> tuple[str, str, int | None]:
    """Return the first line of the reason, who set it and when, from what comes after BootTime."""
    found = _REASON.match(text) if " Reason=" in text else None
    if found is None:
        return "", "", None
    signed = _SIGNED_REASON.match(found[1])
    if signed is not None:
        return signed[1], signed[2], _number(signed[3])
    bare = _BARE_REASON.match(found[1])
    assert bare is not None  # it matches the end of any text
    return bare[1], "", None


def _instance_type(text: str) -> str:
    _before, found, after = text.rpartition(_INSTANCE_TYPE)
    return _text(after.split(" ", 1)[0]) if found else ""


def _text(value: str) -> str:
    return "" if value in ("(null)", "N/A") else value


def _number(digits: str | None) -> int | None:
    return int(digits) if digits else None


# Many nodes share these texts, and share what comes of them.
@lru_cache(maxsize=4096)
def _split_state(state: str) -> tuple[str, frozenset[str]]:
    match = _STATE.fullmatch(state)
    return (match[1], frozenset(filter(None, match[2].split("+")))) if match else ("", frozenset())


@lru_cache(maxsize=4096)
def _split_list(value: str) -> tuple[str, ...]:
    return tuple(filter(None, _text(value).split(",")))
