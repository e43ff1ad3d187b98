"""Whatever is lost, late or repeated: in the end the database says of every run what is true."""

from __future__ import annotations

import random
import tempfile
from contextlib import suppress
from pathlib import Path

from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from slurm_observability.slurm.command import SlurmError

from tests.unit.programs.service.reconcile.conftest import NOW, Scene
from tests.unit.programs.service.reconcile.simulated_slurm import Life, SimulatedSlurm

HOUR = 3600
ENDS = [("completed", 0), ("failed", 3), ("timeout", 0), ("cancelled", 0), ("node_fail", 0), ("out_of_memory", 137)]


@st.composite
def jobs(draw: st.DrawFn) -> list[Life]:
    """Draw the runs of a few jobs: each job is requeued up to twice, and ends somehow."""
    lives = []
    for job_id in range(1, draw(st.integers(1, 4)) + 1):
        start = NOW + draw(st.integers(-2 * HOUR, HOUR))
        nodes = draw(st.sampled_from([("n1",), ("n1", "n2")]))
        requeues = draw(st.integers(0, 2))
        for restart in range(requeues + 1):
            end = start + draw(st.integers(1, HOUR))
            state, code = ("requeued", 0) if restart < requeues else draw(st.sampled_from(ENDS))
            recorded = end + draw(st.sampled_from([0, 0, 30, 2 * HOUR]))
            lives.append(Life(job_id, restart, start, end, state, code, nodes, recorded))
            start = end + draw(st.integers(120, HOUR))
    return lives


def arrivals(lives, chance):
    """When each event arrives: never, at once, later, or twice."""
    for life in lives:
        for event in life.events():
            for _ in range(chance.choice([0, 1, 1, 1, 2])):
                yield event.time + chance.choice([0, 0, 5, 300, 2 * HOUR]), event.event_id, event


# A failing example takes minutes to shrink, each with hundreds of transactions: it is shown as it was found.
@settings(max_examples=15, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(lives=jobs(), seed=st.integers(0, 1 << 32))
def test_the_database_converges_to_the_truth(lives, seed):
    chance = random.Random(seed)
    slurm = SimulatedSlurm(NOW)
    slurm.lives = lives
    waiting = sorted(arrivals(lives, chance))
    last = max([life.recorded for life in lives] + [int(time) for time, *_ in waiting] + [NOW])
    with tempfile.TemporaryDirectory() as directory:
        scene = Scene(Path(directory), slurm)
        while slurm.now < last + 3 * HOUR:
            slurm.now += chance.choice([15, 60, 600, HOUR])
            due, waiting = (
                [each for each in waiting if each[0] <= slurm.now],
                [each for each in waiting if each[0] > slurm.now],
            )
            chance.shuffle(due)
            scene.events(*(event for _time, _id, event in due))
            slurm.queue_down, slurm.accounting_down = (slurm.now < last and chance.random() < 0.2 for _ in range(2))
            for task in (scene.reconciler.read_queue, scene.reconciler.read_ended, scene.reconciler.settle):
                with suppress(SlurmError):
                    task()
            if chance.random() < 0.1:
                scene.restart()
        found = [
            (run.job_id, run.restart, run.state, run.state_source, run.started_at, run.ended_at, run.exit_code)
            for run in scene.runs()
        ]
        scene.store.close()
    assert found == sorted(
        (life.job_id, life.restart, life.state, "slurm", life.start, life.end, life.exit_code) for life in lives
    )
