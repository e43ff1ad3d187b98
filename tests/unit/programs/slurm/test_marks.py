"""The mark that keeps texts of users from being taken for anything else."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from slurm_observability.slurm.marks import Mark, texts_of

from tests.unit.programs.squeue import mark_in


def test_the_option_has_the_mark_after_the_first_and_the_last_fact_and_between_texts():
    mark = Mark()
    option = mark.option(("A", "B", "C"), ("T", "U"))
    word = mark_in(option).decode()
    assert option == f"--Format=A:{word},B:|,C:{word},T:{word},U:"
    assert len(word) == 10
    assert mark_in(Mark().option(("A", "B"), ())) != word.encode()


texts = st.binary().filter(lambda text: b"\n" not in text and b"\0" not in text)


@given(texts, st.lists(texts, max_size=3))
def test_texts_come_back_as_they_were(fact, others):
    mark = Mark()
    word = mark_in(mark.option(("A", "B"), ()))
    first, rest = mark.split(word.join([b"1", fact, *others]))
    assert (first, rest.split(b"\0")) == (b"1", [fact, *others])


@given(st.binary())
def test_a_line_without_the_mark_says_nothing(line):
    assert Mark().split(line) == (b"", b"")


def test_texts_that_are_missing_or_none_are_empty():
    assert texts_of(b"a\0(null)\0N/A\0\xff", 4) == ["a", "", "", "\N{REPLACEMENT CHARACTER}"]
    assert texts_of(b"a", 3) == ["a", "", ""]
    assert texts_of(b"a\0b\0c", 2) == ["a", "b"]
