"""The counters file, read as dcgm-exporter reads it, and refused in its words."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from pathlib import Path

from .fields import FIELDS

TYPES = {"gauge", "counter", "histogram", "summary", "label"}
XID_COUNT = "DCGM_EXP_XID_ERRORS_COUNT"
HEALTH = "DCGM_EXP_GPU_HEALTH_STATUS"
OF_EXPORTER = {XID_COUNT, HEALTH}
# Go's reader of CSV is stricter than Python's: a quote is the first character of its field, before any space.
_BARE_QUOTE = re.compile(r'(^|,)[^",]+"')


class CountersError(Exception):
    """The file cannot be read, or asks for what does not exist."""


@dataclass(frozen=True)
class Counter:
    """One line of the file."""

    name: str
    kind: str
    help: str


def read(path: Path) -> list[Counter]:
    """Return what the file asks for. Raises CountersError."""
    try:
        lines = [line for line in path.read_text().splitlines() if line and not line.startswith("#")]
        if any(map(_BARE_QUOTE.search, lines)):
            raise csv.Error('parse error: bare " in non-quoted field')
        records = list(csv.reader(lines, strict=True))
    except (OSError, csv.Error) as error:
        raise CountersError(f"Could not read metrics file '{path}'; err: {error}") from error
    return [_counter(number, [part.strip(" ") for part in record]) for number, record in enumerate(records)]


def _counter(number: int, record: list[str]) -> Counter:
    if len(record) != 3:
        shown = " ".join(record)
        raise CountersError(
            f"malformed CSV record; err: failed to parse line {number} (`[{shown}]`), expected 3 fields"
        )
    counter = Counter(*record)
    if counter.name in OF_EXPORTER:
        return counter
    if counter.name not in FIELDS:
        raise CountersError(f"could not find DCGM field; err: unknown ExporterCounter field '{counter.name}'")
    if counter.kind not in TYPES:
        raise CountersError(f"could not find Prometheus metric type '{counter.kind}'")
    return counter
