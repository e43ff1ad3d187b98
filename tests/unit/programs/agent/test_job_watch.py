"""The jobs of a node, watched: from hooks' events and from control groups, each healing the other."""

from __future__ import annotations

import json
import logging
import os
from pathlib import Path

import pytest
from slurm_observability.agent.job_file import NAME
from slurm_observability.agent.job_table import END_GRACE, MAX_ENDED, START_GRACE
from slurm_observability.jobs.event import CGROUP, FINISHED, STARTED

from tests.unit.programs.agent.node_tree import BOOTED, remove, write
from tests.unit.programs.agent.observed_node import BEGIN, INTERVAL, NODE, ObservedNode, gpu

SLUID = "sEKNKTV3WPV500"
_LOOKS_TO_START = int(START_GRACE / INTERVAL) + 1
_LOOKS_TO_END = int(END_GRACE / INTERVAL) + 1


@pytest.fixture
def node(tmp_path: Path) -> ObservedNode:
    return ObservedNode(tmp_path)


def test_a_job_from_its_prolog_to_its_epilog(node: ObservedNode) -> None:
    node.prolog(7, start_time=BEGIN - 5, cpus_per_node="16(x2),8", nodes="node[0-2]")
    node.look()
    assert node.value("hpc_job_runtime_seconds") == INTERVAL + 5
    assert node.value("hpc_job_processes") == 0
    assert node.value("hpc_job_cpu_seconds_total") is None
    path = node.tree.job("job_7", 7, pids=(501, 502))
    node.look()
    assert node.value("hpc_job_cpu_seconds_total") == 2.0
    assert node.value("hpc_job_cpu_usage_percent") is None
    node.tree.used(path, cpu=2.0 + 2 * INTERVAL, oom_kills=1)
    node.look()
    assert node.value("hpc_job_cpu_usage_percent") == pytest.approx(200.0)
    assert node.value("hpc_job_processes") == 2
    assert node.value("hpc_job_memory_usage_bytes") == 400_000
    assert node.value("hpc_job_oom_kills_total") == 1
    assert node.shown()[f'hpc_node_job_count{{node="{NODE}"}}'] == 1
    remove(path)
    node.time += 3
    node.epilog(7)
    node.watch.take_events()
    (final,) = node.outbox.finals
    assert (final.job_id, final.node, final.cluster, final.time) == (7, NODE, "c1", node.time)
    assert (final.cpu_seconds, final.memory_peak_bytes, final.oom_kills, final.cpus) == (32.0, 500_000, 1, 16)
    assert final.memory_limit_bytes == 1 << 20  # without it nobody sees how near the peak came
    assert (final.memory_bytes, final.processes) == (None, None)  # of what it did last nobody knows
    node.look()
    assert node.value("hpc_job_runtime_seconds") is None
    assert node.shown()[f'hpc_node_job_count{{node="{NODE}"}}'] == 0
    assert node.outbox.events == []


def test_samples_go_to_the_service_each_minute(node: ObservedNode) -> None:
    node.prolog(7)
    node.tree.job("job_7", 7, pids=(501,))
    node.look(times=5)
    assert [sample.time - BEGIN for sample in node.outbox.samples] == [15.0, 75.0]
    (first, second) = node.outbox.nodes
    assert (first.node, first.cluster, first.job_count, first.gpu_count) == (NODE, "c1", 1, 0)
    assert first.memory_usage_bytes == 400_000 * 1024
    assert first.memory_total_bytes == 1_000_000 * 1024
    sample = node.outbox.samples[0]
    assert (sample.cpu_seconds, sample.cpu_pressure_seconds, sample.io_read_bytes) == (2.0, 1.5, 4097)
    assert (sample.memory_working_set_bytes, sample.memory_limit_bytes, sample.cpus) == (360_000, 1_048_576, 5)
    assert sample.processes == 1
    assert second.time == BEGIN + 75


