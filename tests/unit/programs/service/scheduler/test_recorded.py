"""Every version of Slurm tells of the same jobs the same, by whatever way it is asked."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

import pytest
from slurm_observability.service.scheduler.command_line import CommandLine
from slurm_observability.service.scheduler.rest import Slurmrestd
from slurm_observability.slurm.command import SlurmError

from tests.unit.programs.service.scheduler.recorded import RECORDED, RecordedClient, RecordedRunner

EVER = (0, 1 << 40)
VERSIONS = [(slurm, version) for slurm, recorded in RECORDED.items() for version in recorded["answers"]]
HOSTILE = 'a|b\n7|x|"q'

# What became of each job, by its name: state, exit code, signal, nodes, GPUs, of each run in the order of the ends.
RUNS = {
    "completed": [("completed", 0, 0, "node1", 0)],
    "exit3": [("failed", 3, 0, "node1", 0)],
    "exit200": [("failed", 200, 0, "node1", 0)],
    "signal9": [("failed", 0, 9, "node1", 0)],
    "derived": [("completed", 0, 0, "node1", 0)],
    "timeout": [("timeout", 0, 0, "node1", 0)],
    "held": [("cancelled", 0, 0, "", None)],
    "cancelled": [("cancelled", 0, 0, "node1", 0)],
    "requeued": [("requeued", 0, 0, "node1", 0), ("completed", 0, 0, "node1", 0)],
    "two_nodes": [("completed", 0, 0, "node[1-2]", 4)],
    HOSTILE: [("completed", 0, 0, "node1", 0)],
}


def slurms():
    return pytest.mark.parametrize("slurm", list(RECORDED))


def apis():
    return pytest.mark.parametrize(("slurm", "version"), VERSIONS)


def by_name(runs):
    """The runs by the name of their job, in the order of their ends."""
    found = defaultdict(list)
    for run in sorted(runs, key=lambda run: (run.end_time, run.job_id)):
        found[run.name.replace("`", '"')].append(run)  # sacct has no quotes
    return found


def test_three_versions_of_slurm_are_recorded():
    assert list(RECORDED) == ["22.05.8", "24.11.5", "26.05.5"]
    assert {version for _slurm, version in VERSIONS} == {
        f"v0.0.{number}" for number in (*range(36, 39), *range(40, 46))
    }


@slurms()
def test_accounting(slurm):
    scheduler = CommandLine(RecordedRunner(slurm))
    runs = list(scheduler.ended(*EVER))
    found = by_name(runs)
    assert {
        name: [(run.state, run.exit_code, run.exit_signal, _one_of_two(run.nodes), run.gpus) for run in found[name]]
        for name in RUNS
    } == {**RUNS, "exit200": [("failed", _shown_by_sacct(slurm, 200), 0, "node1", 0)]}
    assert scheduler.rejected == 0
    assert {run.cluster for run in runs} == {"lab"}
    assert {run.uid for run in runs if run.user == "alice"} == {2001}
    assert found["timeout"][0].time_limit == 60
    assert found["held"][0].start_time is None
    assert found["held"][0].reason == found["cancelled"][0].reason == "cancelled by uid 0"
    assert found["derived"][0].derived_exit_code == 5
    assert found["two_nodes"][0].node_count == 2
    assert found["two_nodes"][0].cpus == 4
    assert found["two_nodes"][0].memory_bytes == 16_000 << 20


@slurms()
def test_arrays_and_het_jobs(slurm):
    found = by_name(CommandLine(RecordedRunner(slurm)).ended(*EVER))
    tasks = sorted(found["array"], key=lambda run: run.array_task_id or 0)
    assert [(run.array_task_id, run.exit_code) for run in tasks] == [(1, 1), (2, 2), (3, 3)]
    # The last task has the number of the array.
    assert {run.array_job_id for run in tasks} == {tasks[2].job_id}
    assert len({run.job_id for run in tasks}) == 3
    first, second = found["het"]
    assert (first.het_job_id, first.het_job_offset, first.gpus) == (first.job_id, 0, 0)
    assert (second.het_job_id, second.het_job_offset, second.gpus) == (first.job_id, 1, 1)
    assert all(run.het_job_id is None for run in found["completed"])


@slurms()
def test_requeued_runs_are_told_apart(slurm):
    first, second = by_name(CommandLine(RecordedRunner(slurm)).ended(*EVER))["requeued"]
    assert first.job_id == second.job_id
    assert first.end_time < second.start_time
    if slurm == "22.05.8":
        assert (first.restart, second.restart) == (None, None)
    else:
        assert (first.restart, second.restart) == (0, 1)
        assert first.sluid != second.sluid


@slurms()
def test_what_runs(slurm):
    runner = RecordedRunner(slurm)
    running = next(run for run in CommandLine(runner).active() if run.state == "running")
    assert (running.name, running.gpus, running.restart, running.end_time) == ("running", 1, 0, None)
    assert running.start_time
    assert running.exit_code is None
    assert bool(running.sluid) == (slurm >= "25.11")
    assert any("--states=COMPLETING,CONFIGURING," in word for word in runner.calls[-1])


@slurms()
def test_without_accounting_slurmctld_remembers(slurm):
    """It knows the signals with which Slurm ended a run, which accounting does not, and the true exit codes."""
    scheduler = CommandLine(RecordedRunner(slurm), accounting=False)
    found = by_name(
        run for run in scheduler.ended(*EVER) if run.state in {state for [(state, *_), *_] in RUNS.values()}
    )
    codes = {name: (found[name][-1].state, found[name][-1].exit_code, found[name][-1].exit_signal) for name in RUNS}
    assert codes == {
        **{name: runs[-1][:3] for name, runs in RUNS.items()},
        "timeout": ("timeout", 0, 15),
        "cancelled": ("cancelled", 0, 15),
    }
    assert found["requeued"][-1].restart == 1
    assert scheduler.rejected == 0


@slurms()
def test_runs_by_their_numbers(slurm):
    for accounting in (True, False):
        runner = RecordedRunner(slurm)
        scheduler = CommandLine(runner, accounting)
        wanted = next(run.job_id for run in scheduler.ended(*EVER) if run.name == "requeued")
        assert wanted in {run.job_id for run in scheduler.known([wanted, 1 << 30])}
        assert ("--jobs=" in " ".join(runner.calls[-1])) == accounting


@apis()
def test_slurmrestd_and_sacct_say_the_same(slurm, version):
    scheduler = Slurmrestd(RecordedClient(slurm, version))
    by_command = by_name(CommandLine(RecordedRunner(slurm)).ended(*EVER))
    by_rest = by_name(scheduler.ended(*EVER))
    assert scheduler.rejected == 0
    # What never became eligible is in no window of slurmrestd's.
    del by_command["held"]
    assert by_rest.keys() - {"held"} == by_command.keys()
    for name, runs in by_command.items():
        if version < "v0.0.38":  # it does not know when a run began
            runs = [replace(run, start_time=None) for run in runs]
        assert [_common(run) for run in by_rest[name]] == [_common(run) for run in runs], name


@apis()
def test_exit_codes_of_slurmrestd(slurm, version):
    found = by_name(Slurmrestd(RecordedClient(slurm, version)).ended(*EVER))
    codes = {name: (found[name][0].exit_code, found[name][0].exit_signal) for name in ("exit3", "exit200", "signal9")}
    if version < "v0.0.39":  # 0 for everything that no signal ended: that is not what happened, and is not told
        assert codes == {"exit3": (None, None), "exit200": (None, None), "signal9": (0, 9)}
    else:
        assert codes == {"exit3": (3, 0), "exit200": (200, 0), "signal9": (0, 9)}


@apis()
def test_the_queue_of_slurmrestd(slurm, version):
    wanted = {run.job_id: run for run in CommandLine(RecordedRunner(slurm), accounting=False).ended(*EVER)}
    scheduler = Slurmrestd(RecordedClient(slurm, version), accounting=False, cluster="lab")
    found = {run.job_id: run for run in scheduler.ended(*EVER)}
    assert found.keys() == wanted.keys()
    for job_id, run in wanted.items():
        if version == "v0.0.36":  # it does not tell users
            run = replace(run, user="")
        assert _common(found[job_id]) == _common(run)
        assert (found[job_id].exit_code, found[job_id].exit_signal) == (run.exit_code, run.exit_signal)
    assert {run.name for run in scheduler.active()} == {"running"}
    assert {run.job_id for run in scheduler.known(list(wanted))} == set(wanted)


@apis()
def test_the_name_of_the_cluster(slurm, version):
    scheduler = Slurmrestd(RecordedClient(slurm, version))
    if version >= "v0.0.40":
        assert {run.cluster for run in scheduler.active()} == {"lab"}
    else:
        with pytest.raises(SlurmError, match="--cluster"):
            scheduler.active()


def _shown_by_sacct(slurm, code):
    """Up to 25.05 it shows codes from 128 on less 128."""
    return code - 128 if code >= 128 and slurm < "25.11" else code


def _one_of_two(nodes):
    return "node1" if nodes == "node2" else nodes


def _common(run):
    """A run without what one of the ways does not tell, or tells in other words; the tests above look at that."""
    return replace(
        run,
        name=run.name.replace("`", '"'),
        uid=None,
        restart=None,
        sluid="",
        exit_code=None,
        exit_signal=None,
        derived_exit_code=None,
        time_limit=None,
        memory_bytes=None,
        reason="",
    )
