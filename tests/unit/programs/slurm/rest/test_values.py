"""Values of all versions of slurmrestd's API."""

from __future__ import annotations

import pytest
from slurm_observability.slurm.rest.values import number, text, time_of, words


@pytest.mark.parametrize(
    ("value", "result"),
    [
        (4, 4),
        (0, 0),
        (4.7, 4),
        ({"set": True, "infinite": False, "number": 4}, 4),
        ({"set": False, "infinite": False, "number": 0}, None),
        ({"set": True, "infinite": True, "number": 0}, None),
        ({"set": True, "infinite": False}, None),
        ({}, None),
        (None, None),
        (True, None),
        ("4", None),
        (-1, None),
        (-2, None),
        (4294967294, None),
        (4294967295, None),
        (18446744073709551614, None),
        (float("nan"), None),
        (float("inf"), None),
        (2**63 - 1, 2**63 - 1),
        (2**63, None),
        (10**30, None),
    ],
)
def test_number(value, result):
    assert number(value) == result


def test_time():
    assert time_of({"set": True, "infinite": False, "number": 1795266057}) == 1795266057
    assert time_of(0) is None


@pytest.mark.parametrize(
    ("value", "result"), [("hpc", "hpc"), ("", ""), ("(null)", ""), ("N/A", ""), (None, ""), (4, "")]
)
def test_text(value, result):
    assert text(value) == result


@pytest.mark.parametrize(
    ("value", "result"),
    [("a,b", ("a", "b")), ("", ()), (["a", "", "b"], ("a", "b")), (["a", 4], ("a",)), ([], ()), (None, ()), (4, ())],
)
def test_words(value, result):
    assert words(value) == result
