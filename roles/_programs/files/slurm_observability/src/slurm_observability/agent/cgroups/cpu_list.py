"""Lists of CPUs, as the kernel writes them: ``0-3,8``."""

from __future__ import annotations

import re

_RANGE = re.compile(r"(\d{1,6})(?:-(\d{1,6}))?", re.ASCII)


def count_cpus(text: str) -> int | None:
    """Return the number of CPUs in a list; None where it is empty or none."""
    total = 0
    for part in text.strip().split(","):
        match = _RANGE.fullmatch(part)
        if match is None:
            return None
        first, last = int(match[1]), int(match[2] or match[1])
        if last < first:
            return None
        total += last - first + 1
    return total
