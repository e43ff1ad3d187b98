"""What the probe says of an agent on a made-up host, as a process."""

from __future__ import annotations

import json
import os
import sys
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from tests.unit.azure_monitor_agent.made_up_host import ROOT, MadeUpHost

PROBE = ROOT / "roles/azure_monitor_agent/files/probe.py"
SERVICES = ["azuremonitoragent", "azuremonitor-coreagent", "azuremonitor-agentlauncher"]
ERRORS = "/var/opt/microsoft/azuremonitoragent/log/mdsd.err"
CONFIGURATION = "/etc/opt/microsoft/azuremonitoragent/config-cache/fluentbit/td-agent.conf"
SLURMD = "/var/log/slurmd/slurmd.log"


class Agent(MadeUpHost):
    """A host with an agent that was started an hour ago and follows slurmd's log."""

    def __init__(self, home: Path) -> None:
        super().__init__(home)
        for service in [*SERVICES, "journal-file-dmesg"]:
            (self.services / f"{service}.service").write_text(str(time.clock_gettime(time.CLOCK_MONOTONIC) - 3600))
        self.write(CONFIGURATION, f"[INPUT]\n    Name tail\n    Path {SLURMD}\n    Path_Key FilePath\n")
        self.write(SLURMD, "")

    def fail(self, minutes_ago: float, text: str) -> None:
        moment = datetime.now(timezone.utc) - timedelta(minutes=minutes_ago)
        with self.write(ERRORS, "").open("a") as log:
            log.write(f"{moment:%Y-%m-%dT%H:%M:%S.1234567Z}: {text}\n")

    def probe(self, rules_expected: bool = True, **files: list[str]) -> tuple[list[str], list[str]]:
        settings = {
            "services": SERVICES,
            "journal_services": ["journal-file-dmesg"],
            "files": {"slurmd": [SLURMD], **files},
            "rules_expected": rules_expected,
        }
        done = self.run(sys.executable, str(PROBE), json.dumps(settings))
        assert done.returncode == 0, done.stderr
        report = json.loads(done.stdout)
        return report["problems"], report["notes"]


@pytest.fixture
def agent(tmp_path: Path) -> Agent:
    return Agent(tmp_path)


def test_of_an_agent_that_works_there_is_nothing_to_say(agent: Agent) -> None:
    assert agent.probe() == ([], [])


@pytest.mark.parametrize("service", [*SERVICES, "journal-file-dmesg"])
def test_a_service_that_does_not_run(agent: Agent, service: str) -> None:
    (agent.services / f"{service}.service").unlink()
    assert agent.probe()[0] == [f"{service}.service is inactive, see journalctl -u {service}"]


def test_errors_of_the_last_minutes(agent: Agent) -> None:
    agent.fail(5, "Failed to upload to ODS: Error resolving address\n  and a line that belongs to it")
    (problem,) = agent.probe()[0]
    assert problem.startswith(f"2 lines in {ERRORS} since the agent's start") and "belongs to it" in problem


def test_errors_that_have_passed(agent: Agent) -> None:
    agent.fail(30, "Failed to upload to ODS")
    problems, (note,) = agent.probe()
    assert problems == [] and "Failed to upload" in note


@pytest.mark.parametrize(("minutes_ago", "text"), [(90, "of the run before"), (5, "[DAEMON] Start on node1")])
def test_what_is_no_error_of_this_run(agent: Agent, minutes_ago: float, text: str) -> None:
    agent.fail(minutes_ago, text)
    assert agent.probe() == ([], [])


def test_a_rule_that_has_not_come(agent: Agent) -> None:
    agent.write("/var/log/syslog", "")
    told = "the agent has no rule for syslog (yet): look at the host's associations"
    assert agent.probe(syslog=["/var/log/syslog"]) == ([told], [])
    assert agent.probe(rules_expected=False, syslog=["/var/log/syslog"]) == ([], [told])


def test_no_rule_at_all(agent: Agent) -> None:
    agent.layer(CONFIGURATION).unlink()
    assert "no rule for slurmd" in agent.probe()[0][0]


def test_a_source_without_a_file(agent: Agent) -> None:
    agent.layer(SLURMD).unlink()
    assert agent.probe() == ([], [f"slurmd has no file here ({SLURMD})"])


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to be another user")
def test_a_file_that_the_agent_may_not_read(agent: Agent) -> None:
    agent.write(SLURMD, "", 0o600)
    agent.command("runuser", f'echo "$2" > {agent.home}/asked; exit 1')
    (agent.services / "azuremonitor-agentlauncher.service.User").write_text("syslog")
    assert agent.probe()[0] == [f"{SLURMD} cannot be read by the agent's user syslog"]
    assert (agent.home / "asked").read_text() == "syslog\n"
