"""What the tests of the dashboards share."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.unit.dashboards.document import built

ROOT = Path(__file__).parents[3]
# The catalogues of metrics of our programs.
sys.path.insert(0, str(ROOT / "roles/_programs/files/slurm_observability/src"))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that takes a `document` runs once for each dashboard."""
    if "document" in metafunc.fixturenames:
        metafunc.parametrize("document", built().values(), ids=built().keys())
