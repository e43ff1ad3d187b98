"""The bar on the branches that the tests take."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

_spec = importlib.util.spec_from_file_location("branch_coverage", Path(__file__).parents[2] / "branch_coverage.py")
branch_coverage = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(branch_coverage)


def report(covered_branches: int, covered_lines: int = 100) -> dict:
    return {
        "files": {"src/queue.py": {"missing_branches": [[3, 5], [7, -1]], "missing_lines": [4]}},
        "totals": {
            "covered_branches": covered_branches,
            "num_branches": 100,
            "covered_lines": covered_lines,
            "num_statements": 100,
        },
    }


@pytest.mark.parametrize(("branches", "lines", "reached"), [(95, 95, True), (94, 100, False), (100, 94, False)])
def test_both_branches_and_statements_have_to_reach_the_bar(branches, lines, reached):
    assert branch_coverage.verdict(report(branches, lines))[1] is reached


def test_what_no_test_takes_is_named():
    lines, _ = branch_coverage.verdict(report(98))
    assert lines[0] == "queue.py: lines [4], branches 3->5 7->exit"
    assert lines[-1] == "branches 98.0 %, statements 100.0 %, bar 95 %"
