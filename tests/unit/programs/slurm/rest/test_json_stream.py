"""Reading JSON while it arrives."""

from __future__ import annotations

import json
import tracemalloc
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from slurm_observability.slurm.rest.json_stream import members

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def cut(data: bytes, size: int) -> list[bytes]:
    return [data[at : at + size] for at in range(0, len(data), size)]


@given(st.lists(VALUES, max_size=6), st.dictionaries(st.text(min_size=1), VALUES, max_size=4), st.integers(1, 40))
@settings(deadline=None)
def test_it_does_not_matter_how_the_text_is_cut(items, others, size):
    others.pop("jobs", None)
    whole = {**others, "jobs": items, "end": 12345}
    for indent in (None, 2):
        text = json.dumps(whole, indent=indent, ensure_ascii=False).encode("utf-8", "surrogatepass")
        found = list(members(cut(text, size), "jobs"))
        assert json.dumps([value for name, value in found if name == "jobs"]) == json.dumps(
            json.loads(text.decode("utf-8", "replace"))["jobs"]
        )
        assert dict(found)["end"] == 12345
        assert {name for name, value in found} >= {*others, "end"}


@given(st.binary(max_size=200), st.integers(1, 40))
def test_any_bytes_are_an_object_or_an_error(data, size):
    for text in (data, b'{"jobs": [' + data, b'{"jobs": [1], "x":' + data + b"}"):
        with suppress(ValueError):
            list(members(cut(text, size), "jobs"))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("{}", []),
        ('{"jobs": []}', [("jobs", None)][:0]),
        ('{"jobs": {"a": 1}}', [("jobs", {"a": 1})]),
        ('{"jobs": null, "x": [1, 2]}', [("jobs", None), ("x", [1, 2])]),
        (' {"jobs" : [ 1 , {"b": []} ] }\n', [("jobs", 1), ("jobs", {"b": []})]),
    ],
)
def test_forms_of_objects(text, found):
    assert list(members([text.encode()], "jobs")) == found


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1",
        "[]",
        "{",
        '{"a"',
        '{"a":',
        '{"a": 1',
        '{"jobs": [',
        '{"jobs": [1',
        '{"jobs": [1,',
        '{"jobs": [1 2]}',
        '{"a": 1 "b": 2}',
    ],
)
def test_what_is_no_object_or_breaks_off(text):
    with pytest.raises(ValueError, match="JSON text"):
        list(members([text.encode()], "jobs"))


def test_bytes_that_are_no_text_harm_nothing_else():
    assert list(members([b'{"jobs": ["\xff"]}'], "jobs")) == [("jobs", "\ufffd")]


def test_a_long_list_takes_little_memory():
    record = json.dumps({"name": "x" * 3000}).encode()

    def chunks():
        yield b'{"jobs": ['
        for number in range(20_000):
            yield (b"," if number else b"") + record
        yield b"]}"

    tracemalloc.start()
    try:
        assert sum(1 for member in members(chunks(), "jobs")) == 20_000
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()
