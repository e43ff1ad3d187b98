"""What the last run found, kept for the HealthCheckProgram: it has no time to ask the checkers itself."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .answers import json_object, read_end, sequence, text_of
from .check import Check, Report, Status, Unreadable


@dataclass(frozen=True)
class Verdict:
    """All checks, as ``SOURCE/MODULE/CHECK``, and when they were asked for, in seconds since 1970."""

    time: float
    checks: tuple[tuple[str, Status], ...]


def write(path: Path, time: float, reports: Sequence[Report]) -> None:
    """Replace the verdict. Raises OSError."""
    checks = [[_name(report.source, check), int(check.status)] for report in reports for check in report.checks]
    new = path.with_name(f"{path.name}.new")
    new.write_text(json.dumps({"time": time, "checks": checks}))
    new.replace(path)


def read(path: Path) -> Verdict:
    """Return the last verdict. Raises Unreadable."""
    document = json_object(read_end(path).text)
    time = document.get("time")
    if not isinstance(time, float):
        raise Unreadable(f"{path} has no time")
    return Verdict(time, tuple(_check(entry) for entry in sequence(document.get("checks"))))


def _name(source: str, check: Check) -> str:
    return f"{source}/{check.module}/{check.name}"


def _check(entry: object) -> tuple[str, Status]:
    name, status = (*sequence(entry), None, None)[:2]
    known = status in (0.0, 1.0, 2.0)
    return text_of(name), Status(int(status)) if known and isinstance(status, float) else Status.UNKNOWN
