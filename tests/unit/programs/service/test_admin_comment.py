"""Summaries in Slurm's AdminComment: of the right run, one after another, and never more than slurmdbd can take."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from slurm_observability.jobs.sample import GpuSample, JobSample
from slurm_observability.service.admin_comment import BATCH, MAX_WAITING, AdminComments, comment
from slurm_observability.service.run import Run, RunRecord
from slurm_observability.service.summary.summary import summarise
from slurm_observability.slurm.command import SlurmError, SlurmRunner

RUN = Run(
    key=1,
    id="slurm-7-r1",
    cluster="lab",
    job_id=7,
    restart=1,
    state="completed",
    state_source="slurm",
    name="$(reboot) \"'`",
    cpus=2,
    gpus=1,
    node_count=1,
    memory_bytes=4 << 30,
    started_at=1000.0,
    ended_at=1100.0,
    exit_code=0,
)
GPU = GpuSample(gpu_id="0", vendor="nvidia", held_seconds=100.0, busy_seconds=0.0, energy_joules=1234.5)
SAMPLE = JobSample(
    job_id=7, node="n1", time=1100.0, final=True, cpu_seconds=50.0, memory_peak_bytes=1 << 30, oom_kills=0, gpus=(GPU,)
)
SUMMARY = summarise(RUN, [SAMPLE])


class Known:
    """A scheduler that knows some runs."""

    def __init__(self, *records: RunRecord) -> None:
        self.records = records
        self.down = False
        self.asked: list[Sequence[int]] = []

    def known(self, job_ids: Sequence[int]) -> Sequence[RunRecord]:
        self.asked.append(job_ids)
        if self.down:
            raise SlurmError("slurmdbd does not answer")
        return [record for record in self.records if record.job_id in job_ids]


def record(job_id=7, start=1000, end=1100, **more):
    told = {"state": "completed", "submit_time": start - 5, "start_time": start, "end_time": end, **more}
    return RunRecord(cluster="lab", job_id=job_id, **told)


class Clock:
    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def make(fake_slurm, clock):
    fake_slurm.answers("sacctmgr", " Modified jobs...\n")

    def make(*records):
        scheduler = Known(*records)
        return AdminComments(SlurmRunner(10), scheduler, clock, clock.sleep), scheduler

    return make


def outcomes(comments):
    written, waiting = comments.families()
    return {**{labels[0]: count for labels, count in written.samples if count}, "waiting": waiting.samples[0][1]}


def test_a_summary_is_written(make, fake_slurm):
    comments, _scheduler = make(record())
    comments.add(RUN, SUMMARY)
    comments.run()
    assert fake_slurm.calls("sacctmgr") == [
        "--immediate modify job where jobid=7 set AdminComment=run=slurm-7-r1 elapsed_seconds=100 cpu_efficiency=0.25 "
        "memory_efficiency=0.25 memory_peak_bytes=1073741824 oom_kills=0 gpu_efficiency=0 gpus_idle=1 gpu_joules=1234.5"
    ]
    assert outcomes(comments) == {"written": 1, "waiting": 0}
    comments.run()
    assert len(fake_slurm.calls("sacctmgr")) == 1


def test_what_is_not_known_is_left_out():
    assert comment(RUN, summarise(RUN, [])) == "run=slurm-7-r1 elapsed_seconds=100"


@pytest.mark.parametrize(
    ("more", "name"),
    [
        ({}, "7"),
        ({"array_job_id": 7, "array_task_id": 3}, "7_3"),  # the number alone would be all tasks
        ({"het_job_id": 7, "het_job_offset": 0}, "7+0"),
    ],
)
def test_the_run_alone_is_named(make, fake_slurm, more, name):
    comments, _scheduler = make(record(**more))
    comments.add(RUN, SUMMARY)
    comments.run()
    assert f" jobid={name} " in fake_slurm.calls("sacctmgr")[0]


@pytest.mark.parametrize(
    "records",
    [
        [record(), record(start=2000, end=2100)],
        [record(start=2000, end=2100), record()],
        [record(), record(start=2000, end=None, state="running")],
        [],
    ],
)
def test_two_runs_are_never_mixed_up(make, fake_slurm, records):
    """sacctmgr changes the last run of a job: where that is another one by now, it is left alone."""
    comments, _scheduler = make(*records)
    comments.add(RUN, SUMMARY)
    comments.run()
    assert fake_slurm.calls("sacctmgr") == []
    assert outcomes(comments) == {"other_run": 1, "waiting": 0}


@pytest.mark.parametrize("more", [{"state": "requeued"}, {"state_source": "events"}, {"started_at": None}])
def test_runs_that_have_no_place_for_one(make, more):
    comments, scheduler = make(record())
    comments.add(replace(RUN, **more), SUMMARY)
    comments.run()
    assert scheduler.asked == []


def test_the_end_of_many_jobs_is_written_slowly(make, clock):
    comments, scheduler = make(*(record(number) for number in range(1, 51)))
    for number in range(1, 51):
        comments.add(replace(RUN, job_id=number), SUMMARY)
    comments.run()
    assert outcomes(comments) == {"written": BATCH, "waiting": 50 - BATCH}
    assert clock.slept == [0.2] * BATCH
    assert len(scheduler.asked) == 1


def test_what_is_too_much_is_given_up_from_the_oldest_on(make):
    comments, scheduler = make()
    for number in range(1, MAX_WAITING + 3):
        comments.add(replace(RUN, job_id=number), SUMMARY)
    assert outcomes(comments) == {"given_up": 2, "waiting": MAX_WAITING}
    comments.run()
    assert scheduler.asked[0][0] == 3


def test_a_slurmdbd_that_is_away_is_left_alone(make, fake_slurm, clock):
    comments, scheduler = make(record())
    comments.add(RUN, SUMMARY)
    fake_slurm.fails("sacctmgr", "sacctmgr: error: Sending PersistInit msg: Connection refused")
    for _ in range(15):
        with pytest.raises(SlurmError, match="Connection refused"):
            comments.run()
        clock.now += 0.5
    assert len(fake_slurm.calls("sacctmgr")) == len(scheduler.asked) == 1
    assert outcomes(comments) == {"waiting": 1}
    fake_slurm.answers("sacctmgr", "")
    clock.now += 300
    comments.run()
    assert outcomes(comments) == {"written": 1, "waiting": 0}


def test_a_job_that_slurmdbd_does_not_know_is_passed_over(make, fake_slurm):
    comments, _scheduler = make(record(1), record(2))
    fake_slurm.does("sacctmgr", """case "$*" in *jobid=1*) echo "Request didn't affect anything" >&2; exit 1;; esac""")
    comments.add(replace(RUN, job_id=1), SUMMARY)
    comments.add(replace(RUN, job_id=2), SUMMARY)
    comments.run()
    assert outcomes(comments) == {"no_job": 1, "written": 1, "waiting": 0}


def test_what_was_given_up_meanwhile_takes_no_other_with_it(make, monkeypatch):
    comments, scheduler = make(record(1))
    comments.add(replace(RUN, job_id=1), SUMMARY)
    answer = scheduler.known

    def known(job_ids):
        for number in range(2, MAX_WAITING + 2):
            comments.add(replace(RUN, job_id=number), SUMMARY)
        return answer(job_ids)

    monkeypatch.setattr(scheduler, "known", known)
    comments.run()
    assert outcomes(comments) == {"written": 1, "given_up": 1, "waiting": MAX_WAITING}