def test_a_job_whose_prolog_told_nothing(node: ObservedNode) -> None:
    path = node.tree.job(
        *("job_7", 7),
        pids=(501,),
        began=900.0,
        SLURM_JOB_GPUS="0,1",
        SLURM_JOB_ACCOUNT="a|b\n",
        SLURM_JOB_RESTART_COUNT="2",
        SLURM_JOB_USER="somebody else",
    )
    node.look()
    assert node.outbox.events == []
    node.look(times=_LOOKS_TO_START)
    (event,) = node.outbox.events
    assert (event.kind, event.origin, event.job_id, event.node, event.cluster) == (STARTED, CGROUP, 7, NODE, "c1")
    assert (event.time, event.restart, event.gpus, event.account) == (BOOTED + 900.0, None, ("0", "1"), "a|b\n")
    assert event.uid == os.getuid() and event.user != "somebody else"
    assert event.event_id.endswith(f"-cgroup-0f7c8b3e-{path.stat().st_ino}")
    node.look(times=5)
    assert len(node.outbox.events) == 1
    assert node.shown()['job_agent_healed_events_total{kind="job-started"}'] == 1


def test_the_same_event_whoever_finds_the_job(node: ObservedNode, tmp_path: Path) -> None:
    node.tree.job("job_7", 7, pids=(501,))
    node.look(times=1 + _LOOKS_TO_START)
    (first,) = node.outbox.events
    (tmp_path / NAME).unlink()
    node.restart()
    node.look(times=1 + _LOOKS_TO_START)
    assert [event.event_id for event in node.outbox.events] == [first.event_id]


def test_a_number_that_is_no_jobs(node: ObservedNode) -> None:
    node.tree.job("job_9999999999", 7, pids=(501,))
    node.look(times=1 + _LOOKS_TO_START)
    assert node.outbox.events == []
    assert node.shown()["job_agent_unknown_cgroups"] == 1


def test_a_prolog_that_comes_late_is_believed(node: ObservedNode) -> None:
    node.tree.job("job_7", 7, pids=(501,))
    node.look()
    node.prolog(7, account="physics")
    node.look(times=1 + _LOOKS_TO_START)
    assert node.outbox.events == []
    assert node.value("hpc_job_processes") == 1


def test_an_environment_that_cannot_be_read_leaves_open_what_it_says(node: ObservedNode) -> None:
    node.tree.job("job_7", 7, pids=(501,))
    (node.proc.root / "501/environ").unlink()
    node.look(times=1 + _LOOKS_TO_START)
    (event,) = node.outbox.events
    assert (event.job_id, event.restart, event.gpus) == (7, None, ())


def test_an_environment_cannot_say_whose_job_it_is(node: ObservedNode) -> None:
    """A user's process that pretends to be of another job, in Slurm 26.05, whose path has no number."""
    node.tree.job(SLUID, 7, pids=(501,))
    node.proc.process(501, SLURM_JOB_ID="8", SLURM_JOB_GPUS="0,'; DROP|\n,\x01")
    node.look(times=1 + _LOOKS_TO_START)
    (event,) = node.outbox.events
    assert (event.job_id, event.sluid) == (7, SLUID)


def test_a_group_by_sluid_is_that_of_the_event(node: ObservedNode) -> None:
    node.prolog(7, sluid=SLUID)
    node.tree.job(SLUID, 7, pids=(501,))
    remove(node.proc.root / "700")  # its slurmstepd need not be asked
    node.look()
    assert node.value("hpc_job_processes") == 1
    assert node.shown()["job_agent_unknown_cgroups"] == 0


def test_a_group_by_sluid_and_an_event_without(node: ObservedNode) -> None:
    node.prolog(7)
    node.tree.job(SLUID, 7, pids=(501,))
    node.look()
    assert node.value("hpc_job_processes") == 1
    assert node.outbox.samples[0].sluid == SLUID


def test_a_group_of_which_nothing_tells_the_job(node: ObservedNode) -> None:
    node.tree.job(SLUID, 7)
    node.proc.process(700, "/usr/sbin/slurmstepd")
    node.look()
    assert node.shown()["job_agent_unknown_cgroups"] == 1
    assert node.outbox.samples == []


