"""What the benchmark of the hooks makes of its numbers."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

PATH = Path(__file__).parents[2] / "benchmarks/hooks.py"


@pytest.fixture(scope="module")
def hooks_benchmark():
    specification = importlib.util.spec_from_file_location("hooks_benchmark", PATH)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


@pytest.mark.parametrize(("percent", "value"), [(50, 50), (99, 99), (100, 100), (1, 1)])
def test_a_percentile_is_one_of_the_values(hooks_benchmark, percent: int, value: float):
    assert hooks_benchmark.percentile(range(100, 0, -1), percent) == value


def test_few_values_have_percentiles_too(hooks_benchmark):
    assert hooks_benchmark.percentile([2.0, 1.0], 99) == 2.0
    assert hooks_benchmark.percentile([], 99) is None
