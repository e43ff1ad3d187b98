"""The catalogue and the queries of the collection, and the sample logs as the agent reads them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml
from ansible_collections.slurm.observability.plugins.module_utils.azure.record_starts import RECORD_STARTS
from ansible_collections.slurm.observability.plugins.plugin_utils.log_catalogue import resolve

ROOT = Path(__file__).parents[2]
ROLE = ROOT / "roles" / "_log_catalogue"
SAMPLES = ROOT / "tests" / "sample_logs"
QUERIES = sorted((ROLE / "files" / "queries").glob("*.kql"))

CATALOGUE: dict[str, Any] = yaml.safe_load((ROLE / "vars" / "main.yml").read_text())["_log_catalogue"]
TIMES: dict[str, list[str]] = yaml.safe_load((SAMPLES / "times.yml").read_text())

ARRIVAL = datetime(2025, 9, 9, 12, 0)
"""When all records of the sample logs arrive, in UTC."""


@dataclass(frozen=True)
class Record:
    """A record as the agent sends it, and the time that it is to have in the table."""

    source: str
    computer: str
    path: str
    text: str
    time: datetime


def resolved(**options: Any) -> dict[str, dict[str, Any]]:
    """The sources of the catalogue by name."""
    return {source["name"]: source for source in resolve(CATALOGUE, **options)}


def source_of(name: str, sources: dict[str, dict[str, Any]]) -> tuple[str, str]:
    """The source that a sample file is of, and its path on the node."""
    for source in sources.values():
        for path in source["paths"]:
            if Path(name).match(Path(path).name):
                return source["name"], str(Path(path).parent / name)
    raise LookupError(f"no source of the catalogue has a file like {name}")


def records() -> Iterator[Record]:
    """All records of the sample logs, those of several lines put together as the agent does it."""
    sources = resolved()
    for file, times in TIMES.items():
        sample = SAMPLES / file
        source, path = source_of(sample.name, sources)
        start = sources[source]["record_start"]
        texts = list(_texts(sample.read_text(), RECORD_STARTS[start] if start else "^"))
        for text, time in zip(texts, times, strict=True):
            when = ARRIVAL if time == "arrival" else datetime.fromisoformat(time)
            yield Record(source, sample.parent.name, path, text, when)


def _texts(content: str, start: str) -> Iterator[str]:
    """The records in a file: lines that do not match the start of one belong to the one before."""
    lines: list[str] = []
    for line in content.splitlines():
        if lines and re.match(start, line):
            yield "\n".join(lines)
            lines = []
        lines.append(line)
    yield "\n".join(lines)
