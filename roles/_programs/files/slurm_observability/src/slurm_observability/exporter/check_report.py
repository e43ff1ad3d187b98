"""What a check found, for people and for programs."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator

from .. import __version__
from .check import EMPTY, FAILED, OFF, OK, PARTIAL, Finding, Report

_HEADINGS = ("TOPIC", "STATE", "GAVE", "TIME", "ASKED")
_COLOURS = {OK: "32", EMPTY: "33", PARTIAL: "31", FAILED: "31", OFF: "2"}


def as_text(report: Report, colours: bool = False) -> str:
    """Return the report as a table, and below it what is to be repaired."""
    return "\n".join([*_heading(report), "", *_table(report, colours), "", *_remarks(report), ""])


def as_json(report: Report) -> str:
    """Return the report as one JSON object. ``asked`` has whole command lines."""
    document = {
        "version": __version__,
        "user": report.user,
        "rights": report.rights,
        "host": report.host,
        "slurm_version": report.configuration.get("SLURM_VERSION"),
        "cluster": report.configuration.get("ClusterName"),
        "controllers": [each._asdict() for each in report.controllers],
        "good": report.good,
        "topics": [
            {
                "topic": finding.topic,
                "state": finding.state,
                "asked": [asked if isinstance(asked, str) else shlex.join(asked) for asked in finding.asked],
                "gave": str(finding.size) if finding.size is not None else None,
                "seconds": finding.seconds,
                "reason": finding.reason or None,
                "remedy": finding.remedy or None,
            }
            for finding in report.findings
        ],
    }
    return json.dumps(document, indent=2) + "\n"


def _heading(report: Report) -> Iterator[str]:
    yield f"azslurm-exporter {__version__} on {report.host}, as {report.user} ({report.rights})"
    if report.configuration:
        yield f"Slurm {report.configuration.get('SLURM_VERSION', '')}, cluster {report.configuration['ClusterName']}"
    else:
        yield "Slurm does not tell its configuration"
    for each in report.controllers:
        yield f"slurmctld on {each.name} ({each.role}): {'up' if each.up else 'DOWN'}"


def _table(report: Report, colours: bool) -> Iterator[str]:
    rows = [_HEADINGS, *map(_row, report.findings)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADINGS))]
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        if colours and row[1] in _COLOURS:
            cells[1] = f"\033[{_COLOURS[row[1]]}m{cells[1]}\033[0m"
        yield "  ".join(cells).rstrip()


def _row(finding: Finding) -> tuple[str, str, str, str, str]:
    asked = ", ".join(dict.fromkeys(map(_short, finding.asked)))
    return (
        finding.topic,
        finding.state,
        "" if finding.size is None else str(finding.size),
        "" if finding.seconds is None else f"{finding.seconds:.2f} s",
        finding.reason if finding.state == OFF else asked,
    )


def _short(asked: str | tuple[str, ...]) -> str:
    """Return a command without its options."""
    return asked if isinstance(asked, str) else " ".join(word for word in asked if not word.startswith("-"))


def _remarks(report: Report) -> Iterator[str]:
    """Yield what is to be said about topics; what has the same remedy stands together."""
    by_remedy: dict[str, list[Finding]] = {}
    for finding in report.findings:
        if finding.reason and finding.state != OFF:
            by_remedy.setdefault(finding.remedy, []).append(finding)
    for remedy, findings in by_remedy.items():
        width = max(len(finding.topic) for finding in findings)
        yield from (f"{finding.topic.ljust(width)}  {finding.reason}" for finding in findings)
        if remedy:
            yield f"-> {remedy}"
        yield ""
    wrong = [finding.topic for finding in report.findings if finding.wrong]
    yield f"To repair: {', '.join(wrong)}" if wrong else "All that is on works."
