"""The lab's fixtures, and Slurm's commands of its head."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.lab.conftest import jobs, lab
from tests.integration.lab.exporter_here import commands_of
from tests.integration.lab.support import Lab

__all__ = ["commands_on_head", "jobs", "lab"]


@pytest.fixture(scope="session")
def commands_on_head(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Slurm's commands in PATH are those of head."""
    with commands_of(lab, tmp_path_factory.mktemp("commands")):
        yield
