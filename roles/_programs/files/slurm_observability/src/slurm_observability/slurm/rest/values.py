"""Values as slurmrestd writes them, which changed from one version of its API to the next."""

from __future__ import annotations

from typing import Any

# Before v0.0.39 these stand for "no value" and "no limit", in numbers of 32 and 64 bits, signed or not.
_NONE = frozenset({-1, -2, (1 << 32) - 1, (1 << 32) - 2, (1 << 64) - 1, (1 << 64) - 2})


def number(value: Any) -> int | None:
    """Return a whole number, or None where there is none or no limit.

    ``{"set": true, "infinite": false, "number": 4}`` since v0.0.39, ``4`` before it and where no value is always set.
    """
    if isinstance(value, dict):
        if not value.get("set") or value.get("infinite"):
            return None
        value = value.get("number")
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value in _NONE:
        return None
    # NaN is not less than anything.
    return int(value) if abs(value) < 1 << 63 else None


def time_of(value: Any) -> int | None:
    """Return a time in seconds since 1970, or None where there is none: Slurm also writes 0 for that."""
    return number(value) or None


def text(value: Any) -> str:
    """Return a text; empty where there is none."""
    return value if isinstance(value, str) and value not in ("(null)", "N/A") else ""


def words(value: Any) -> tuple[str, ...]:
    """Return the words of a list, or of a text with commas, which is what older versions write."""
    if isinstance(value, str):
        return tuple(filter(None, value.split(",")))
    if isinstance(value, list):
        return tuple(filter(None, map(text, value)))
    return ()
