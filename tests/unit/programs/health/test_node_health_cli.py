"""The program: its options, and a run from the checkers to the files that it leaves."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from slurm_observability.health import checkers, cli, verdict
from slurm_observability.health.adapters import healthagent
from slurm_observability.health.answers import MAX_BYTES, Runner, read_end
from slurm_observability.health.check import MAX_CHECKS, Check, Status, Unreadable, tidy
from slurm_observability.health.metrics import METRICS
from slurm_observability.health.options import parser
from slurm_observability.metrics.reference import query, table

from tests.unit.programs.conftest import FakeSlurm

SAMPLES = Path(__file__).parent / "samples"
NODE = (
    "NodeName={name} Arch=x86_64 CoresPerSocket=1  CPUAlloc=0 CPUEfctv=8 CPUTot=8 CPULoad=5.68 "
    "AvailableFeatures=(null) ActiveFeatures=(null) Gres=(null) GresDrain=N/A GresUsed=gpu:0 NodeAddr={name} "
    "NodeHostName={name} Version=24.11.5 OS=Linux 6.1 RealMemory=31000 AllocMem=0 FreeMem=1000 Sockets=8 "
    "Boards=1 State={state} ThreadsPerCore=1 TmpDisk=0 Weight=1 Owner=N/A MCS_label=N/A Partitions=hpc  "
    "BootTime=1795100000 SlurmdStartTime=1795100100 LastBusyTime=1795100200 ResumeAfterTime=None CfgTRES=cpu=8 "
    "AllocTRES= "
)


@pytest.fixture
def arguments(tmp_path: Path) -> list[str]:
    for name in ("textfiles", "state", "results"):
        (tmp_path / name).mkdir()
    return [
        f"--textfile-directory={tmp_path / 'textfiles'}",
        f"--state-directory={tmp_path / 'state'}",
        f"--results-directory={tmp_path / 'results'}",
        f"--aznhc-log={tmp_path / 'aznhc.log'}",
    ]


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory of stand-ins for checkers, the only ones that the node has."""
    directory = tmp_path / "programs"
    directory.mkdir()
    monkeypatch.setenv("PATH", f"{directory}:/usr/bin:/bin")
    monkeypatch.setattr(healthagent, "BELONGS_TO", str(tmp_path / "healthagent"))
    monkeypatch.setattr(healthagent, "PROGRAM", str(directory / "health"))
    return directory


def program(path: Path, script: str) -> None:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def metrics(tmp_path: Path, name: str = "node_health.prom") -> dict[str, float]:
    lines = (tmp_path / "textfiles" / name).read_text().splitlines()
    pairs = [line.rpartition(" ") for line in lines if not line.startswith("#")]
    return {series: float(value) for series, _space, value in pairs}


def status(source: str, module: str, check: str) -> str:
    return f'node_health_check_status{{source="{source}",module="{module}",check="{check}"}}'


def test_every_checker_that_is_there_is_asked(tmp_path: Path, programs: Path, arguments: list[str]):
    (tmp_path / "healthagent").mkdir()
    program(programs / "health", f'test "$*" = -s && cat {SAMPLES / "healthagent.json"}')
    program(programs / "nhc", f'echo "$*" >{tmp_path}/asked; cat {SAMPLES / "nhc.txt"}; exit 2')
    program(programs / "dcgmi", f'test "$*" = "health --check --json" && cat {SAMPLES / "dcgm_health.json"}')
    (tmp_path / "aznhc.log").write_text((SAMPLES / "aznhc.log").read_text())
    os.utime(tmp_path / "aznhc.log", (5.0, 5.0))
    (tmp_path / "results" / "nccl_all_reduce.nccl").write_text((SAMPLES / "nccl.txt").read_text())

    assert cli.main([*arguments, "--script=disks=sh -c 'exit 1'", "--minimum=nccl_all_reduce=500"]) == 0

    shown = metrics(tmp_path)
    assert shown[status("healthagent", "gpu", "GpuHealthCheck")] == 2
    assert shown[status("nhc", "nhc", "check_hw_physmem")] == 2
    assert shown[status("nhc", "nhc", "check_ps_daemon")] == 0
    assert shown[status("aznhc", "aznhc", "check_gpu_ecc")] == 1
    assert shown[status("dcgm", "GPU 3", "PCIe")] == 1
    assert shown[status("script", "script", "disks")] == 1
    for source in ("healthagent", "nhc", "aznhc", "dcgm", "script"):
        assert shown[status(source, "checker", "answer")] == 0
        assert shown[f'node_health_check_duration_seconds{{source="{source}"}}'] >= 0
    assert shown['node_health_check_last_run_timestamp_seconds{source="aznhc"}'] == 5
    assert shown['node_active_check_success{check="nccl_all_reduce"}'] == 0
    # A look at the node must not drain it: that is for whoever calls NHC as HealthCheckProgram.
    assert {"MARK_OFFLINE=0", "OFFLINE_NODE=:", "ONLINE_NODE=:"} <= set((tmp_path / "asked").read_text().split())
    known = dict(verdict.read(tmp_path / "state" / "verdict.json").checks)
    assert known["healthagent/gpu/GpuHealthCheck"] is Status.CRITICAL
    assert known["nhc/nhc/check_fs_free"] is Status.CRITICAL


