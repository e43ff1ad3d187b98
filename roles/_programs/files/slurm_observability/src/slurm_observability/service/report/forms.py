"""A report as a table for people, as JSON, and as CSV."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any

from .usage import Usage

DIGITS = 2


@dataclass(frozen=True)
class Report:
    """Usage from one time to another, seconds since 1970. ``groups`` name what ``names`` of each usage are."""

    since: float
    until: float
    groups: tuple[str, ...]
    usages: Sequence[Usage]
    total: Usage


def as_table(report: Report) -> str:
    """Return a table with a line of totals. Names are shown so that none of them can act on a terminal."""
    headings = [*map(str.upper, report.groups), *("RUNS", "FAILED", "GPU-HOURS", "BUSY", "IDLE", "UNMEASURED")]
    headings += ["CPU-HOURS", "USED", "CPU%"]
    lines = [[*map(shown, usage.names), *_numbers(usage)] for usage in report.usages]
    totals = ["total", *[""] * (len(report.groups) - 1), *_numbers(report.total)]
    table = [headings, *lines, totals]
    widths = [max(len(line[column]) for line in table) for column in range(len(headings))]
    named = len(report.groups)
    text = [f"{_readable(report.since)} to {_readable(report.until)}", ""]
    for line in table:
        cells = [
            cell.ljust(width) if column < named else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ]
        text.append("  ".join(cells).rstrip())
    return "\n".join(text) + "\n"


def as_json(report: Report) -> str:
    """Return one JSON object."""
    document = {
        "since": report.since,
        "until": report.until,
        "usage": [_document(usage, report.groups) for usage in report.usages],
        "total": _document(report.total, ()),
    }
    return json.dumps(document, indent=2) + "\n"


def as_csv(report: Report) -> str:
    """Return CSV with a line of headings, without totals."""
    text = io.StringIO()
    names = [field.name for field in fields(Usage) if field.name != "names"]
    writer = csv.DictWriter(text, [*report.groups, *names], lineterminator="\n")
    writer.writeheader()
    writer.writerows(_document(usage, report.groups) for usage in report.usages)
    return text.getvalue()


def shown(name: str) -> str:
    """Return a name as a terminal may show it; a dash where it is empty."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in name) or "-"


def _document(usage: Usage, groups: Sequence[str]) -> dict[str, Any]:
    values = asdict(usage)
    del values["names"]
    numbers = {name: round(value, 4) if isinstance(value, float) else value for name, value in values.items()}
    return {**dict(zip(groups, usage.names, strict=True)), **numbers}


def _numbers(usage: Usage) -> list[str]:
    hours = (usage.gpu_hours_held, usage.gpu_hours_busy, usage.gpu_hours_idle, usage.gpu_hours_unmeasured)
    cpu = (usage.cpu_hours_held, usage.cpu_hours_used)
    percent = f"{100 * usage.cpu_hours_used / usage.cpu_hours_measured:.0f}" if usage.cpu_hours_measured else "-"
    return [str(usage.runs), str(usage.failed), *(f"{value:,.{DIGITS}f}" for value in (*hours, *cpu)), percent]


def _readable(moment: float) -> str:
    return datetime.fromtimestamp(moment).astimezone().isoformat(sep=" ", timespec="minutes")
