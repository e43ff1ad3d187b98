"""Runs inside the sandbox, as its first process: a small real cluster, an exporter on it, one fault after the other.

Prints one JSON document on stdout and its progress on stderr.
"""

from __future__ import annotations

import json
import sys
import time
from contextlib import suppress
from dataclasses import asdict, dataclass

from simulated_cluster import daemons, workload
from simulated_cluster.command import run
from simulated_cluster.size import Size

from . import slurm
from .faults import Fault, Scene, faults
from .program import STAND_INS, Program, Samples, forget_state, samples, sources_down

SIZE = Size(nodes=1_000, jobs=5_000, rows=20_000)
RESET_DAYS = 60
# Recovery is waited for so long; more is a failure.
PATIENCE = 120.0
# Numbers that must never fall while the program's state lives.
COUNTERS = ("slurm_job_runs_ended_total", "slurm_jobs_total_")


@dataclass
class Outcome:
    """What was seen. Times in seconds. ``wrong`` says what was not as Slurm says after the fault, one line each."""

    name: str
    how: str
    down: list[str]
    slowest: float
    shrank: bool
    survived: bool
    recovery: float | None
    wrong: list[str]

    @property
    def verdict(self) -> str:
        """How it ended, in words."""
        return f"not equal: {self.wrong[:5]}" if self.recovery is None else f"equal after {self.recovery:.1f} s"


def say(text: str) -> None:
    """Report progress."""
    print(f"   {text}", file=sys.stderr, flush=True)


def differences(scene: Scene) -> list[str]:
    """Return what the exporter says otherwise than Slurm, one line each, or why it cannot be asked."""
    expected = slurm.says(scene.program.reset)
    for key, count in scene.purged.items():
        expected[key] = expected.get(key, 0) + count
    if scene.purged:
        # What the specification's gauges count is gone from Slurm, and so there is nothing to hold them against.
        expected = {key: value for key, value in expected.items() if not key[0].startswith("slurm_jobs_total_")}
    try:
        page = scene.program.page()
    except OSError as error:
        return [f"no answer: {error}"]
    actual = samples(page)
    wrong = [
        f"{name}{{{partition},{state}}}: Slurm says {value:g}, the exporter {actual.get((name, partition, state))}"
        for (name, partition, state), value in expected.items()
        if actual.get((name, partition, state), 0) != value
    ]
    return [*wrong, *(f"source {name} is down" for name in sorted(sources_down(page)))]


def wait_until_equal(scene: Scene) -> tuple[float | None, list[str]]:
    """Return the seconds until the exporter says what Slurm says, None when it never does, and what is wrong."""
    began = time.monotonic()
    while wrong := differences(scene):
        if time.monotonic() - began > PATIENCE:
            return None, wrong
        time.sleep(0.3)
    return time.monotonic() - began, []


def watch(scene: Scene, seconds: float) -> tuple[set[str], float, bool]:
    """Look at the exporter while a fault lasts: the sources that fail, the slowest answer, whether a total shrank."""
    down: set[str] = set()
    slowest, shrank, until = 0.0, False, time.monotonic() + seconds
    while time.monotonic() < until:
        began = time.monotonic()
        with suppress(OSError):
            page = scene.program.page()
            slowest = max(slowest, time.monotonic() - began)
            down |= sources_down(page)
            shrank = shrank or fell(scene.before, samples(page))
        time.sleep(0.2)
    return down, slowest, shrank


def fell(before: Samples, after: Samples) -> bool:
    """Tell whether a total that is shown has become smaller."""
    return any(after.get(key, value) < value for key, value in before.items() if key[0].startswith(COUNTERS))


def inject(fault: Fault, scene: Scene) -> Outcome:
    """Let a fault happen to a healthy exporter, jobs ending meanwhile, and see what becomes of it."""
    slurm.submit(4, "sleep 2; exit $((SLURM_ARRAY_TASK_ID % 2))")
    scene.before = samples(scene.program.page())
    with fault.inject(scene):
        down, slowest, shrank = watch(scene, fault.seconds)
    recovery, wrong = wait_until_equal(scene)
    survived = scene.program.alive
    shrank = shrank or (survived and fell(scene.before, samples(scene.program.page())))
    return Outcome(fault.name, fault.how, sorted(down), slowest, shrank, survived, recovery, wrong)


def healthy(fault: Fault, scene: Scene) -> None:
    """Start the exporter where it does not run; raise RuntimeError when it is not right before the fault."""
    if not scene.program.alive:
        forget_state(fault.user)
        scene.program.start(fault.user)
    recovery, wrong = wait_until_equal(scene)
    if recovery is None:
        raise RuntimeError(f"before '{fault.name}' the exporter is wrong: {'; '.join(wrong[:5])}")


def start_cluster() -> None:
    """Bring up a small cluster with a history."""
    daemons.configure(SIZE)
    daemons.start()
    workload.load_history(SIZE)
    workload.declare_nodes_up(SIZE)
    workload.set_node_states(SIZE)
    STAND_INS.mkdir()


def main(wanted: list[str]) -> int:
    """Inject the faults whose names contain a wanted word, or all of them."""
    start_cluster()
    outcomes = []
    for fault in faults():
        if wanted and not any(word in fault.name for word in wanted):
            continue
        scene = Scene(Program(int(time.time()) - RESET_DAYS * 86400))
        healthy(fault, scene)
        outcome = inject(fault, scene)
        scene.program.kill()
        outcomes.append(asdict(outcome))
        say(f"{fault.name}: {outcome.verdict}")
    json.dump({"slurm": run("squeue", "--version").split()[1], "outcomes": outcomes}, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