def test_a_job_whose_epilog_told_nothing(node: ObservedNode) -> None:
    node.prolog(7)
    path = node.tree.job("job_7", 7)
    node.look()
    seen = node.time
    remove(path)
    node.look(times=_LOOKS_TO_END - 1)
    assert node.outbox.events == []
    node.look(times=2)
    (event,) = node.outbox.events
    assert (event.kind, event.origin, event.job_id, event.time) == (FINISHED, CGROUP, 7, seen)
    assert (event.exit_code, event.exit_signal, event.user) == (None, None, "ann")
    (final,) = node.outbox.finals
    assert final.cpu_seconds == 2.0
    node.epilog(7)  # and now it comes after all
    node.look()
    assert len(node.outbox.finals) == 1


@pytest.mark.parametrize("step", [-86_400.0, 86_400.0])
def test_a_wall_clock_that_is_set_ends_no_job_and_forgets_none(node: ObservedNode, step: float) -> None:
    node.prolog(7)
    path = node.tree.job("job_7", 7)
    node.look()
    seen = node.time
    remove(path)
    node.set_by = step
    assert node.value("hpc_job_cpu_seconds_total") == 2.0  # the last look is no older than before
    node.look(times=_LOOKS_TO_END - 1)
    assert node.outbox.events == []
    node.restart()
    node.look(times=_LOOKS_TO_START + 1)
    (event,) = node.outbox.events
    assert (event.kind, event.time) == (FINISHED, seen)


@pytest.mark.parametrize("step", [-86_400.0, 86_400.0])
def test_a_wall_clock_that_is_set_brings_no_start_forward_and_puts_none_off(node: ObservedNode, step: float) -> None:
    node.tree.job("job_7", 7, pids=(501,))
    node.look()
    node.set_by = step
    node.look(times=_LOOKS_TO_START - 1)
    assert node.outbox.events == []
    node.look()
    assert [event.kind for event in node.outbox.events] == [STARTED]


@pytest.mark.parametrize("step", [-86_400.0, 86_400.0])
def test_a_wall_clock_that_is_set_changes_nothing_of_how_long_a_gpu_was_held(node: ObservedNode, step: float) -> None:
    node.gpus.readings = [gpu(0)]
    node.prolog(7, gpus=("0",))
    node.look()
    node.set_by = step
    node.look(times=3)
    node.epilog(7)
    node.look()
    (final,) = node.outbox.finals
    assert final.gpus[0].held_seconds == 3 * INTERVAL


def test_an_epilog_that_waited_in_the_spool_while_the_agent_was_away(node: ObservedNode) -> None:
    node.prolog(7)
    path = node.tree.job("job_7", 7)
    node.look()
    remove(path)
    node.time += 2 * END_GRACE
    node.restart()
    node.look()
    node.epilog(7)
    node.look(times=_LOOKS_TO_START)
    assert node.outbox.events == []
    assert len(node.outbox.finals) == 1


def test_a_short_job_of_which_no_hook_told(node: ObservedNode) -> None:
    path = node.tree.job("job_7", 7)
    node.look()
    remove(path)
    node.look(times=_LOOKS_TO_END + 1)
    assert [event.kind for event in node.outbox.events] == [STARTED, FINISHED]


def test_a_job_between_steps_is_not_over(node: ObservedNode) -> None:
    """salloc without PrologFlags=Contain: there is a control group only while a step runs."""
    node.prolog(7, end_time_limit=BEGIN + 4 * END_GRACE)
    path = node.tree.job("job_7", 7, steps=("0",))
    node.look()
    remove(path)
    node.look(times=2 * _LOOKS_TO_END)
    assert node.outbox.events == []
    assert node.value("hpc_job_cpu_seconds_total") == 2.0
    node.tree.job("job_7", 7, steps=("1",))
    node.look()
    assert node.value("hpc_job_cpu_seconds_total") == 4.0
    remove(path)
    node.look(times=5 * _LOOKS_TO_END)
    (event,) = node.outbox.events
    assert (event.kind, event.time) == (FINISHED, BEGIN + 4 * END_GRACE)
    assert (node.outbox.finals[0].cpu_seconds, node.outbox.finals[0].oom_kills) == (4.0, 0)  # none is not unknown


