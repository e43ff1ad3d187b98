"""The forms of the reset time."""

from __future__ import annotations

import time
from datetime import datetime, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from slurm_observability.exporter.reset_time import (
    DEFAULT_RESET_TIME,
    ResetTimeError,
    default_reset_time,
    parse_reset_time,
)

NOW = datetime(2026, 11, 21, 12, 0, 0, tzinfo=timezone.utc)


@pytest.fixture
def berlin(monkeypatch):
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def seconds_ago(text: str) -> int:
    return int(NOW.timestamp()) - parse_reset_time(text, NOW)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("24 hours ago", 86400),
        ("7 days ago", 7 * 86400),
        ("1 week ago", 7 * 86400),
        ("2 weeks ago", 14 * 86400),
        ("1 hour ago", 3600),
        ("90 Minutes  Ago", 5400),
        ("30 seconds ago", 30),
        (" 1 day ago\n", 86400),
        ("0 seconds ago", 0),
    ],
)
def test_relative_times(text, expected):
    assert seconds_ago(text) == expected


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("2026-01-26T12:00:00Z", "2026-01-26T12:00:00+00:00"),
        ("2026-01-26T12:00:00+0100", "2026-01-26T11:00:00+00:00"),
        ("2026-01-26T12:00:00-05:00", "2026-01-26T17:00:00+00:00"),
        ("2026-01-26T12:00:00.5Z", "2026-01-26T12:00:00+00:00"),
        ("2026-01-26 12:00Z", "2026-01-26T12:00:00+00:00"),
    ],
)
def test_absolute_times_with_a_zone(text, iso):
    assert parse_reset_time(text, NOW) == datetime.fromisoformat(iso).timestamp()


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("2026-01-26T12:00:00", "2026-01-26T11:00:00+00:00"),
        ("2026-01-26", "2026-01-25T23:00:00+00:00"),
        ("2026-07-01", "2026-06-30T22:00:00+00:00"),  # daylight saving time
    ],
)
def test_absolute_times_without_a_zone_are_local(berlin, text, iso):
    assert parse_reset_time(text, NOW) == datetime.fromisoformat(iso).timestamp()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "24 hours",
        "-1 days ago",
        "1.5 days ago",
        "1 fortnight ago",
        "2026-13-01",
        "2026-02-30",
        "26.01.2026",
        "2026-01-26T25:00:00",
        "now-24hours",
        "1795255872",
        "2026-01-26T12:00:00\n--help",
        "٢٤ hours ago!",
    ],
)
def test_what_is_no_time_is_refused_with_examples(text):
    with pytest.raises(ResetTimeError, match=r"cannot be read; write it like '24 hours ago'.*'2026-01-26T12:00:00'"):
        parse_reset_time(text, NOW)


def test_the_future_and_the_distant_past_are_refused():
    with pytest.raises(ResetTimeError, match="in the future"):
        parse_reset_time("2027-01-01", NOW)
    for text in ("1970-01-02", "99999 weeks ago", "0001-01-01"):
        with pytest.raises(ResetTimeError):
            parse_reset_time(text, NOW)


@given(st.text(max_size=40))
def test_any_text_is_a_time_or_refused(text):
    try:
        assert parse_reset_time(text, NOW) <= NOW.timestamp()
    except ResetTimeError as error:
        assert text.strip() in str(error)


def test_the_default_comes_from_the_deployment(tmp_path):
    path = tmp_path / "cluster_deploy_time"
    assert default_reset_time(path) == DEFAULT_RESET_TIME
    path.write_text("2026-01-26T12:00:00\n")
    assert default_reset_time(path) == "2026-01-26T12:00:00"
    path.write_bytes(b"\xff")
    with pytest.raises(ResetTimeError, match=r"cannot be read.*give --reset-time"):
        default_reset_time(path)
    with pytest.raises(ResetTimeError, match="cannot be read"):
        default_reset_time(tmp_path / "cluster_deploy_time" / "x")
