"""Rows that no user can forge."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from slurm_observability.slurm.rows import MAX_ROW_BYTES, RowMark


def lines(mark: RowMark, *rows: list[bytes]) -> list[list[bytes]]:
    """The rows as a command prints them, in one chunk."""
    return [b"\n".join(mark.text.encode().join(row) for row in rows).split(b"\n")]


def test_rows_are_taken_apart():
    mark = RowMark()
    assert list(mark.rows(lines(mark, [b"1", b"a", b"b"], [b"2", b"", b""]), 3)) == [["1", "a", "b"], ["2", "", ""]]
    assert mark.rejected == 0


def test_a_text_keeps_its_line_breaks_and_delimiters():
    mark = RowMark()
    text = b"a|b\n7|x|\n\n8|" + RowMark().text.encode() + b"\xff"
    assert list(mark.rows(lines(mark, [b"1", text, text], [b"2", b"", b""]), 3)) == [
        ["1", text.decode("utf-8", "replace"), text.decode("utf-8", "replace")],
        ["2", "", ""],
    ]


def test_a_text_that_ends_in_a_number_on_a_line_of_its_own_begins_no_row():
    mark = RowMark()
    rows = [[b"1", b"a\n2", b"b\n3"], [b"4", b"\n5", b""]]
    assert list(mark.rows(lines(mark, *rows), 3)) == [["1", "a\n2", "b\n3"], ["4", "\n5", ""]]


@given(texts=st.lists(st.tuples(st.binary(), st.binary()), max_size=5))
def test_whatever_users_type_comes_back(texts):
    mark = RowMark()
    rows = [[b"%d" % number, *pair] for number, pair in enumerate(texts)]
    expected = [[value.decode("utf-8", "replace") for value in row] for row in rows]
    assert list(mark.rows(lines(mark, *rows), 3)) == (expected if texts else [])


@pytest.mark.parametrize(
    "row",
    [[b"1", b"a"], [b"1", b"a", b"b", b"c"], [b"x", b"a", b"b"], [b"1", b"a", b"b" * MAX_ROW_BYTES]],
    ids=["too few", "too many", "no number", "too long"],
)
def test_what_is_no_row_is_counted(row):
    mark = RowMark()
    assert list(mark.rows(lines(mark, row), 3)) == []
    assert mark.rejected == 1


def test_options_of_the_commands():
    mark = RowMark()
    assert mark.squeue_format(("JobId", "Name")) == f"--Format=JobId:{mark.text},Name:"
    assert mark.sacct_format(("JobIDRaw", "JobName")) == (f"--delimiter={mark.text}", "--format=JobIDRaw,JobName")
    assert mark.text != RowMark().text