def test_what_is_not_there_is_not_reported(tmp_path: Path, programs: Path, arguments: list[str]):
    program(programs / "dcgmi", "echo 'Error: Health watches not enabled. Please enable watches.'; exit 1")
    assert cli.main(arguments) == 0
    assert metrics(tmp_path) == {}
    assert verdict.read(tmp_path / "state" / "verdict.json").checks == ()


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("exec sleep 600", "did not answer within 0.2 seconds"),
        ("exec cat /dev/zero", f"printed more than {MAX_BYTES} bytes"),
        ("kill -9 $$", "named no check that failed"),
        ("printf '\\377\\376'", "ran no check"),
        ("exit 3", "exit status 3"),
    ],
)
def test_a_checker_out_of_order_is_unknown(
    tmp_path: Path, programs: Path, arguments: list[str], script: str, said: str, caplog: pytest.LogCaptureFixture
):
    program(programs / "nhc", script)
    assert cli.main([*arguments, "--timeout=0.2" if "sleep" in script else "--timeout=30"]) == 0
    assert metrics(tmp_path)[status("nhc", "checker", "answer")] == 3
    assert said in caplog.text


def test_a_script_that_is_missing_says_nothing_about_others(tmp_path: Path, programs: Path, arguments: list[str]):
    assert cli.main([*arguments, "--script=gone=/no/such/script", "--script=fine=true"]) == 0
    shown = metrics(tmp_path)
    assert shown[status("script", "script", "gone")] == 3
    assert shown[status("script", "script", "fine")] == 0


def test_sources_can_be_left_out(tmp_path: Path, programs: Path, arguments: list[str]):
    program(programs / "nhc", "exit 3")
    assert cli.main([*arguments, "--sources=dcgm,script", "--script=fine=true"]) == 0
    assert {series.partition("{")[2][:15] for series in metrics(tmp_path)} == {'source="script"'}


def test_metrics_that_cannot_be_written_are_said(
    tmp_path: Path, programs: Path, arguments: list[str], caplog: pytest.LogCaptureFixture
):
    (tmp_path / "textfiles" / "node_health.prom.new").mkdir()
    assert cli.main(arguments) == cli.EXIT_WRONG
    assert "node_health.prom.new cannot be written" in caplog.text


@pytest.mark.parametrize(
    ("argument", "said"),
    [
        ("--script=disks", "NAME=COMMAND"),
        ("--script==true", "NAME=COMMAND"),
        ("--script=x='", "NAME=COMMAND"),
        ("--minimum=nccl", "CHECK=GBPS"),
        ("--minimum=nccl=fast", "CHECK=GBPS"),
        ("--sources=nagios", "is none of healthagent, nhc"),
        ("--textfile-directory=/no/such", "is no directory"),
        ("--max-drained=100", "is no percentage"),
        ("--dry-run=maybe", "neither 'yes' nor 'no'"),
        ("drain", "invalid choice"),
    ],
)
def test_what_cannot_work_is_refused(
    arguments: list[str], argument: str, said: str, capsys: pytest.CaptureFixture[str]
):
    assert cli.main([*arguments, argument]) == cli.EXIT_USAGE
    assert said in capsys.readouterr().err


def test_the_configuration_can_be_looked_at(tmp_path: Path, arguments: list[str]):
    assert cli.main([*arguments, "--check-config"]) == 0
    assert list((tmp_path / "textfiles").iterdir()) == []


def test_the_program_runs_by_itself(arguments: list[str]):
    command = [sys.executable, "-m", "slurm_observability.health", *arguments, "--sources=script", "--script=fine=true"]
    done = subprocess.run(command, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}, timeout=60, check=False)
    assert done.returncode == 0


def test_no_option_of_the_hook_acts_without_being_told():
    assert parser().get_default("dry_run") == "yes"


