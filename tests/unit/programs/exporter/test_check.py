"""azslurm-exporter check: what it finds, what it advises, what it prints, how it ends."""

from __future__ import annotations

import json
import logging
import os
import pwd
import re
import time
from types import SimpleNamespace

import pytest
from slurm_observability.exporter import advice, check_report
from slurm_observability.exporter.check import EMPTY, FAILED, OFF, OK, PARTIAL, Finding, Report, check
from slurm_observability.exporter.cli import main
from slurm_observability.exporter.custom.parse import CountLines
from slurm_observability.exporter.custom.schema import CommandSchema
from slurm_observability.exporter.settings import Settings
from slurm_observability.exporter.topic import Size
from slurm_observability.slurm.controllers import Controller

RIGHTS = {"SlurmUser": "slurm(64030)", "PriorityType": "priority/multifactor", "JobAcctGatherType": "linux"}
SHARE = "1|0.500000|0|0.000000|0.000000|1.000000|inf||root| root\n"


@pytest.fixture(autouse=True)
def log_again():
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture
def as_user(monkeypatch):
    def become(name: str) -> None:
        monkeypatch.setattr(pwd, "getpwuid", lambda uid: SimpleNamespace(pw_name=name))

    return become


@pytest.fixture
def findings(cluster, fake_slurm, as_user):
    """Check the small cluster as a user; return the findings by topic."""
    cluster.config(**RIGHTS)
    as_user("slurm")

    def found(**settings) -> dict[str, Finding]:
        settings = {"reset_time": int(time.time()) - 10**7, "timeout": 5.0, **settings}
        return {finding.topic: finding for finding in check(Settings(**settings)).findings}

    return found


def test_a_cluster_in_health(findings, fake_slurm):
    fake_slurm.answers("sshare", SHARE)
    found = findings()
    states = {topic: finding.state for topic, finding in found.items() if finding.state != OFF}
    assert FAILED not in states.values() and PARTIAL not in states.values()
    assert states["jobs"] == states["nodes"] == states["history"] == states["controllers"] == OK
    assert states["reservations"] == EMPTY
    assert str(found["jobs"].size) == "4 jobs" and str(found["nodes"].size) == "7 nodes"
    assert str(found["controllers"].size) == "1 controller" and str(found["reservations"].size) == "0 reservations"
    assert str(found["partitions"].size) == "4 partitions"
    assert found["jobs"].asked[0][0] == "squeue" and found["nodes"].seconds > 0


def test_only_an_hour_of_the_history_is_read_and_no_file_is_touched(findings, fake_slurm, tmp_path):
    state, targets = tmp_path / "state", tmp_path / "targets"
    state.mkdir()
    targets.mkdir()
    findings(state_directory=state, file_sd_directory=targets, high_availability=True)
    starts = [int(start) for call in fake_slurm.calls("sacct") for start in re.findall(r"starttime=uts(\d+)", call)]
    assert starts and min(starts) > time.time() - 3700
    assert list(state.iterdir()) == list(targets.iterdir()) == []


def test_what_fails_is_told_with_its_reason_and_a_remedy(findings, fake_slurm):
    fake_slurm.fails("sacct", "sacct: error: Problem talking to the database: Connection refused")
    fake_slurm.fails("sdiag", "slurm_get_statistics: Access/permission denied")
    found = findings()
    assert found["history"].state == found["scheduler"].state == FAILED
    assert "Problem talking to the database" in found["history"].reason
    assert "--accounting no" in found["history"].remedy
    assert found["scheduler"].remedy == advice.RIGHTS
    assert found["jobs"].state == OK


def test_a_fault_of_the_program_is_a_finding(findings, monkeypatch):
    monkeypatch.setattr("slurm_observability.exporter.wiring.NodeReader.read", lambda reader: 1 / 0)
    finding = findings()["nodes"]
    assert finding.state == FAILED and "ZeroDivisionError" in finding.reason and "report this" in finding.remedy


def test_slow_is_down_where_no_slurmctld_answers(findings, cluster, fake_slurm):
    fake_slurm.hangs("squeue")
    assert findings(timeout=0.5)["jobs"].remedy == advice.SLOW
    cluster.ping("Slurmctld(primary) at head is DOWN\n")
    assert findings(timeout=0.5)["jobs"].remedy == advice.SLURMCTLD


def test_a_slow_metric_of_the_site_has_a_timeout_of_its_own(findings, cluster, fake_slurm):
    fake_slurm.hangs("sinfo")
    slow = CommandSchema("site_x", "x", ("sinfo",), CountLines(), timeout=0.5)
    assert findings(custom_metrics=(slow,))["custom:site_x"].remedy == advice.SLOW_METRIC
    cluster.ping("Slurmctld(primary) at head is DOWN\n")
    assert findings(custom_metrics=(slow,))["custom:site_x"].remedy == advice.SLURMCTLD


