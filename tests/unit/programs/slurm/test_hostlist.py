"""The names in Slurm's lists of nodes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from slurm_observability.slurm.hostlist import MAX_NODES, node_names


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", ()),
        ("n1", ("n1",)),
        ("n1,login", ("n1", "login")),
        ("n[1-3,7]", ("n1", "n2", "n3", "n7")),
        ("n[08-11]", ("n08", "n09", "n10", "n11")),
        ("gpu-[1-2]-ib,c1", ("gpu-1-ib", "gpu-2-ib", "c1")),
        ("r[1-2]n[1-2]", ("r1n1", "r1n2", "r2n1", "r2n2")),
        ("n[5-5]", ("n5",)),
        ("n[150000-150001]", ("n150000", "n150001")),
    ],
)
def test_the_names(text, names):
    assert node_names(text) == names


@pytest.mark.parametrize("text", ["n[3-1]", "n[]", "n[a-b]", "n[1-]", "n[1,]", "n[1-999999999]"])
def test_what_slurm_never_writes_gives_no_names(text):
    assert node_names(text) == ()


def test_a_list_that_stands_for_too_much_gives_no_names():
    assert node_names("n[1-100000]m[1-100000]") == ()
    assert node_names(",".join(f"n{number}" for number in range(MAX_NODES + 1))) == ()


@given(st.text(alphabet="n1,-[]0 é", max_size=30))
def test_any_text_gives_names_or_none(text):
    assert all(isinstance(name, str) for name in node_names(text))


@given(st.lists(st.integers(0, 999), min_size=1, unique=True))
def test_ranges_give_their_numbers(numbers):
    assert node_names(f"n[{','.join(map(str, numbers))}]") == tuple(f"n{number}" for number in numbers)
