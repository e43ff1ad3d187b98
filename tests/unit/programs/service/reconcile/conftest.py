"""A reconciler between a simulated Slurm and a real database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from slurm_observability.service.reconcile.reconciler import Reconciler
from slurm_observability.service.run import Run
from slurm_observability.service.store.runs import RunFilter
from slurm_observability.service.store.store import Store

from tests.unit.programs.service.reconcile.simulated_slurm import SimulatedSlurm

NOW = 1_795_000_000


class Scene:
    """The parts, and the time. ``turn`` lets the three tasks run once."""

    def __init__(self, directory: Path, slurm: SimulatedSlurm, **more: object) -> None:
        self.slurm = slurm
        self.store = Store(f"sqlite:///{directory}/jobs.db")
        self.store.migrate()
        self.more = more
        self.restart()

    def restart(self) -> None:
        """Begin anew with the same database, as the service does."""
        self.reconciler = Reconciler(
            self.slurm, self.store, clock=self.slurm.clock, uptime=self.slurm.clock, **self.more
        )

    def turn(self, seconds: int = 0) -> None:
        self.slurm.now += seconds
        self.reconciler.read_queue()
        self.reconciler.read_ended()
        self.reconciler.settle()

    def events(self, *events: object) -> None:
        self.store.add_events(events, "node", self.slurm.clock())

    def runs(self) -> list[Run]:
        return sorted(self.store.runs(RunFilter(), None, 1000).runs, key=lambda run: (run.job_id, run.restart))

    def states(self) -> list[tuple[int, int, str]]:
        return [(run.job_id, run.restart, run.state) for run in self.runs()]

    def metrics(self) -> dict[tuple[str, ...], float]:
        return {
            (family.metric.name.removeprefix("job_observability_"), *labels): value
            for family in self.reconciler.families()
            for labels, value in family.samples
        }


@pytest.fixture
def slurm() -> SimulatedSlurm:
    return SimulatedSlurm(NOW)


@pytest.fixture
def scene(tmp_path: Path, slurm: SimulatedSlurm) -> Iterator[Scene]:
    scene = Scene(tmp_path, slurm)
    yield scene
    scene.store.close()