def test_slow_is_limited_where_slurm_says_so_to_one_command(findings, cluster, fake_slurm):
    cluster.ping("Slurmctld(primary) at head is DOWN\n")  # what a limited user's ping says
    fake_slurm.hangs("squeue")
    fake_slurm.fails("sdiag", "Rate limit exceeded, please retry later")
    found = findings(timeout=0.5)
    assert found["jobs"].remedy == found["scheduler"].remedy == advice.RATE_LIMIT


@pytest.mark.parametrize(
    ("user", "level", "partial"),
    [
        ("root", "", False),
        ("slurm", "", False),
        ("alice", "None\n", True),
        ("alice", "", True),
        ("alice", "Operator\n", False),
        ("alice", "Administrator\n", False),
    ],
)
def test_private_data_hides_from_those_without_rights(findings, cluster, fake_slurm, as_user, user, level, partial):
    cluster.config(**RIGHTS, PrivateData="cloud,jobs,users")
    fake_slurm.answers("sacctmgr", level)
    as_user(user)
    found = findings()
    assert (found["jobs"].state == PARTIAL) is partial
    assert found["nodes"].state == OK
    if partial:
        assert found["jobs"].reason == "PrivateData=jobs hides what belongs to others from alice"
        assert found["jobs"].remedy == advice.RIGHTS


def test_without_slurmdbd_nobody_is_an_operator(findings, cluster, fake_slurm, as_user):
    cluster.config(**RIGHTS, PrivateData="jobs")
    fake_slurm.fails("sacctmgr", "You are not running a supported accounting_storage plugin")
    as_user("alice")
    assert findings()["jobs"].state == PARTIAL


def test_a_failure_stays_one_whatever_is_hidden(findings, cluster, fake_slurm, as_user):
    cluster.config(**RIGHTS, PrivateData="jobs")
    fake_slurm.fails("squeue", "down")
    as_user("alice")
    assert findings()["jobs"].state == FAILED


def test_what_is_off_says_how_it_comes_on(findings, fake_slurm):
    found = findings(accounting=False, intervals={"licenses": None})
    assert (found["history"].state, found["history"].reason) == (OFF, "--accounting no")
    assert found["licenses"].reason == "--intervals licenses=60 switches it on"
    assert fake_slurm.calls("sacct") == []


def test_slurmrestd_is_named_by_its_url(findings, web_server, tmp_path):
    token = tmp_path / "token"
    token.write_text("aGVhZGVy.e30.c2lnbmF0dXJl")
    found = findings(source="slurmrestd", slurmrestd_url=web_server.url, slurm_jwt_file=token, cluster="lab")
    assert found["jobs"].asked == [web_server.url]
    assert found["jobs"].state == FAILED


def test_a_user_without_a_name_has_a_number(monkeypatch, cluster):
    def unknown(uid):
        raise KeyError(uid)

    monkeypatch.setattr(pwd, "getpwuid", unknown)
    assert check(Settings(reset_time=0)).user == str(os.geteuid())


@pytest.mark.parametrize(
    ("failure", "word"),
    [
        ("squeue cannot be run: No such file or directory", "client commands"),
        ("squeue cannot be run: Permission denied", "chmod"),
        ("squeue met slurmctld's rate limit for this user (rl_enable)", "exempt"),
        ("sacct failed with exit status 1: Slurm accounting storage is disabled", "--accounting no"),
        ("the token expired at 2026-11-21 10:00:00+00:00", "scontrol token"),
        ("error: Munge encode failed: Failed to access socket", "munged"),
        ("slurm_load_jobs error: Protocol authentication error", "munged"),
        ("fatal: Could not establish a configuration source", "no slurm.conf"),
        ("Access/permission denied", "adminlevel=operator"),
        ("Sending PersistInit msg: Connection refused", "slurmdbd"),
        ("slurmctld at http://localhost:6817 cannot be asked: Remote end closed connection", "MetricsType"),
        ("slurmctld answers 404 Not Found: it gave no reason", "MetricsType"),
        ("slurmrestd cannot be reached: Connection refused", "--slurmrestd-url"),
        ("squeue did not answer within 30 seconds", "--timeouts"),
        ("slurm_load_jobs error: Unable to contact slurm controller (connect failure)", "scontrol ping"),
        ("a fault of the program: KeyError: 3", "report this"),
    ],
)
def test_advice_for_every_known_failure(failure, word):
    assert word in advice.remedy(failure)


def test_no_advice_is_better_than_a_wrong_one():
    assert advice.remedy("something new") == ""