def test_totals_survive_a_group_that_is_made_anew_between_two_looks(node: ObservedNode) -> None:
    node.prolog(7)
    path = node.tree.job("job_7", 7, steps=("0",))
    node.tree.used(path, peak=900_000)
    node.look()
    path.rename(node.tree.scope / "gone")  # its inode is taken for the time being
    node.tree.job("job_7", 7, steps=("1",))
    node.look()
    assert node.value("hpc_job_cpu_seconds_total") == 4.0
    assert node.value("hpc_job_memory_peak_bytes") == 900_000
    assert node.value("hpc_job_cpu_usage_percent") == pytest.approx(100 * 2 / INTERVAL)


def test_an_empty_group_that_slurmd_left_is_no_job(node: ObservedNode) -> None:
    node.tree.used(node.tree.job("job_7", 7), populated=False)
    node.look(times=_LOOKS_TO_START + 1)
    assert node.outbox.events == []
    assert node.shown()[f'hpc_node_job_count{{node="{NODE}"}}'] == 0


def test_processes_of_a_run_that_has_ended_are_no_new_one(node: ObservedNode) -> None:
    node.prolog(7)
    node.tree.job("job_7", 7, pids=(501,), began=900.0)
    node.look()
    node.epilog(7)
    node.look(times=_LOOKS_TO_START + 1)
    assert node.outbox.events == []
    assert node.shown()["job_agent_unknown_cgroups"] == 0
    node.restart()
    node.look(times=_LOOKS_TO_START + 1)
    assert node.outbox.events == []


def test_events_that_come_again_change_nothing(node: ObservedNode) -> None:
    started = node.prolog(7)
    node.look()
    node.watch.on_event(started)
    node.look()
    assert node.value("hpc_job_runtime_seconds") == 2 * INTERVAL
    finished = node.epilog(7)
    node.look()
    for event in (started, finished):
        node.watch.on_event(event)
    node.look()
    assert node.value("hpc_job_runtime_seconds") is None
    assert len(node.outbox.finals) == 1


def test_a_requeued_run_is_another_one(node: ObservedNode) -> None:
    first = node.prolog(7, restart=0)
    path = node.tree.job("job_7", 7)
    node.look()
    end_of_first = node.epilog(7, restart=0)
    remove(path)
    node.time += 60
    node.prolog(7, restart=1)
    node.watch.on_event(first)
    node.watch.on_event(end_of_first)  # the agent was started anew, and sees both again
    node.look()
    assert [(final.restart, final.cpu_seconds) for final in node.outbox.finals] == [(0, 2.0)]
    assert node.value("hpc_job_runtime_seconds") == INTERVAL
    assert node.value("hpc_job_cpu_seconds_total") is None


def test_a_requeued_run_whose_first_end_is_lost(node: ObservedNode) -> None:
    node.prolog(7, restart=0)
    node.look()
    node.prolog(7, restart=1)
    node.look()
    assert [(event.kind, event.restart) for event in node.outbox.events] == [(FINISHED, 0)]
    assert node.value("hpc_job_runtime_seconds") == INTERVAL


def test_events_of_controllers_are_of_no_node(node: ObservedNode) -> None:
    node.prolog(7, node="")
    node.look()
    assert node.shown()[f'hpc_node_job_count{{node="{NODE}"}}'] == 0


def test_the_node_has_the_name_that_hooks_give_it(node: ObservedNode) -> None:
    node.prolog(7, node="hpc-1")
    node.tree.job("job_7", 7, pids=(501,))
    node.look()
    shown = node.shown()
    assert shown['hpc_job_processes{job_id="7",user="ann",node="hpc-1"}'] == 1
    assert shown['hpc_node_job_count{node="hpc-1"}'] == 1


