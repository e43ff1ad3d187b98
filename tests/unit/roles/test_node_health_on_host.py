"""The role node_health on a made-up host: how Slurm gets to run the hook, and how it goes without a trace."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from tests.unit.azure_monitor_agent.made_up_host import MadeUpHost

ROLE = "node_health"
PROGRAM = "/opt/slurm_observability/current/bin/node-health"
SLURM_CONF, INCLUDED = "/etc/slurm/slurm.conf", "/etc/slurm/observability-health.conf"
HOOK = "/usr/local/lib/slurm-observability/node-health-hook"
VERDICT = "/var/lib/node-health/verdict.json"
pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root may write as others on a made-up host")

# slurmctld runs what its files named when it was told to read them.
SCONTROL = f"""
echo "$*" >>{{asked}}
case $1 in
    reconfigure) cat {SLURM_CONF} $(sed -n 's@^Include @/etc/slurm/@p' {SLURM_CONF}) >{{read}} ;;
    show) sed -n 's/^HealthCheckProgram=/HealthCheckProgram      = /p' {{read}} ;;
esac
"""


class Host(MadeUpHost):
    """A controller that is a node, too. Its checkers have always just been asked."""

    def __init__(self, home: Path) -> None:
        super().__init__(home)
        self.asked, self.read = home / "asked", home / "read"
        self.read.touch()
        self.command("scontrol", SCONTROL.format(asked=self.asked, read=self.read))
        self.write(PROGRAM, "#!/bin/sh\n", 0o755)
        self.write(SLURM_CONF, "ClusterName=lab\n")

    def run_role(self, **variables: Any) -> tuple[int, list[str]]:
        """Run the role; return how many tasks changed something, and what slurmctld was asked."""
        self.asked.unlink(missing_ok=True)
        self.write(VERDICT, "{}")
        given = {"node_health_on": ["node", "controller"], "node_health_slurm_bin": str(self.commands), **variables}
        changed, said = self.play(ROLE, node_health_phase=["configure"], **given)
        assert changed >= 0, said
        return changed, self.asked.read_text().splitlines() if self.asked.exists() else []


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path / "host")


def test_slurm_is_asked_nothing_where_no_hook_is_wanted(host: Host) -> None:
    assert host.run_role()[1] == []
    assert host.run_role() == (0, [])


def test_the_life_of_the_hook(host: Host) -> None:
    hook = {"node_health_hook": True, "node_health_slurm_conf": "include"}
    assert host.run_role(**hook)[1] == ["show config", "reconfigure", "show config"]
    settings = [f"HealthCheckProgram={HOOK}", "HealthCheckInterval=300", "HealthCheckNodeState=ANY,CYCLE"]
    assert host.layer(INCLUDED).read_text().splitlines()[1:] == settings
    assert host.run_role(**hook) == (0, ["show config", "show config"])

    host.read.write_text("")  # as after a run that broke off before slurmctld was told
    assert host.run_role(**hook) == (1, ["show config", "reconfigure", "show config"])

    assert host.run_role(node_health_state="absent")[1] == ["show config", "reconfigure", "show config"]
    assert host.layer(SLURM_CONF).read_text() == "ClusterName=lab\n"
    assert not any(host.layer(path).is_file() for path in (INCLUDED, HOOK, VERDICT))


def test_a_removal_that_broke_off_is_brought_to_its_end(host: Host) -> None:
    """Or another host took the line out of a slurm.conf that all hosts share."""
    assert host.run_role(node_health_hook=True, node_health_slurm_conf="include")[0] > 0
    host.write(SLURM_CONF, "ClusterName=lab\n")
    assert host.run_role(node_health_state="absent")[1] == ["show config", "reconfigure", "show config"]
    assert not any(host.layer(path).is_file() for path in (INCLUDED, HOOK))
    assert host.run_role(node_health_state="absent")[1] == []


def test_a_node_that_joins_later_reads_its_own_file(host: Host) -> None:
    told = host.home / "systemctl.log"
    stand_in = (host.commands / "systemctl").read_text().partition("\n")[2]
    host.command("systemctl", f'echo "$*" >>{told}; {stand_in}')
    hook = {"node_health_hook": True, "node_health_slurm_conf": "include", "node_health_on": ["node"]}
    assert host.run_role(**hook)[1] == ["show config"]
    assert told.read_text().splitlines().count("try-reload-or-restart slurmd") == 1


def test_a_hook_that_slurm_still_runs_stays(host: Host) -> None:
    host.write(HOOK, "#!/bin/sh\n", 0o755)
    host.read.write_text(f"HealthCheckProgram={HOOK}\n")
    assert host.run_role(node_health_state="absent")[1] == ["show config"]
    assert host.layer(HOOK).is_file()
    changed, said = host.play("slurm_hooks", slurm_hooks_state="absent", slurm_hooks_on=["node"])
    assert changed >= 0, said
    assert host.layer(HOOK).is_file()
