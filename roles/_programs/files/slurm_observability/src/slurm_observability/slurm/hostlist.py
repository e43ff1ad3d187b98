"""Names of nodes, out of the lists that Slurm writes: ``rack[1-2]n[01-16],login``."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Sequence
from functools import lru_cache

# More nodes than any cluster has: a list that stands for more is not one that slurmctld wrote.
MAX_NODES = 200_000

_ITEM = re.compile(r"(?:[^,\[\]]|\[[^\[\]]*\])+")
_BRACKET = re.compile(r"\[([^\[\]]*)\]")
_RANGE = re.compile(r"(\d{1,18})(?:-(\d{1,18}))?", re.ASCII)


# A job keeps its nodes for hours, and its list is read every few seconds.
@lru_cache(maxsize=1 << 14)
def node_names(text: str) -> tuple[str, ...]:
    """Return the names in a list of nodes, in its order.

    What cannot be read, or stands for more than MAX_NODES nodes, gives no names. slurmctld has written the list, out of
    the configuration; nothing here is typed by users.
    """
    names: list[str] = []
    for item in _ITEM.findall(text):
        if "[" not in item:
            names.append(item)
            continue
        literals = _BRACKET.split(item)
        numbers = [_numbers(ranges) for ranges in literals[1::2]]
        if not 0 < math.prod(map(len, numbers)) <= MAX_NODES:
            return ()
        names.extend(_join(literals[::2], chosen) for chosen in itertools.product(*numbers))
    return tuple(names) if len(names) <= MAX_NODES else ()


def _numbers(ranges: str) -> Sequence[str]:
    """Return the numbers between a pair of brackets, with their leading zeros; none where one cannot be read."""
    numbers: list[str] = []
    for part in ranges.split(","):
        match = _RANGE.fullmatch(part)
        if match is None:
            return ()
        first, last = int(match[1]), int(match[2] or match[1])
        if not 0 <= last - first < MAX_NODES:
            return ()
        width = len(match[1])
        numbers.extend(f"{number:0{width}d}" for number in range(first, last + 1))
    return numbers


def _join(literals: Sequence[str], numbers: Sequence[str]) -> str:
    return "".join(itertools.chain.from_iterable(itertools.zip_longest(literals, numbers, fillvalue="")))
