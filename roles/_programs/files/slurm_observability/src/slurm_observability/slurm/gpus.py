"""GPUs among the generic resources (GRES) of a node, as Slurm writes them."""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache
from typing import NamedTuple

# Commas inside brackets belong to the resource: gpu:a100:2(IDX:0,3),nic:1
_BETWEEN_RESOURCES = re.compile(r",(?![^(]*\))")
_COUNT = re.compile(r"\d{1,9}", re.ASCII)


class Gpus(NamedTuple):
    """GPUs of one node. ``types`` has the type ("" where it has none), the total and the allocated of each type."""

    total: int = 0
    allocated: int = 0
    types: tuple[tuple[str, int, int], ...] = ()


# Many nodes share these texts.
@lru_cache(maxsize=4096)
def read_gpus(gres: str, gres_used: str) -> Gpus:
    """Return the GPUs in a node's Gres and GresUsed, such as ``gpu:a100:4(S:0-1),nic:1`` and ``gpu:a100:2(IDX:0-1)``.

    Shards and MPS are shares of GPUs and not counted. A type that is used but not configured is part of the GPUs
    without a type: slurm.conf may say ``gpu:4`` where gres.conf knows the type.
    """
    configured, used = _by_type(gres), _by_type(gres_used)
    allocated: Counter[str] = Counter()
    for name, count in used.items():
        allocated[name if name in configured else ""] += count
    types = tuple((name, total, allocated[name]) for name, total in sorted(configured.items()))
    return Gpus(sum(configured.values()), sum(used.values()), types)


def _by_type(gres: str) -> Counter[str]:
    """Return the number of GPUs by type. A resource without a number is one, as in ``gpu:a100``."""
    found: Counter[str] = Counter()
    for resource in _BETWEEN_RESOURCES.split(gres):
        kind, *more = resource.partition("(")[0].split(":")
        if kind == "gpu":
            count = int(more.pop()) if more and _COUNT.fullmatch(more[-1]) else 1
            found[more[0] if more else ""] += count
    return found
