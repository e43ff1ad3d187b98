"""What a checker found."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

from ..slurm.command import one_line

# More than any checker has: beyond, it is not checks that are listed.
MAX_CHECKS = 500
MAX_LABEL = 80
MAX_MESSAGE = 300


class Status(IntEnum):
    """The verdict on one check. What cannot be read is UNKNOWN, and never OK."""

    OK = 0
    WARNING = 1
    CRITICAL = 2
    UNKNOWN = 3


# Of several verdicts on one check, the last of these counts.
_GRAVITY = (Status.OK, Status.WARNING, Status.UNKNOWN, Status.CRITICAL)


class Check(NamedTuple):
    """One check: the part of the node that it is about, its name, the verdict, and what the checker says about it."""

    module: str
    name: str
    status: Status
    message: str = ""


# Whether a checker gave an answer that can be read. Each source has it.
ANSWER = ("checker", "answer")


@dataclass(frozen=True)
class Report:
    """What one source says: when it looked (seconds since 1970), how long asking it took, and its checks."""

    source: str
    time: float
    seconds: float
    checks: tuple[Check, ...]


class Unreadable(Exception):
    """A checker gave no answer that can be read. The message is a sentence on one line."""


class NotInUse(Exception):
    """A checker is installed, and was not told to check anything. The message says how it would be."""


def tidy(checks: Iterable[Check]) -> tuple[Check, ...]:
    """Return the checks with texts fit for labels, each once, the gravest verdict of each. Raises Unreadable."""
    merged: dict[tuple[str, str], Check] = {}
    for check in checks:
        key = one_line(check.module, MAX_LABEL), one_line(check.name, MAX_LABEL)
        known = merged.get(key)
        if known is None or _GRAVITY.index(check.status) > _GRAVITY.index(known.status):
            merged[key] = Check(*key, check.status, one_line(check.message, MAX_MESSAGE))
        if len(merged) > MAX_CHECKS:
            raise Unreadable(f"it lists more than {MAX_CHECKS} checks")
    return tuple(merged.values())
