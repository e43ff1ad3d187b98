"""Trackable resources (TRES) as Slurm writes them, of a job, a node or a partition."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

_COUNT = re.compile(r"\d{1,18}", re.ASCII)
# Memory is in megabytes of 1024 * 1024 bytes where no unit follows.
_UNITS = {"": 20, "K": 10, "M": 20, "G": 30, "T": 40, "P": 50, "E": 60}
_SIZE = re.compile(r"(\d{1,18}(?:\.\d{1,9})?)([KMGTPE]?)", re.ASCII)


class Tres(NamedTuple):
    """How much of each resource, 0 where the list does not name it."""

    cpus: int = 0
    nodes: int = 0
    gpus: int = 0
    memory_bytes: int = 0


# Many jobs and nodes share these texts.
@lru_cache(maxsize=4096)
def parse_tres(text: str) -> Tres:
    """Return the resources in a list such as ``cpu=2,mem=62.50G,node=1,gres/gpu=4,gres/gpu:a100=4``.

    GPUs are those of ``gres/gpu``, and where only types of them are named, of all types together. What cannot be read
    counts as nothing.
    """
    found: dict[str, str] = {}
    gpus_by_type = 0
    for item in text.split(","):
        name, equals, amount = item.partition("=")
        if equals:
            found[name] = amount
        if name.startswith("gres/gpu:"):
            gpus_by_type += _count(amount)
    return Tres(
        cpus=_count(found.get("cpu", "")),
        nodes=_count(found.get("node", "")),
        gpus=_count(found.get("gres/gpu", "")) or gpus_by_type,
        memory_bytes=memory_bytes(found.get("mem", "")),
    )


def memory_bytes(text: str) -> int:
    """Return the bytes in a size of memory such as ``8000M``, ``62.50G`` or ``8000``; 0 when it is none."""
    match = _SIZE.fullmatch(text)
    return round(float(match[1]) * (1 << _UNITS[match[2]])) if match else 0


def _count(text: str) -> int:
    return int(text) if _COUNT.fullmatch(text) else 0
