"""The parts of bin/bench faults that decide: what has shrunk, what is as Slurm says, what the page says."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[2]
PACKAGES = ("side_by_side", "simulated_cluster", "injection", "exporter")


@pytest.fixture(autouse=True)
def faults_importable(monkeypatch):
    for folder in (TESTS, TESTS / "benchmarks", TESTS / "faults"):
        monkeypatch.syspath_prepend(str(folder))
    yield
    for name in [name for name in sys.modules if name.partition(".")[0] in PACKAGES]:
        del sys.modules[name]


def outcome(**more):
    seen = {"name": "slurmctld hangs", "how": "SIGSTOP", "down": ["jobs"], "slowest": 0.0123, "wrong": []}
    return {**seen, "shrank": False, "survived": True, "recovery": 2.04, **more}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({}, "| slurmctld hangs | SIGSTOP | jobs | 12 ms | yes, 2.0 s |"),
        ({"down": []}, "| none | 12 ms |"),
        ({"slowest": 0.0}, "| jobs | none answered |"),
        ({"recovery": None, "wrong": ["slurm_jobs: 3, 2"]}, "**no**: slurm_jobs: 3, 2 |"),
        ({"shrank": True}, "**no**: a total shrank |"),
        ({"survived": False}, "**no**: the program ended |"),
    ],
)
def test_a_row_says_what_was_seen(change, words):
    from exporter import good, page

    assert words in page({"slurm": "24.11.5", "outcomes": [outcome(**change)]})
    assert good(outcome(**change)) is ("**no**" not in words)


@pytest.mark.parametrize(
    ("after", "shrank"),
    [({"completed": 5.0}, False), ({"completed": 6.0}, False), ({"completed": 4.0}, True), ({}, False)],
)
def test_a_total_may_grow_or_be_absent_but_not_shrink(after, shrank):
    from injection.__main__ import fell

    def totals(values):
        return {(f"slurm_jobs_total_{name}", "", ""): value for name, value in values.items()} | {
            ("slurm_jobs", "", ""): 1000.0 - sum(values.values())
        }

    assert fell(totals({"completed": 5.0}), totals(after)) is shrank


def test_what_slurm_purged_is_still_expected(monkeypatch):
    from injection import __main__ as run

    key = ("slurm_job_runs_ended_total", "hpc", "COMPLETED")
    monkeypatch.setattr(run.slurm, "says", lambda reset: {key: 3.0, ("slurm_jobs_total_completed", "", ""): 3.0})

    class Program:
        reset = 0

        def page(self):
            return (
                'slurm_job_runs_ended_total{partition="hpc",state="COMPLETED"} 10\nslurm_jobs_total_completed 10\n'
                'slurm_exporter_source_up{source="jobs"} 1\nslurm_exporter_source_up{source="nodes"} 0\n'
            )

    assert run.differences(run.Scene(Program(), purged={key: 7.0})) == ["source nodes is down"]
    assert run.differences(run.Scene(Program())) == [
        "slurm_job_runs_ended_total{hpc,COMPLETED}: Slurm says 3, the exporter 10",
        "slurm_jobs_total_completed{,}: Slurm says 3, the exporter 10",
        "source nodes is down",
    ]
