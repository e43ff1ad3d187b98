"""What a check found, for people and for programs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from .. import __version__
from .check import EMPTY, FAILED, OFF, OK, PARTIAL, Finding, Report

_HEADINGS = ("TOPIC", "STATE", "GAVE", "TIME", "ASKED")
_COLOURS = {OK: "32", EMPTY: "33", PARTIAL: "31", FAILED: "31", OFF: "2"}
_MORE = "..."


def as_text(report: Report, width: int, colours: bool = False) -> str:
    """Return the report as a table of lines no longer than ``width``, but for what has to be read as a whole."""
    rows = [_HEADINGS, *map(_row, report.findings)]
    # The last column is as wide as it may be.
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADINGS) - 1)]
    lines = [*_heading(report), ""]
    for row, finding in zip(rows, (None, *report.findings), strict=True):
        *cells, asked = row
        padded = [cell.ljust(wide) for cell, wide in zip(cells, widths, strict=True)]
        line = _cut("  ".join([*padded, asked]).rstrip(), width)
        if finding is None:
            lines.append(line)
            continue
        if colours:
            line = line.replace(padded[1], f"\033[{_COLOURS[finding.state]}m{padded[1]}\033[0m", 1)
        lines += [line, *_explanation(finding, " " * (widths[0] + 2))]
    return "\n".join([*lines, "", _verdict(report), ""])


def as_json(report: Report) -> str:
    """Return the report as one JSON object."""
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
                "asked": list(finding.asked),
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


def _row(finding: Finding) -> tuple[str, str, str, str, str]:
    return (
        finding.topic,
        finding.state,
        "" if finding.size is None else str(finding.size),
        "" if finding.seconds is None else f"{finding.seconds:.2f} s",
        "; ".join(dict.fromkeys(finding.asked)),
    )


def _explanation(finding: Finding, indent: str) -> Iterator[str]:
    if finding.reason:
        yield f"{indent}{finding.reason}"
    if finding.remedy:
        yield f"{indent}-> {finding.remedy}"


def _cut(line: str, width: int) -> str:
    return line if len(line) <= width else line[: width - len(_MORE)] + _MORE


def _verdict(report: Report) -> str:
    wrong: Sequence[str] = [finding.topic for finding in report.findings if finding.state in (PARTIAL, FAILED)]
    return f"To repair: {', '.join(wrong)}" if wrong else "All that is on works."