def test_a_restart_forgets_nothing(node: ObservedNode) -> None:
    node.prolog(7, gpus=("0",), account="a|b\n'")
    path = node.tree.job("job_7", 7, steps=("0",))
    node.look()
    path.rename(node.tree.scope / "gone")
    node.look()
    node.tree.job("job_7", 7, steps=("1",))
    node.look()
    node.restart()
    node.look()
    assert node.value("hpc_job_cpu_seconds_total") == 4.0
    assert node.value("hpc_job_runtime_seconds") == 4 * INTERVAL
    assert node.outbox.samples[0].gpus[0].held_seconds is not None


def test_a_boot_ends_all_jobs(node: ObservedNode) -> None:
    node.prolog(7)
    node.tree.job("job_7", 7)
    node.look()
    saved = node.time
    remove(node.tree.scope / "job_7")
    write(node.proc.root / "sys/kernel/random/boot_id", "another\n")
    node.time += 600
    node.restart()
    (event,) = node.outbox.events
    assert (event.kind, event.origin, event.time) == (FINISHED, CGROUP, saved)
    assert [final.cpu_seconds for final in node.outbox.finals] == [2.0]
    node.look()
    assert node.shown()[f'hpc_node_job_count{{node="{NODE}"}}'] == 0


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"\xff\xfe",
        b'{"version": 2}',
        b'{"version": 1, "jobs": 5}',
        b'{"version": 1, "jobs": [{}], "ended": [], "time": 1, "boot_id": ""}',
        b'{"version": 1, "jobs": [], "ended": [[1]], "time": 1, "boot_id": ""}',
        b"[" * 100_000,
    ],
)
def test_a_broken_file_is_set_aside_loudly(
    node: ObservedNode, tmp_path: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    write(tmp_path / NAME, content)
    node.restart()
    assert "cannot be used" in caplog.text
    assert (tmp_path / NAME).with_suffix(".broken").read_bytes() == content
    node.prolog(7)
    node.look()
    assert node.value("hpc_job_runtime_seconds") == INTERVAL


def test_every_part_of_the_file_is_checked(node: ObservedNode, tmp_path: Path) -> None:
    node.prolog(7, gpus=("0",))
    node.tree.job("job_7", 7)
    node.look()
    good = json.loads((tmp_path / NAME).read_text())
    for damage in ({"usage": {"cpu_seconds": "x"}}, {"usage": {"more": 1}}, {"totals": {}}, {"started": {}}, {"x": 1}):
        document = {**good, "jobs": [{**good["jobs"][0], **damage}]}
        write(tmp_path / NAME, json.dumps(document))
        node.restart()
        assert (tmp_path / NAME).with_suffix(".broken").exists(), damage
        (tmp_path / NAME).with_suffix(".broken").unlink()


def test_a_file_that_cannot_even_be_set_aside(
    node: ObservedNode, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write(tmp_path / NAME, "{")
    (tmp_path / NAME).with_suffix(".broken").mkdir()
    node.restart()
    assert "cannot be set aside" in caplog.text


def test_events_without_a_restart_count_are_told_apart_by_time_and_sluid(node: ObservedNode) -> None:
    """Slurm before 22.05 does not tell the count to a node's hooks, 25.11 and later tell the SLUID."""
    node.time -= 100
    old_end = node.epilog(7, restart=None)
    node.time += 100
    node.prolog(7, restart=None)
    node.watch.on_event(old_end)
    node.look()
    assert node.value("hpc_job_runtime_seconds") == INTERVAL
    node.prolog(8, restart=None, sluid=SLUID)
    node.epilog(8, restart=None, sluid="s0000000000000")
    node.look()
    assert node.value("hpc_job_runtime_seconds", 8) == INTERVAL


def test_a_file_that_cannot_be_written_is_told_once(
    node: ObservedNode, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / NAME).with_suffix(".new").mkdir()
    node.look(times=10)
    assert caplog.text.count("cannot be kept") == 1
    (tmp_path / NAME).with_suffix(".new").rmdir()
    node.look(times=10)
    assert (tmp_path / NAME).exists()


def test_without_a_directory_nothing_is_kept(tmp_path: Path) -> None:
    node = ObservedNode(tmp_path, state_directory=None)
    node.prolog(7)
    node.look()
    node.restart()
    node.look()
    assert node.value("hpc_job_runtime_seconds") is None


def test_without_control_groups_the_events_remain(tmp_path: Path) -> None:
    node = ObservedNode(tmp_path)
    remove(node.tree.root)
    node.restart()
    node.prolog(7)
    node.look()
    assert node.value("hpc_job_runtime_seconds") == INTERVAL
    assert node.value("hpc_job_processes") is None
    assert node.shown()['job_agent_cgroup_info{version="none"}'] == 1


def test_steps_are_shown_where_wanted(tmp_path: Path) -> None:
    node = ObservedNode(tmp_path, step_metrics=True)
    node.prolog(7)
    node.tree.job("job_7", 7, steps=("batch", "0"), pids=(501,))
    node.look()
    shown = node.shown()
    assert shown[f'hpc_step_processes{{job_id="7",step="batch",user="ann",node="{NODE}"}}'] == 1
    assert shown[f'hpc_step_cpu_seconds_total{{job_id="7",step="0",user="ann",node="{NODE}"}}'] == 2.0


def test_steps_are_not_shown_otherwise(node: ObservedNode) -> None:
    node.prolog(7)
    node.tree.job("job_7", 7, steps=("batch", "0"))
    node.look()
    assert not [name for name in node.shown() if name.startswith("hpc_step")]


def test_a_look_that_is_too_old_is_not_shown(node: ObservedNode) -> None:
    node.prolog(7)
    node.look()
    node.time += 4 * INTERVAL + 1
    assert node.value("hpc_job_runtime_seconds") is None
    assert node.shown()["job_agent_last_look_timestamp_seconds"] == BEGIN + INTERVAL


def test_nothing_is_shown_before_the_first_look(node: ObservedNode) -> None:
    shown = node.shown()
    assert shown["job_agent_last_look_timestamp_seconds"] == 0
    assert not [name for name in shown if name.startswith("hpc_")]


def test_ended_runs_are_remembered_up_to_a_number(node: ObservedNode) -> None:
    for job_id in range(1, MAX_ENDED + 50):
        node.epilog(job_id)
    node.watch.take_events()
    document = json.loads((node.settings.state_directory / NAME).read_text()) if node.look() is None else {}
    assert len(document["ended"]) == MAX_ENDED


def test_a_fault_of_the_program_ends_nothing(
    node: ObservedNode, eventually, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    broken = [True]
    real = node.watch.look

    def look() -> None:
        if broken[0]:
            raise RuntimeError("a fault")
        real()

    monkeypatch.setattr(node.watch, "look", look)
    caplog.set_level(logging.ERROR)
    node.watch.start()
    try:
        eventually(lambda: node.shown()["job_agent_look_errors_total"] == 1)
        broken[0] = False
        node.prolog(7)
        node.time += INTERVAL
        node.epilog(8)  # wakes it
        eventually(lambda: node.value("hpc_job_runtime_seconds") == INTERVAL)
    finally:
        node.watch.stop()
    assert "a fault of the program" in caplog.text


def test_an_end_is_acted_on_at_once(node: ObservedNode, eventually) -> None:
    node.prolog(7)
    node.tree.job("job_7", 7)
    node.watch.start()
    try:
        eventually(lambda: node.value("hpc_job_cpu_seconds_total") == 2.0)
        node.epilog(7)
        eventually(lambda: node.outbox.finals)
    finally:
        node.watch.stop()
    assert (node.settings.state_directory / NAME).exists()