class TestHook:
    """The HealthCheckProgram, with stand-ins for Slurm's commands."""

    @pytest.fixture(autouse=True)
    def slurm(self, fake_slurm: FakeSlurm, monkeypatch: pytest.MonkeyPatch) -> FakeSlurm:
        monkeypatch.setenv("SLURMD_NODENAME", "n1")
        nodes = {name: NODE.format(name=name, state="IDLE") for name in ("n1", "n2")}
        fake_slurm.answers("scontrol", "\n".join(nodes.values()), "nodes")
        fake_slurm.answers("scontrol", "", "update")
        fake_slurm.answers("scontrol", nodes["n1"], "n1")
        self.fake_slurm = fake_slurm
        return fake_slurm

    def ill(self, arguments: list[str]) -> None:
        assert cli.main([*arguments, "--sources=script", "--script=disks=sh -c 'exit 2'"]) == 0

    def updates(self) -> list[str]:
        return [call for call in self.fake_slurm.calls("scontrol") if call.startswith("update")]

    def test_it_drains_when_it_is_told_to(self, tmp_path: Path, arguments: list[str]):
        self.ill(arguments)
        assert cli.main([*arguments, "hook", "--dry-run=no"]) == 0
        assert self.updates() == ["update NodeName=n1 State=DRAIN Reason=[observability] script/script/disks"]
        assert metrics(tmp_path, "slurm_health_hook.prom") == {
            f'slurm_health_hook_actions_total{{action="{action}"}}': float(action == "drain") for action in cli.ACTIONS
        }

    def test_else_it_only_says_so(self, tmp_path: Path, arguments: list[str]):
        self.ill(arguments)
        assert cli.main([*arguments, "hook"]) == 0
        assert self.updates() == []
        assert metrics(tmp_path, "slurm_health_hook.prom")['slurm_health_hook_actions_total{action="would_drain"}'] == 1

    @pytest.mark.parametrize("answer", ["", "Node n1 not found", NODE.format(name="n2", state="IDLE")])
    def test_a_slurm_that_does_not_know_the_node_changes_nothing(
        self, tmp_path: Path, arguments: list[str], answer: str
    ):
        self.fake_slurm.answers("scontrol", answer, "n1")
        self.ill(arguments)
        assert cli.main([*arguments, "hook", "--dry-run=no"]) == 0
        assert self.updates() == []
        assert metrics(tmp_path, "slurm_health_hook.prom")['slurm_health_hook_actions_total{action="failed"}'] == 1

    def test_a_node_that_cannot_be_read_makes_a_count_that_does_not_count(self, tmp_path: Path, arguments: list[str]):
        self.fake_slurm.answers("scontrol", NODE.format(name="n1", state="IDLE") + "\nNodeName=what", "nodes")
        self.ill(arguments)
        assert cli.main([*arguments, "hook", "--dry-run=no"]) == 0
        assert self.updates() == []

    def test_it_resumes_what_it_drained(self, arguments: list[str]):
        reason = " Reason=[observability] script/script/disks [root@1795100300]"
        drained = NODE.format(name="n1", state="IDLE+DRAIN").rstrip() + reason
        self.fake_slurm.answers("scontrol", drained, "n1")
        assert cli.main([*arguments, "--sources=script", "--script=disks=true"]) == 0
        for _call in range(2):
            assert cli.main([*arguments, "hook", "--dry-run=no", "--resume-after=0.1"]) == 0
            time.sleep(0.2)
        assert self.updates() == ["update NodeName=n1 State=RESUME"]

    def test_only_root_can_keep_it_from_its_work(self, tmp_path: Path, arguments: list[str]):
        assert cli.main([*arguments, "hook"]) == 0
        assert (tmp_path / "state" / "hook.lock").stat().st_mode & 0o777 == 0o600

    def test_two_calls_at_once_are_one(self, tmp_path: Path, arguments: list[str]):
        self.ill(arguments)
        with (tmp_path / "state" / "hook.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            assert cli.main([*arguments, "hook", "--dry-run=no"]) == 0
        assert self.updates() == []


def test_the_gravest_verdict_on_a_check_counts():
    given = [Check("m", "c", Status(number)) for number in (0, 2, 3, 1)]
    assert tidy(given) == (Check("m", "c", Status.CRITICAL),)
    assert tidy(given[::3]) == (Check("m", "c", Status.WARNING),)
    assert tidy([given[3], given[2]]) == (Check("m", "c", Status.UNKNOWN),)


def test_texts_are_fit_for_labels():
    [check] = tidy([Check("m\n" * 90, 'c"\x00' * 90, Status.OK, "x\ny" * 900)])
    assert max(len(check.module), len(check.name)) == 80
    assert all(text.isprintable() for text in (check.module, check.name, check.message))


def test_a_flood_of_checks_is_no_answer():
    with pytest.raises(Unreadable, match=f"more than {MAX_CHECKS}"):
        tidy(Check("m", str(number), Status.OK) for number in range(MAX_CHECKS + 1))


def test_of_a_long_file_the_end_is_read(tmp_path: Path):
    (tmp_path / "log").write_text("a" * MAX_BYTES + "end")
    assert len(text := read_end(tmp_path / "log").text) == MAX_BYTES
    assert text.endswith("aend")


def test_the_runner_keeps_the_exit_status_of_each_program():
    runner = Runner(30)
    assert [runner.ask(["sh", "-c", f"echo hello; exit {status}"]) for status in (3, 0)] == [("hello", 3), ("hello", 0)]


def test_the_sources_are_those_of_the_adapters():
    assert checkers.SOURCES == ("healthagent", "nhc", "aznhc", "dcgm", "script")


def test_the_page_has_the_metrics_of_the_program():
    page = (Path(__file__).parents[4] / "docs/node-health.md").read_text()
    metrics_of_all = [metric for group in METRICS.values() for metric in group]
    assert "\n".join(table(metrics_of_all)) in page
    assert all(metric.name in query(metric) for metric in metrics_of_all)
