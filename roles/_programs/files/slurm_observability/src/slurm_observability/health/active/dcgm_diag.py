"""DCGM 4: what ``dcgmi diag --run LEVEL --json`` prints.

``DCGM Diagnostic`` has categories, these have tests, and a test has results of single entities and a ``test_summary``.
With a ``runtime_error`` nothing was tested.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ...slurm.command import one_line
from ..answers import json_object, mapping, sequence, text_of
from ..check import MAX_LABEL, Unreadable
from .result import Result

FORMAT = "dcgm"

# Verdicts on a test. One that was skipped is neither well nor ill.
_VERDICTS = {"Pass": True, "Warn": False, "Fail": False}
_MAX_TESTS = 100


def read(check: str, text: str) -> Iterator[Result]:
    """Yield the diagnosis as a whole, as ``CHECK``, and each test that ran, as ``CHECK:TEST``."""
    tests: dict[str, bool] = {}
    try:
        # A library may have printed something before the object.
        diagnostic = mapping(json_object(text[text.find("{") :]).get("DCGM Diagnostic"))
        for category in sequence(diagnostic.get("test_categories", [])):
            for test in sequence(mapping(category).get("tests", [])):
                _note(mapping(test), tests)
    except Unreadable:
        tests = {}
    yield Result(check, bool(tests) and all(tests.values()))
    for name, passed in tests.items():
        yield Result(f"{check}:{name}", passed)


def _note(test: Mapping[str, object], tests: dict[str, bool]) -> None:
    """Note the verdict on a test. One that cannot be read is none that passed."""
    status = text_of(mapping(test.get("test_summary")).get("status"))
    if status in ("Skip", "Not Run"):
        return
    name = one_line(text_of(test.get("name")), MAX_LABEL // 2) or "unnamed"
    tests[name] = tests.get(name, True) and _VERDICTS.get(status, False)
    if len(tests) > _MAX_TESTS:
        raise Unreadable(f"it lists more than {_MAX_TESTS} tests")
