"""Why a run ended, in one sentence."""

from __future__ import annotations

import pytest
from slurm_observability.jobs.sample import JobSample
from slurm_observability.service import states
from slurm_observability.service.run import Run
from slurm_observability.service.summary.reason import duration, size, why_ended


def run(state, **more) -> Run:
    return Run(key=1, id="slurm-1", cluster="lab", job_id=1, state=state, state_source="slurm", **more)


def sample(node, **more) -> JobSample:
    return JobSample(job_id=1, node=node, time=100.0, final=True, **more)


KILLED = sample("node2", oom_kills=1, memory_peak_bytes=3435973837, memory_limit_bytes=3435973837)


@pytest.mark.parametrize(
    ("ended", "samples", "sentence"),
    [
        (run("out_of_memory"), [sample("node1"), KILLED], "out of memory on node2 at 3.2 GiB of 3.2 GiB"),
        (run("out_of_memory"), [sample("n1", oom_kills=2)], "out of memory on n1"),
        (run("out_of_memory"), [], "out of memory"),
        (run("timeout", time_limit=3600), [], "time limit 01:00:00"),
        (run("timeout"), [], "time limit"),
        (run("failed", exit_code=3, exit_signal=0), [], "exit code 3"),
        (run("failed", exit_code=0, exit_signal=9), [], "signal 9 (SIGKILL)"),
        (run("failed", exit_code=0, exit_signal=33), [], "signal 33"),
        (run("failed", exit_code=137, exit_signal=0), [], "exit code 137 (signal 9 (SIGKILL) in a shell)"),
        (run("failed", exit_code=200, exit_signal=0), [], "exit code 200"),
        (
            run("failed", exit_code=0, exit_signal=9),
            [KILLED],
            "signal 9 (SIGKILL); out of memory on node2 at 3.2 GiB of 3.2 GiB",
        ),
        (run("failed", reason="JobLaunchFailure"), [], "failed: JobLaunchFailure"),
        (run("failed"), [], "failed; Slurm does not say why"),
        (run("completed", exit_code=0), [], "completed"),
        (run("completed", derived_exit_code=5), [], "completed; a step of it ended with exit code 5"),
        (run("completed"), [sample("n1", oom_kills=1)], "completed; out of memory on n1"),
        (run("cancelled", reason="cancelled by uid 1000"), [], "cancelled by uid 1000"),
        (run("cancelled"), [], "cancelled"),
        (run("node_fail", reason="node1 failed"), [], "node1 failed"),
        (run("node_fail"), [], "a node failed"),
    ],
)
def test_sentences(ended, samples, sentence):
    assert why_ended(ended, samples) == sentence


def test_every_end_has_a_sentence():
    sentences = {state: why_ended(run(state), []) for state in states.ENDED}
    assert all(sentences.values())
    assert sentences["unknown"] == "nobody reported its end"


def test_times_and_sizes():
    assert [duration(value) for value in (0, 59.9, 3600, 90061)] == ["00:00:00", "00:00:59", "01:00:00", "1-01:01:01"]
    assert [size(value) for value in (0, 1023, 1024, 3 << 29, 5 << 40, 5 << 50)] == [
        *("0 B", "1023 B", "1.0 KiB", "1.5 GiB", "5.0 TiB", "5120.0 TiB")
    ]
