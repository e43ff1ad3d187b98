"""Records of hooks: whatever the bytes, they are read as they were meant or refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from slurm_observability.jobs.hook_record import Incomplete, RecordError, read_record, write_record

keys = st.from_regex(r"[A-Z][A-Z0-9_]{0,20}", fullmatch=True).filter(lambda key: key not in ("VERSION", "END"))
values = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


@given(st.dictionaries(keys, values))
def test_what_is_written_is_read(record):
    assert read_record(write_record(record)) == record


@given(st.dictionaries(keys, values), st.integers(0, 1000))
def test_a_record_that_is_cut_short_is_incomplete(record, length):
    whole = write_record(record)
    with pytest.raises(Incomplete):
        read_record(whole[: min(length, len(whole) - 1)])


@given(st.binary() | st.binary().map(lambda middle: b"VERSION=1\0" + middle + b"\0END=1\0"))
def test_any_bytes_are_read_or_refused(content):
    try:
        read = read_record(content)
    except RecordError:
        return
    assert all(isinstance(value, str) and "\0" not in value for value in read.values())


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"END=1\0", "it does not begin with a version"),
        (b"HOOK=prolog\0VERSION=1\0END=1\0", "it does not begin with a version"),
        (b"VERSION=2\0END=1\0", "it is of a version that is not known here"),
        (b"VERSION=10\0END=1\0", "it is of a version that is not known here"),
        (b"VERSION=1\0HOOK\0END=1\0", "a line of it is no KEY=VALUE"),
        (b"VERSION=1\0hook=prolog\0END=1\0", "a line of it is no KEY=VALUE"),
        (b"VERSION=1\0=prolog\0END=1\0", "a line of it is no KEY=VALUE"),
        (b"VERSION=1\0\0END=1\0", "a line of it is no KEY=VALUE"),
    ],
)
def test_what_is_no_record_is_refused_with_a_reason(content, reason):
    with pytest.raises(RecordError, match=reason) as raised:
        read_record(content)
    assert not isinstance(raised.value, Incomplete)


def test_a_value_forges_nothing():
    name = 'x\nEND=1\nEVENT_ID=forged|"; rm -rf'
    assert read_record(write_record({"EVENT_ID": "real", "SLURM_JOB_NAME": name})) == {
        "EVENT_ID": "real",
        "SLURM_JOB_NAME": name,
    }
    assert read_record(write_record({"SLURM_JOB_NAME": "x\0EVENT_ID=forged"})) == {"SLURM_JOB_NAME": "xEVENT_ID=forged"}


def test_the_first_of_two_values_counts():
    assert read_record(b"VERSION=1\0NODE=n1\0NODE=n2\0END=1\0") == {"NODE": "n1"}


def test_what_is_no_utf_8_is_replaced():
    assert read_record(b"VERSION=1\0SLURM_JOB_NAME=\xff\xc3x\0END=1\0") == {"SLURM_JOB_NAME": "��x"}
