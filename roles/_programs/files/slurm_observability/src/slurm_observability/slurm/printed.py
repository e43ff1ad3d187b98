"""What the commands of Slurm print, as text and as times."""

from __future__ import annotations


def decode(value: bytes) -> str:
    """Return what Slurm printed. Names may hold any byte; one that is no UTF-8 becomes U+FFFD."""
    return value.decode("utf-8", "replace")


def epoch(value: bytes) -> int | None:
    """Return a time in seconds since 1970, as SLURM_TIME_FORMAT=%s has it; None for 0, Unknown, None and the like."""
    return int(value) if value.isdigit() and value != b"0" else None
