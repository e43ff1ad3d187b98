"""``job-agent check``: what works, what does not, and what to do."""

from __future__ import annotations

import json

import pytest
from slurm_observability.agent import check as module
from slurm_observability.agent.check import FAILED, OK, as_json, as_text, check
from slurm_observability.agent.settings import CONTROLLER

from tests.unit.programs.agent.program import run
from tests.unit.programs.agent.service import answers
from tests.unit.programs.jobs.events import event


@pytest.fixture
def find(make_settings):
    """Check with these settings, and return the findings by subject."""
    return lambda **more: {finding.subject: finding for finding in check(make_settings(**more))}


def test_all_works(find, spool, service, tmp_path, monkeypatch):
    (tmp_path / "cgroup.controllers").touch()
    monkeypatch.setattr(module, "ROOT", tmp_path)
    spool.put(event(7))
    findings = find()
    assert {finding.state for finding in findings.values()} == {OK}
    assert findings["spool"].detail == f"{spool.directory}: 1 events wait"
    assert findings["service"].detail == f"{service.url}: ok"
    assert findings["token"].detail == "none is asked for"
    assert findings["cgroups"].detail == "version 2"
    assert as_text(list(findings.values())).endswith("All works.\n")
    assert json.loads(as_json(list(findings.values())))["good"] is True
    assert len(spool.look(9).events) == 1
    assert service.events == {}


def test_a_controller_has_no_jobs(find):
    assert list(find(mode=CONTROLLER)) == ["spool", "service", "token"]


def test_a_spool_that_is_not_there(find, spool):
    spool.directory.rmdir()
    finding = find()["spool"]
    assert (finding.state, finding.detail) == (FAILED, f"{spool.directory}: No such file or directory")
    assert f"-o USER {spool.directory}" in finding.remedy


def test_a_spool_that_cannot_be_written(find, monkeypatch):
    monkeypatch.setattr(module.os, "access", lambda path, mode: False)
    assert "cannot remove what was sent" in find()["spool"].detail


def test_a_spool_that_everybody_writes(find, spool):
    spool.directory.chmod(0o777)
    finding = find()["spool"]
    assert (finding.state, finding.remedy) == (FAILED, f"chmod o-w {spool.directory}")


@pytest.mark.parametrize(
    ("status", "words"),
    [(401, "job-observability token new"), (404, "not of something else"), (500, "not of something else")],
)
def test_a_service_that_refuses(find, service, status, words):
    service.always = answers(status)
    findings = find()
    for subject in ("service", "token"):
        assert (findings[subject].state, words in findings[subject].remedy) == (FAILED, True)


def test_a_service_that_is_down(find):
    findings = find(url="http://127.0.0.1:1", mode=CONTROLLER)
    assert "does a firewall let this node through" in findings["service"].remedy
    lines = as_text(list(findings.values())).splitlines()
    assert lines[2].startswith("service  failed  http://127.0.0.1:1 cannot be asked")
    assert lines[3].startswith("-> is job-observability running")
    assert lines[-1] == "To repair: service, token"


def test_a_service_that_wants_events_has_accepted_the_token(find, service, tmp_path):
    service.rejects = lambda document: True
    token = tmp_path / "token"
    token.write_text("one")
    token.chmod(0o600)
    assert find(token_file=token)["token"].detail == "accepted"


def test_no_control_groups(find, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "ROOT", tmp_path)
    finding = find()["cgroups"]
    assert (finding.state, "mount | grep cgroup" in finding.remedy) == (FAILED, True)


def test_the_command(spool, service, tmp_path):
    arguments = ("check", "--mode", "controller", "--url", service.url, "--spool")
    good = run(*arguments, str(spool.directory))
    assert (good.returncode, good.stderr) == (0, "")
    assert [line.split()[:2] for line in good.stdout.splitlines()[1:]] == [
        ["spool", "ok"],
        ["service", "ok"],
        ["token", "ok"],
        ["All", "works."],
    ]
    bad = run(*arguments, str(tmp_path / "none"), "--json", "--token-file", str(tmp_path / "none"))
    assert bad.returncode == 1
    states = {finding["subject"]: finding["state"] for finding in json.loads(bad.stdout)["findings"]}
    assert states == {"spool": "failed", "service": "failed", "token": "failed"}
    assert run("--json").returncode == 2
