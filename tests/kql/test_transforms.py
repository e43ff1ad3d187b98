"""TimeGenerated is the time of the line: of every record of the sample logs, and where time is difficult."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime

import pytest

from tests.kql import catalogue, engine

DAY = "2026-06-15T12:00:00"


def times_of(lines: list[tuple[str, str]], offset: str = "+00:00") -> list[datetime]:
    """TimeGenerated of lines of the system log, given with their arrival; all in one run, for each takes seconds."""
    text = catalogue.resolved(utc_offset=offset)["syslog"]["transform"]
    given = [(datetime.fromisoformat(arrival), line, "n", "/f") for line, arrival in lines]
    rows = engine.transform(text, given)
    assert [row[1:] for row in rows] == [row[1:] for row in given]
    return [row[0] for row in rows]


def test_no_sample_is_forgotten():
    files = {str(path.relative_to(catalogue.SAMPLES)) for path in catalogue.SAMPLES.glob("*/*")}
    assert files == set(catalogue.TIMES)


def test_every_record_of_the_samples_has_its_time_and_nothing_else_changes():
    sources = catalogue.resolved()
    records = defaultdict(list)
    for record in catalogue.records():
        records[sources[record.source]["transform"]].append(record)
    assert {record.source for some in records.values() for record in some} == set(sources)
    for text, some in records.items():
        rows = engine.transform(text, [(catalogue.ARRIVAL, one.text, one.computer, one.path) for one in some])
        assert rows == [(one.time, one.text, one.computer, one.path) for one in some]


# Line, arrival, time.
WITHOUT_YEAR = [
    ("Dec 31 23:59:58 n x", "2026-01-01T00:00:03", "2025-12-31T23:59:58"),
    ("Jan  1 00:00:02 n x", "2025-12-31T23:59:59", "2026-01-01T00:00:02"),
    ("Jan  1 00:00:02 n x", "2026-01-01T00:00:05", "2026-01-01T00:00:02"),
    ("Dec 31 23:59:58 n x", "2026-12-31T12:00:00", "2026-12-31T23:59:58"),
    ("Jun 17 12:00:00 n x", DAY, "2025-06-17T12:00:00"),
    ("Jun 16 11:59:59 n x", DAY, "2026-06-16T11:59:59"),
    ("Feb 29 10:00:00 n x", "2028-03-01T00:00:00", "2028-02-29T10:00:00"),
    ("Feb 29 10:00:00 n x", "2029-01-02T00:00:00", "2028-02-29T10:00:00"),
    ("Feb 29 10:00:00 n x", DAY, DAY),
    ("Jun 31 10:00:00 n x", DAY, DAY),
    ("Jun 15 25:00:00 n x", DAY, DAY),
    ("jun 15 10:00:00 n x", DAY, DAY),
    ("", DAY, DAY),
    (" Jun 15 10:00:00 n x", DAY, DAY),
    *[
        (f"{date(2026, n, 9):%b}  9 08:07:06 n x", "2026-12-31T00:00:00", f"2026-{n:02}-09T08:07:06")
        for n in range(1, 13)
    ],
]


def test_a_line_without_a_year_is_of_the_latest_year_that_can_be():
    found = times_of([(line, arrival) for line, arrival, _time in WITHOUT_YEAR])
    assert list(zip(WITHOUT_YEAR, found, strict=True)) == [
        (one, datetime.fromisoformat(one[2])) for one in WITHOUT_YEAR
    ]


# Line, offset of the cluster, time. All arrive at DAY.
ZONES = [
    ("2026-06-15T10:00:00 x", "+02:00", "2026-06-15T08:00:00"),
    ("2026-06-15T10:00:00Z x", "+02:00", "2026-06-15T10:00:00"),
    ("2026-06-15T10:00:00+05:45 x", "+02:00", "2026-06-15T04:15:00"),
    ("2026-06-15T10:00:00-0930 x", "+02:00", "2026-06-15T19:30:00"),
    ("2026-06-15T10:00:00.1234567891+00:00 x", "+02:00", "2026-06-15T10:00:00.123456"),
    ("2026-06-15 10:00:00 -0100 Notice:  munged", "+02:00", "2026-06-15T11:00:00"),
    ("2026-06-15 10:00:00,100 - healthagent - x", "+02:00", "2026-06-15T08:00:00.100"),
    ("[2026-06-15T10:00:00.000] [5.0] x", "+02:00", "2026-06-15T08:00:00"),
    ("Jun 15 10:00:00 n x", "+02:00", "2026-06-15T08:00:00"),
    ("Jan  1 00:30:00 n x", "+02:00", "2025-12-31T22:30:00"),
    ("2026-06-15T10:00 x", "+02:00", DAY),
    ("2026-02-30T10:00:00 x", "+02:00", DAY),
    ("2026-06-15 10:00:00,5 x", "-03:30", "2026-06-15T13:30:00.500"),
    ("[Mon Jun 15 10:00:00 2026] usb", "-03:30", "2026-06-15T13:30:00"),
    ("[Wed Jan  1 10:00:00 2020] long ago", "-03:30", "2020-01-01T13:30:00"),
]


@pytest.mark.parametrize("offset", ["+02:00", "-03:30"])
def test_a_line_without_a_zone_is_of_the_clusters(offset):
    some = [one for one in ZONES if one[1] == offset]
    found = times_of([(line, DAY) for line, _offset, _time in some], offset)
    assert list(zip(some, found, strict=True)) == [(one, datetime.fromisoformat(one[2])) for one in some]


def test_a_condition_drops_lines():
    own = {"sources": {"slurmctld": {"where": 'RawData !has "debug2:"'}}}
    text = catalogue.resolved(own=own)["slurmctld"]["transform"]
    lines = ["[2026-06-15T10:00:00.000] debug2: a", "[2026-06-15T10:00:00.000] error: b"]
    rows = engine.transform(text, [(datetime.fromisoformat(DAY), line, "n", "/f") for line in lines])
    assert [row[1] for row in rows] == lines[1:]
