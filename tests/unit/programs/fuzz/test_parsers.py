"""Every public function of slurm/ that makes something of one piece of text, of a line, or of a record of slurmrestd's.

They are found by their annotations, so that a new one is fuzzed without being named here. Each must return something,
or raise SlurmError.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest
import slurm_observability.slurm
from hypothesis import given
from hypothesis import strategies as st
from slurm_observability.slurm.command import SlurmError

from tests.unit.programs.fuzz import answers
from tests.unit.programs.fuzz.hostile import FRAGMENTS, THOROUGH, mangled

_LINES = [line.encode() for text in answers.COMMANDS.values() for line in text.splitlines()]
_WORDS = [word for line in _LINES for word in line.replace(b"|", b" ").split()]

lines = st.sampled_from([*_LINES, *_WORDS, *FRAGMENTS]).flatmap(mangled)
texts = lines.map(lambda line: line.decode("utf-8", "replace"))
scalars = st.none() | st.booleans() | st.integers() | st.floats() | texts


@st.composite
def records(draw: st.DrawFn) -> object:
    """Draw a record of slurmrestd's in which some values are others, of any type; or no record at all."""
    record = draw(st.sampled_from([record for page in answers.PAGES.values() for record in _records(page)]))
    anything = st.recursive(
        scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3)
    )
    changed = draw(st.dictionaries(st.sampled_from(sorted(record)), anything, max_size=3))
    return draw(st.just({**record, **changed}) | anything)


def _records(page: dict) -> Iterator[dict]:
    for value in page.values():
        yield from (record for record in value if record) if isinstance(value, list) else [value]


STRATEGIES = {"str": texts, "bytes": lines, "Any": records()}


def parsers() -> Iterator[tuple[str, Callable, str]]:
    """Yield each function of one required argument that is a text, a line or a record: its name, it, the kind."""
    package = slurm_observability.slurm
    for module_info in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        module = importlib.import_module(module_info.name)
        for name, function in inspect.getmembers(module, callable):
            plain = inspect.unwrap(function)  # of its cache
            if not inspect.isfunction(plain) or plain.__module__ != module.__name__ or name.startswith("_"):
                continue  # what is private sees what its module has let pass
            needed = [
                parameter
                for parameter in inspect.signature(function).parameters.values()
                if parameter.default is parameter.empty
            ]
            if len(needed) == 1 and needed[0].annotation in STRATEGIES:
                yield f"{module.__name__.removeprefix(package.__name__ + '.')}.{name}", function, needed[0].annotation


FOUND = list(parsers())


def test_the_parsers_are_found():
    assert {"nodes.parse_node", "tres.parse_tres", "rest.jobs.parse_job"} <= {name for name, *_ in FOUND}


@pytest.mark.parametrize(("function", "kind"), [pytest.param(*found[1:], id=found[0]) for found in FOUND])
@THOROUGH
@given(data=st.data())
def test_nothing_but_a_slurm_error(function, kind, data):
    argument = data.draw(STRATEGIES[kind])
    with suppress(SlurmError):
        function(argument)
