"""What ended jobs used is counted once, from the start of the exporter on."""

from __future__ import annotations

import math

import pytest
from slurm_observability.exporter.efficiency import (
    MAX_WINDOW_SECONDS,
    OVERLAP_SECONDS,
    SETTLE_SECONDS,
    EfficiencyReader,
    Ratios,
)
from slurm_observability.exporter.topics.efficiency import families
from slurm_observability.slurm.command import SlurmError, SlurmRunner
from slurm_observability.slurm.config import Configuration
from slurm_observability.slurm.efficiency import EndedJob, EndedJobReader

from tests.unit.programs.exporter.shown import SCENE, shown

BEGAN = 1_000_000
PART = "hpc"


def job(job_id: int, end: int, cpu: float | None = 5.0, memory: int | None = 50, limit: int | None = 100, **more):
    """A run of 10 seconds on 2 CPUs."""
    return EndedJob(job_id, end - 10, end, PART, more.get("elapsed", 10), more.get("cpus", 2), cpu, memory, limit)


class Database(EndedJobReader):
    """Knows runs, and answers as sacct does: with those that ended in the window."""

    def __init__(self) -> None:
        super().__init__(SlurmRunner(10))
        self.jobs: list[EndedJob] = []
        self.windows: list[tuple[int, int]] = []
        self.away = False

    def ended(self, start: int, end: int):
        self.windows.append((start, end))
        if self.away:
            raise SlurmError("slurmdbd is away")
        return iter([each for each in self.jobs if start <= each.end <= end])


class Exporter:
    """An exporter that started at BEGAN, and its clock."""

    def __init__(self, fake_slurm, gather: str = "jobacct_gather/linux") -> None:
        fake_slurm.answers("scontrol", f"ClusterName = lab\nJobAcctGatherType = {gather}\n")
        self.now = float(BEGAN)
        self.database = Database()
        configuration = Configuration(SlurmRunner(10))
        self.reader = EfficiencyReader(self.database, configuration, lambda: self.now)

    def count_at(self, now: int) -> int:
        """Read at a time; return how many runs have been counted."""
        self.now = now
        return sum(sum(use.cpu.counts) + use.unmeasured for use in self.reader.read().values())


@pytest.fixture
def exporter(fake_slurm) -> Exporter:
    return Exporter(fake_slurm)


def test_all_runs_without_a_measure_are_counted(exporter):
    end = BEGAN + 300
    exporter.database.jobs = [job(number, end)._replace(cpu_seconds=None) for number in (1, 2)]
    assert exporter.count_at(end + SETTLE_SECONDS) == 2


def test_each_run_counts_once_in_overlapping_windows(exporter):
    first = BEGAN + 300
    exporter.database.jobs = [job(1, first), job(2, first + SETTLE_SECONDS)]
    assert exporter.count_at(first + SETTLE_SECONDS) == 1
    assert exporter.count_at(first + 2 * SETTLE_SECONDS) == 2
    exporter.database.jobs.append(job(3, first - 100))  # its record was late
    exporter.database.jobs.append(job(1, first + 20))  # the same job again, requeued
    assert exporter.count_at(first + 3 * SETTLE_SECONDS) == 4
    assert exporter.count_at(first + OVERLAP_SECONDS) == 4


def test_runs_that_ended_before_the_start_were_counted_by_the_exporter_before(exporter):
    exporter.database.jobs = [job(1, BEGAN - 1), job(2, BEGAN)]
    assert exporter.count_at(BEGAN + 300) == 1
    assert exporter.database.windows == [(BEGAN, BEGAN + 300 - SETTLE_SECONDS)]


def test_nothing_is_asked_before_a_record_can_have_settled(exporter):
    assert exporter.count_at(BEGAN + SETTLE_SECONDS - 1) == 0
    assert exporter.database.windows == []


def test_after_an_outage_the_rest_is_read_in_pieces(exporter):
    hours = 10
    exporter.database.jobs = [job(number, BEGAN + number * 600) for number in range(hours * 6)]
    exporter.count_at(BEGAN + 300)
    exporter.database.away = True
    for hour in range(1, hours):
        with pytest.raises(SlurmError, match="away"):
            exporter.count_at(BEGAN + hour * 3600)
    exporter.database.away = False
    counts = [exporter.count_at(BEGAN + hours * 3600 + turn) for turn in range(hours + 2)]
    assert counts == sorted(counts)
    assert counts[-1] == len(exporter.database.jobs)
    assert max(end - start for start, end in exporter.database.windows) <= MAX_WINDOW_SECONDS + OVERLAP_SECONDS


