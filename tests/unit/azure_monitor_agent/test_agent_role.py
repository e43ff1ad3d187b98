"""The role azure_monitor_agent on made-up hosts."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.unit.azure_monitor_agent.made_up_host import MadeUpHost

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to make users")

ROLE = "azure_monitor_agent"
SERVICES = ["azuremonitoragent.service", "azuremonitor-coreagent.service", "azuremonitor-agentlauncher.service"]
JOURNAL_UNIT = "/etc/systemd/system/journal-file-dmesg.service"
JOURNAL_PROGRAM = "/usr/local/lib/slurm-observability/journal_file.py"
BOOT_UNIT = "/etc/systemd/system/azure-monitor-associate.service"
BOOT_CONFIGURATION = "/etc/slurm-observability/associations.json"
RULE = "/subscriptions/s/resourceGroups/hpc/providers/Microsoft.Insights/dataCollectionRules/slurmd_raw_dcr"
BOOT_HOOK = {
    "azure_monitor_agent_boot_hook": True,
    "azure_monitor_agent_boot_hook_rules": [RULE],
    "azure_monitor_agent_boot_hook_client_id": "c",
}


@pytest.fixture
def host(tmp_path: Path) -> MadeUpHost:
    """A compute node with an agent that came as an extension."""
    host = MadeUpHost(tmp_path / "host", "x86_64", 4096)
    host.package("1.36.1")
    for service in SERVICES:
        (host.services / service).write_text("0")
    return host


def play(host: MadeUpHost, check: bool = False, **variables: Any) -> tuple[int, str]:
    return host.play(ROLE, check, **{"azure_monitor_agent_nodes": ["compute"], **variables})


def test_the_whole_life_of_it(host: MadeUpHost) -> None:
    before = host.snapshot()
    foretold, said = play(host, check=True, **BOOT_HOOK)
    assert foretold > 0, said
    assert host.snapshot() == before

    changed, said = play(host, **BOOT_HOOK)
    assert changed > 0, said
    unit = " ".join(host.layer(JOURNAL_UNIT).read_text().replace("\\\n", "").split())
    state = "/var/lib/journal-file-dmesg/cursor.json"
    start = (
        f"{sys.executable} {JOURNAL_PROGRAM} /var/log/slurm-observability/kernel.log {state} 16777216 _TRANSPORT=kernel"
    )
    assert f"ExecStart={start} " in unit and "User=journal-files " in unit
    assert (host.services / "journal-file-dmesg.service").exists()
    assert host.layer("/var/log/slurm-observability").stat().st_mode & 0o7777 == 0o2750
    hook = json.loads(host.layer(BOOT_CONFIGURATION).read_text())
    assert hook == {"client_id": "c", "rules": [RULE], "seconds": 900}
    assert host.layer(BOOT_UNIT.replace("system/", "system/multi-user.target.wants/")).is_symlink()
    assert "no rule for slurmd (yet)" in said, "the probe's notes are not shown"

    after = host.snapshot()
    changed, said = play(host, **BOOT_HOOK)
    assert (changed, host.snapshot()) == (0, after), said

    assert play(host, azure_monitor_agent_state="absent")[0] > 0
    assert not any(host.layer(path).exists() for path in (JOURNAL_UNIT, JOURNAL_PROGRAM, BOOT_UNIT, BOOT_CONFIGURATION))
    assert (host.services / SERVICES[0]).exists()
    assert play(host, azure_monitor_agent_state="absent")[0] == 0


def test_a_host_of_another_kind_has_no_kernel_log(host: MadeUpHost) -> None:
    """The catalogue gives it to compute nodes; and what was there of it goes."""
    host.write(JOURNAL_UNIT, "")
    changed, said = play(host, azure_monitor_agent_nodes=["scheduler"])
    assert changed > 0, said
    assert not host.layer(JOURNAL_UNIT).exists() and not host.layer(JOURNAL_PROGRAM).exists()


def test_a_host_without_the_agent_is_told_unless_it_is_for_an_image(host: MadeUpHost) -> None:
    host.package("")
    changed, said = play(host)
    assert changed == -1 and "the Azure Monitor Agent is not installed" in said
    changed, said = play(host, azure_monitor_agent_may_be_missing=True)
    assert changed == 0, said


def test_an_agent_that_does_not_run_is_told(host: MadeUpHost) -> None:
    (host.services / SERVICES[1]).unlink()
    changed, said = play(host)
    assert changed == -1 and "azuremonitor-coreagent.service is inactive" in said


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"azure_monitor_agent_minimum_version": "1.40.0"}, "is 1.36.1, older than"),
        ({"azure_monitor_agent_proxy": {"address": "http://p:3128"}}, "give the proxy to the extension"),
        ({"azure_monitor_agent_boot_hook": True}, "needs azure_monitor_agent_boot_hook_rules"),
        ({"azure_monitor_agent_catalogue": {"sources": {"slurmd": {"pathes": []}}}}, "pathes"),
        (
            {
                "azure_monitor_agent_install_method": "package",
                "azure_monitor_agent_package": "https://example.com/a.deb",
            },
            "set azure_monitor_agent_package_checksum",
        ),
    ],
    ids=["too old", "proxy", "boot hook", "catalogue", "checksum"],
)
def test_what_cannot_work_is_refused_before_anything_is_changed(
    host: MadeUpHost, change: dict[str, Any], told: str
) -> None:
    before = host.snapshot()
    changed, said = play(host, **change)
    assert changed == -1 and told in " ".join(said.split()), said
    assert host.snapshot() == before


def test_an_agent_that_is_to_be_upgraded_does_not_stop_a_check(host: MadeUpHost) -> None:
    host.package("1.30.0")
    changed, said = play(host, azure_monitor_agent_phase=[])
    assert changed == 0, said


@pytest.mark.skipif(not shutil.which("dpkg-deb"), reason="needs dpkg")
def test_the_agent_may_come_as_a_package(host: MadeUpHost, tmp_path: Path) -> None:
    for command in ("dpkg-query", "rpm"):
        (host.commands / command).unlink()
    for service in SERVICES:
        (host.services / service).unlink()
    variables = {
        "azure_monitor_agent_install_method": "package",
        "azure_monitor_agent_package": str(package_of_the_agent(tmp_path)),
        "azure_monitor_agent_identity": "client_id#c",
        "azure_monitor_agent_proxy": {"address": "http://proxy:3128", "username": "u", "password": "p@ss word"},
    }
    changed, said = play(host, **variables)
    assert changed > 0, said
    settings = host.layer("/etc/default/azuremonitoragent")
    shown = host.run("sh", "-c", ". /etc/default/azuremonitoragent; env").stdout.splitlines()
    assert {"ENABLE_MCS=true", "MANAGED_IDENTITY=client_id#c", "MDSD_PROXY_PASSWORD=p@ss word"} <= set(shown)
    drop_in = host.layer("/etc/systemd/system/azuremonitor-coreagent.service.d/proxy.conf")
    assert 'Environment="https_proxy=http://u:p%%40ss%%20word@proxy:3128"' in drop_in.read_text()
    assert {path.stat().st_mode & 0o777 for path in (settings, drop_in)} == {0o400}
    assert all((host.services / service).exists() for service in SERVICES)
    assert "ss word" not in said.replace("-e", "") and "p@ss" not in said
    changed, said = play(host, **variables)
    assert changed == 0, said
    assert play(host, azure_monitor_agent_state="absent", **variables)[0] > 0
    assert not settings.is_file() and not drop_in.is_file()


def package_of_the_agent(home: Path) -> Path:
    """A package of the agent's name, with units and settings as the agent's has them."""
    tree, deb = home / "tree", home / "azuremonitoragent.deb"
    files = {f"etc/systemd/system/{service}": "[Service]\nExecStart=/bin/true\n" for service in SERVICES}
    files["etc/default/azuremonitoragent"] = "export ENABLE_MCS=false\n"
    files["DEBIAN/control"] = (
        "Package: azuremonitoragent\nVersion: 1.37.0\nArchitecture: all\nMaintainer: nobody <nobody@example.com>\n"
        "Description: stand-in for the Azure Monitor Agent\n"
    )
    for name, text in files.items():
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text(text)
    subprocess.run(["dpkg-deb", "--root-owner-group", "--build", tree, deb], check=True, capture_output=True)
    return deb