@pytest.mark.parametrize(
    ("topic", "configuration", "word"),
    [
        ("efficiency", {"JobAcctGatherType": "jobacct_gather/none"}, "JobAcctGatherType"),
        ("efficiency", {"JobAcctGatherType": "(null)", "ClusterName": "c"}, ""),
        ("efficiency", {"ClusterName": "c", "JobAcctGatherType": ""}, "JobAcctGatherType"),
        ("efficiency", {"JobAcctGatherType": "jobacct_gather/linux"}, ""),
        ("efficiency", {}, ""),
        ("fairshare", {"PriorityType": "priority/basic"}, "PriorityType"),
        ("fairshare", {"PriorityType": "priority/multifactor"}, ""),
        ("jobs", {"ClusterName": "c"}, ""),
    ],
)
def test_reasons_for_nothing(topic, configuration, word):
    reason = advice.reason_for_nothing(topic, configuration)
    assert (word in reason) if word else reason == ""


REPORT = Report(
    user="alice",
    rights="no special rights",
    host="head",
    configuration={"ClusterName": "lab", "SLURM_VERSION": "24.11.5"},
    controllers=(Controller("head", "primary", True), Controller("spare", "backup", False)),
    findings=(
        Finding("jobs", PARTIAL, [("squeue", "--all", "--format=%T")], Size(0, "job"), 0.012, "hidden", "get rights"),
        Finding("nodes", OK, [("scontrol", "--all", "show", "nodes")] * 2, Size(5004, "node"), 1.5),
        Finding("history", FAILED, ["http://localhost:6820"], None, 30.0, "no answer", "get rights"),
        Finding("efficiency", EMPTY, [], Size(0, "series"), 0.0, "nothing measured"),
        Finding("licenses", OFF, reason="it is off"),
    ),
)


def test_the_table_reads_well():
    assert check_report.as_text(REPORT).splitlines()[1:] == [
        "Slurm 24.11.5, cluster lab",
        "slurmctld on head (primary): up",
        "slurmctld on spare (backup): DOWN",
        "",
        "TOPIC       STATE    GAVE         TIME     ASKED",
        "jobs        partial  0 jobs       0.01 s   squeue",
        "nodes       ok       5,004 nodes  1.50 s   scontrol show nodes",
        "history     failed                30.00 s  http://localhost:6820",
        "efficiency  empty    0 series     0.00 s",
        "licenses    off                            it is off",
        "",
        "jobs     hidden",
        "history  no answer",
        "-> get rights",
        "",
        "efficiency  nothing measured",
        "",
        "To repair: jobs, history",
    ]


def test_colours_change_nothing_but_colours():
    coloured = check_report.as_text(REPORT, colours=True)
    assert "\033[31mfailed \033[0m" in coloured and "\033[32mok     \033[0m" in coloured
    assert re.sub(r"\033\[\d+m", "", coloured) == check_report.as_text(REPORT)


def test_json_has_whole_commands():
    document = json.loads(check_report.as_json(REPORT))
    assert document["good"] is False and document["cluster"] == "lab"
    assert document["controllers"][1] == {"name": "spare", "role": "backup", "up": False}
    assert document["topics"][0] == {
        "topic": "jobs",
        "state": "partial",
        "asked": ["squeue --all --format=%T"],
        "gave": "0 jobs",
        "seconds": 0.012,
        "reason": "hidden",
        "remedy": "get rights",
    }
    assert document["topics"][4]["seconds"] is None and document["topics"][4]["gave"] is None


def test_the_exit_status_tells_whether_all_works(cluster, fake_slurm, as_user, capsys, monkeypatch):
    as_user("root")
    assert main(["check", "--reset-time", "7 days ago"]) == 0
    printed = capsys.readouterr()
    assert printed.out.endswith("\nAll that is on works.\n") and printed.err == ""
    fake_slurm.fails("squeue", "down")
    assert main(["check", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["good"] is False
    monkeypatch.setenv("PATH", "/nonexistent")
    assert main(["--timeout", "5", "check"]) == 1
    printed = capsys.readouterr()
    assert "-> install Slurm's client commands here" in printed.out
    assert "Slurm does not tell its configuration" in printed.out and "with unknown rights" not in printed.out


@pytest.mark.parametrize(
    "arguments", [["check", "--port", "x"], ["check", "--reset-time", "soon"], ["--json"], ["look"]]
)
def test_bad_usage_is_status_2(cluster, capsys, arguments):
    assert main(arguments) == 2
    assert capsys.readouterr().err.startswith("azslurm-exporter: ")


def test_who_interrupts_a_check_does_not_wait_for_what_hangs(cluster, fake_slurm, monkeypatch, capsys):
    fake_slurm.hangs("sacct")

    def interrupted(reader):
        while not fake_slurm.calls("sacct"):
            time.sleep(0.01)
        raise KeyboardInterrupt

    monkeypatch.setattr("slurm_observability.slurm.jobs.QueueReader.read", interrupted)
    began = time.monotonic()
    assert main(["--timeout", "60", "check"]) == 130
    assert time.monotonic() - began < 10
    assert capsys.readouterr().out == ""