def test_memory_is_bounded_by_the_overlap(exporter):
    exporter.database.jobs = [job(number, BEGAN + number) for number in range(10_000)]
    for now in range(BEGAN, BEGAN + 12_000, 300):
        counted = exporter.count_at(now)
    assert counted == 10_000
    assert len(exporter.reader._counted) <= OVERLAP_SECONDS + 300


def test_a_clock_set_back_counts_nothing_twice(exporter):
    exporter.database.jobs = [job(1, BEGAN + 10)]
    assert exporter.count_at(BEGAN + 1000) == 1
    assert exporter.count_at(BEGAN + 100) == 1
    assert exporter.count_at(BEGAN + 1000) == 1


def test_what_ends_while_the_exporter_is_the_standby_is_left_to_the_other_one(exporter):
    exporter.database.jobs = [job(number, BEGAN + 100 * number) for number in range(30)]
    assert exporter.count_at(BEGAN + 1000) == 10
    exporter.reader.rest()
    assert exporter.count_at(BEGAN + 2000) == 10
    assert exporter.count_at(BEGAN + 2960) == 10 + 10


@pytest.mark.parametrize("gather", ["(null)", "jobacct_gather/none"])
def test_a_cluster_that_gathers_nothing_is_not_asked(fake_slurm, gather):
    exporter = Exporter(fake_slurm, gather)
    exporter.database.jobs = [job(1, BEGAN + 10)]
    assert exporter.count_at(BEGAN + 1000) == 0
    assert exporter.database.windows == []


def test_what_is_not_known_is_absent_and_not_zero(exporter):
    exporter.database.jobs = [
        job(1, BEGAN + 1, cpu=None, memory=None),
        job(2, BEGAN + 2, memory=None),
        job(3, BEGAN + 3, limit=None),
        job(4, BEGAN + 4, elapsed=0, cpu=0.0),
        job(5, BEGAN + 5, cpus=0, cpu=0.0),
        job(6, BEGAN + 6, cpu=20.0, memory=101),
    ]
    exporter.now = BEGAN + 100
    samples = shown(families(exporter.reader.read(), SCENE))
    of_part = {name: value for name, value in samples.items() if "_bucket" not in name}
    assert of_part == {
        'slurm_job_cpu_efficiency_ratio_count{partition="hpc"}': 3,
        'slurm_job_cpu_efficiency_ratio_sum{partition="hpc"}': 0.25 + 0.25 + 1.0,
        'slurm_job_memory_efficiency_ratio_count{partition="hpc"}': 1,
        'slurm_job_memory_efficiency_ratio_sum{partition="hpc"}': 1.01,
        'slurm_job_cpu_used_seconds_total{partition="hpc"}': 30,
        'slurm_job_cpu_allocated_seconds_total{partition="hpc"}': 60,
        'slurm_jobs_unmeasured_total{partition="hpc"}': 1,
    }
    assert samples['slurm_job_cpu_efficiency_ratio_bucket{le="0.25",partition="hpc"}'] == 2
    assert samples['slurm_job_cpu_efficiency_ratio_bucket{le="1.0",partition="hpc"}'] == 3
    assert samples['slurm_job_memory_efficiency_ratio_bucket{le="1.0",partition="hpc"}'] == 0
    assert samples['slurm_job_memory_efficiency_ratio_bucket{le="+Inf",partition="hpc"}'] == 1


def test_an_answer_does_not_change_when_more_is_read(exporter):
    exporter.database.jobs = [job(1, BEGAN + 10), job(2, BEGAN + 400)]
    exporter.now = BEGAN + 300
    before = exporter.reader.read()
    exporter.count_at(BEGAN + 600)
    assert sum(before[PART].cpu.counts) == 1


def test_bounds_belong_to_the_bucket_below():
    ratios = Ratios()
    for ratio in (0.0, 0.05, 1.0, 1.5):
        ratios.add(ratio)
    assert ratios.buckets()[0] == (0.05, 2)
    assert ratios.buckets()[-2:] == [(1.0, 3), (math.inf, 4)]
    assert ratios.total == 2.55


def test_lines_that_sacct_rejects_are_told(exporter):
    exporter.database.rejected_lines = 4
    assert exporter.reader.rejected_lines == 4
