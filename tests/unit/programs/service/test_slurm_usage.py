"""What Slurm measured of runs: asked for where it gathers that, and kept with the right run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from slurm_observability.service import slurm_usage, slurm_usage_metrics
from slurm_observability.service.run import RunRecord, SlurmUsage
from slurm_observability.service.slurm_usage import MARK, MAX_RUNNING, SlurmUsages
from slurm_observability.service.store.runs import RunFilter
from slurm_observability.service.store.store import Store
from slurm_observability.slurm.command import SlurmError, SlurmRunner

from tests.unit.programs.conftest import FakeSlurm

NOW = 1_795_270_000
CONFIG = "ClusterName = lab\nJobAcctGatherType = {}\nSlurmUser = slurm(64030)\n"


def record(job_id: int, start: float, end: int | None = None, **more: object) -> RunRecord:
    told = {"cluster": "lab", "state": "running" if end is None else "completed", "start_time": start, "end_time": end}
    return RunRecord(job_id=job_id, **{**told, **more})  # type: ignore[arg-type]


def sacct(job_id: int, start: int, end: int, cpu: str = "00:10.000", memory: int = 500) -> str:
    times = f"{start}|{end}|{end - start}|2|{cpu}"
    usage = f"cpu=00:00:06,energy=0,mem={memory},pages=0"
    return f"{job_id}|{times}|cpu=2|mem=1000M||hpc\n{job_id}.batch|{times}|cpu=2||{usage}|\n"


class Side:
    """The part, a database of its own, and stand-ins for Slurm's commands. This user is SlurmUser."""

    def __init__(self, slurm: FakeSlurm, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        self.slurm, self.store, self.now = slurm, store, float(NOW)
        self.gathers("jobacct_gather/cgroup")
        slurm.answers("sstat", "")
        monkeypatch.setattr(slurm_usage, "may_ask", lambda parameters: self.may)
        self.may = True
        self.usages = self.make()

    def make(self) -> SlurmUsages:
        return SlurmUsages(SlurmRunner(30), self.store, clock=lambda: self.now)

    def gathers(self, plugin: str) -> None:
        self.slurm.answers("scontrol", CONFIG.format(plugin))

    def exposed(self) -> dict[str, dict[tuple[str, ...], float]]:
        """What a scrape shows, by metric and labels."""
        return {
            family.metric.name: {tuple(labels): value for labels, value in family.samples}
            for family in self.usages.metrics.families()
        }

    def shown(self) -> dict[str, SlurmUsage | None]:
        return {run.id: run.slurm_usage for run in self.store.runs(RunFilter(), None, 99).runs}


@pytest.fixture
def side(fake_slurm: FakeSlurm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Side]:
    store = Store(f"sqlite:///{tmp_path}/jobs.db")
    store.migrate()
    store.adopt_cluster("lab")
    yield Side(fake_slurm, store, monkeypatch)
    store.close()


def test_runs_that_go_on_show_what_sstat_says(side: Side):
    side.store.add_records([record(1, NOW - 50), record(2, NOW - 50), record(3, NOW - 50, cluster="other")], NOW)
    side.slurm.answers("sstat", "1.batch|cpu=00:01:00,mem=7\n")
    side.usages.read_running()
    assert side.shown() == {
        "slurm-1": SlurmUsage(source="sstat", time=NOW, cpu_seconds=60.0, memory_bytes=7),
        "slurm-2": None,
        "slurm-3": None,
    }
    [call] = side.slurm.calls("sstat")
    assert sorted(call.partition("--jobs=")[2].split(",")) == ["1", "2"]


def test_no_more_runs_than_a_few_hundred_are_asked_for(side: Side):
    side.store.add_records([record(number, NOW - 50) for number in range(1, MAX_RUNNING + 9)], NOW)
    side.usages.read_running()
    [call] = side.slurm.calls("sstat")
    assert len(call.partition("--jobs=")[2].split(",")) == MAX_RUNNING


def test_a_user_whom_slurm_would_refuse_does_not_ask(side: Side):
    side.store.add_records([record(1, NOW - 50)], NOW)
    side.may = False
    side.usages.read_running()
    assert side.slurm.calls("sstat") == []


@pytest.mark.parametrize("plugin", ["jobacct_gather/none", "(null)"])
def test_where_nothing_is_gathered_nothing_is_asked(side: Side, plugin: str):
    side.gathers(plugin)
    side.store.add_records([record(1, NOW - 50)], NOW)
    side.usages.read_running()
    side.usages.read_ended()
    assert side.slurm.calls("sstat") + side.slurm.calls("sacct") == []


def test_runs_that_have_ended_show_what_sacct_says(side: Side):
    side.store.add_records([record(1, NOW - 900, NOW - 300)], NOW)
    side.slurm.answers("sstat", "1.batch|cpu=00:01:00,mem=7\n")
    side.slurm.answers("sacct", sacct(1, NOW - 900, NOW - 300))
    side.usages.read_ended()
    measured = SlurmUsage(source="sacct", time=NOW, cpu_seconds=10.0, memory_bytes=500)
    assert side.shown() == {"slurm-1": measured}
    # What is told of the run later takes nothing away.
    side.store.add_records([record(1, NOW - 900, NOW - 300, reason="x")], NOW + 1)
    assert side.shown() == {"slurm-1": measured}


def test_the_last_word_is_kept(side: Side):
    side.store.add_records([record(1, NOW - 900, NOW - 300)], NOW)
    side.slurm.answers("sacct", sacct(1, NOW - 900, NOW - 300))
    side.usages.read_ended()
    side.slurm.answers("sacct", sacct(1, NOW - 900, NOW - 300, "00:20.000"))
    side.now += 300
    side.usages.read_ended()
    assert (usage := side.shown()["slurm-1"]) is not None and usage.cpu_seconds == 10.0


def test_each_run_of_a_requeued_job_has_its_own(side: Side):
    side.store.add_records(
        [
            record(1, NOW - 900, NOW - 600, restart=0, state="requeued"),
            record(1, NOW - 500, NOW - 300, restart=1),
        ],
        NOW,
    )
    first, second = sacct(1, NOW - 900, NOW - 600, "00:01.000"), sacct(1, NOW - 500, NOW - 300, "00:02.000")
    side.slurm.answers("sacct", first + second)
    side.usages.read_ended()
    runs = side.store.runs(RunFilter(), None, 9).runs
    assert {run.restart: run.slurm_usage and run.slurm_usage.cpu_seconds for run in runs} == {0: 1.0, 1: 2.0}


def test_a_run_that_was_not_measured_shows_nothing(side: Side):
    side.store.add_records([record(1, NOW - 900, NOW - 300)], NOW)
    line = f"1|{NOW - 900}|{NOW - 300}|600|1|00:00:00|cpu=1,node=1|cpu=1,node=1||hpc\n"
    side.slurm.answers("sacct", line)
    side.usages.read_ended()
    assert side.shown() == {"slurm-1": None}


def test_the_windows_follow_each_other_and_outlive_the_program(side: Side):
    side.usages.read_ended()
    side.now += 300
    side.make().read_ended()
    side.usages.read_ended()  # at once: there is nothing new
    side.now += 86_400
    side.usages.read_ended()
    windows = [
        tuple(int(word.partition("=uts")[2]) - NOW for word in call.split() if "=uts" in word)
        for call in side.slurm.calls("sacct")
    ]
    assert windows == [(-3600 - 900, -60), (-60 - 900, 240), (86_700 - 3600 - 900, 86_640)]
    assert side.store.get_mark(MARK) == str(NOW + 86_640)


def test_a_page_follows_the_other(side: Side, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(slurm_usage, "PAGE", 2)
    side.store.add_records([record(number, NOW - 900, NOW - 300) for number in range(1, 6)], NOW)
    side.slurm.answers("sacct", "".join(sacct(number, NOW - 900, NOW - 300) for number in range(1, 6)))
    side.usages.read_ended()
    assert None not in side.shown().values()


def test_a_slurm_that_does_not_answer_forgets_nothing(side: Side):
    side.slurm.fails("sacct", "slurmdbd is away")
    with pytest.raises(SlurmError, match="slurmdbd is away"):
        side.usages.read_ended()
    assert side.store.get_mark(MARK) is None


def test_a_scrape_shows_the_last_readings(side: Side):
    side.store.add_records([record(1, NOW - 900, NOW - 300, user="bob"), record(2, NOW - 50, user="alice")], NOW)
    side.slurm.answers("sstat", "2.batch|cpu=00:01:00,mem=7\n")
    side.slurm.answers("sacct", sacct(1, NOW - 900, NOW - 300))
    side.usages.read_running()
    side.usages.read_ended()
    ended, running = ("1", "bob", "sacct"), ("2", "alice", "sstat")
    assert side.exposed() == {
        "hpc_job_slurm_cpu_seconds": {ended: 10.0, running: 60.0},
        "hpc_job_slurm_memory_bytes": {ended: 500, running: 7},
    }
    side.now += 300
    side.usages.read_ended()
    assert side.exposed()["hpc_job_slurm_cpu_seconds"] == {running: 60.0}


def test_a_reading_that_fails_shows_nothing_old(side: Side):
    side.store.add_records([record(2, NOW - 50)], NOW)
    side.slurm.answers("sstat", "2.batch|cpu=00:01:00,mem=7\n")
    side.usages.read_running()
    side.slurm.fails("sstat", "sstat: error: no")
    with pytest.raises(SlurmError):
        side.usages.read_running()
    assert side.exposed()["hpc_job_slurm_cpu_seconds"] == {}


def test_of_a_job_that_runs_again_the_new_run_is_shown(side: Side):
    first = record(1, NOW - 900, NOW - 300, restart=0)
    side.store.add_records([first, record(1, NOW - 50, restart=1)], NOW)
    side.slurm.answers("sstat", "1.batch|cpu=00:00:03,mem=7\n")
    side.slurm.answers("sacct", sacct(1, NOW - 900, NOW - 300))
    side.usages.read_ended()
    side.usages.read_running()
    assert side.exposed()["hpc_job_slurm_cpu_seconds"] == {("1", "", "sstat"): 3.0}


def test_many_ended_runs_are_no_flood_of_series(side: Side, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(slurm_usage_metrics, "MAX_ENDED", 2)
    side.store.add_records([record(number, NOW - 900, NOW - 400 + number) for number in (1, 2, 3)], NOW)
    side.slurm.answers("sacct", "".join(sacct(number, NOW - 900, NOW - 400 + number) for number in (3, 1, 2)))
    side.usages.read_ended()
    assert {labels[0] for labels in side.exposed()["hpc_job_slurm_cpu_seconds"]} == {"2", "3"}
