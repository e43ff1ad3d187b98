"""What becomes of the agent's fluent-bit on made-up hosts: the program of the role, as a process."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.unit.azure_monitor_agent import fluent_bits
from tests.unit.azure_monitor_agent.made_up_host import ROOT, MadeUpHost

PROGRAM = ROOT / "roles/azure_monitor_agent_fluent_bit/files/keep_fluent_bit.py"
SHIPPED = "/opt/microsoft/azuremonitoragent/bin/fluent-bit"
SUPPLIED = "/usr/local/lib/slurm-observability/agent-fluent-bit/fluent-bit"
SERVICES = ["azuremonitoragent.service", "azuremonitor-agentlauncher.service"]


DPKG = """
import fcntl, pathlib, time
lock = open("/var/lib/dpkg/lock", "w")
fcntl.lockf(lock, fcntl.LOCK_EX)
pathlib.Path("/opt/locked").touch()
time.sleep(0.5)
pathlib.Path("{command}").write_text({installed!r})
"""


class Node(MadeUpHost):
    """A host with an agent and a supplied fluent-bit."""

    def __init__(self, home: Path, shipped: str = fluent_bits.WRONG_PAGES, **machine: Any) -> None:
        super().__init__(home, **machine)
        self.upgrade("1.36.1", shipped)
        self.supply(fluent_bits.WORKS)
        for service in SERVICES:
            (self.services / service).write_text("0")

    def upgrade(self, version: str, shipped: str) -> None:
        """What a package of the agent does."""
        self.package(version)
        self.write(SHIPPED, shipped.format(name=f"of {version}"), 0o755)

    def supply(self, script: str, name: str = "supplied") -> None:
        self.write(SUPPLIED, script.format(name=name), 0o755)

    def keep(self, action: str) -> dict[str, Any]:
        options = [f"--supplied={SUPPLIED}", "--probe-seconds=0.3", "--settle-seconds=0.1"]
        done = self.run(sys.executable, str(PROGRAM), action, *options)
        assert done.stdout, done.stderr
        answer = json.loads(done.stdout)
        assert (done.returncode == 1) == (answer["verdict"] == "refused")
        return answer

    def in_place(self) -> str:
        """Whose fluent-bit is in the agent's place."""
        return self.layer(SHIPPED).read_text().split("\n")[1].strip("# ")

    def copies(self) -> list[str]:
        return sorted(path.name for path in self.layer(SHIPPED).parent.iterdir() if path.name != "fluent-bit")


@pytest.fixture
def node(tmp_path: Path) -> Node:
    return Node(tmp_path)


def test_one_that_cannot_run_is_replaced_once(node: Node) -> None:
    before = node.snapshot()
    asked = node.keep("ask")
    assert (asked["verdict"], asked["changed"]) == ("replace", False)
    assert "Unsupported system page size" in asked["message"]
    assert node.snapshot() == before and node.restarted() == []

    done = node.keep("replace")
    assert (done["verdict"], done["changed"]) == ("replace", True)
    assert (node.in_place(), node.copies()) == ("supplied", ["fluent-bit.shipped-1.36.1"])
    assert "of 1.36.1" in node.layer(SHIPPED).with_name("fluent-bit.shipped-1.36.1").read_text()
    assert node.layer(SHIPPED).stat().st_mode & 0o777 == 0o755
    assert node.restarted() == SERVICES

    after = node.snapshot()
    again = node.keep("replace")
    assert (again["verdict"], again["changed"]) == ("replaced", False)
    assert node.snapshot() == after and node.restarted() == []


def test_one_that_dies_at_its_first_record_is_replaced(tmp_path: Path) -> None:
    node = Node(tmp_path, fluent_bits.CRASHES_LATER)
    assert node.keep("replace")["verdict"] == "replace"
    assert node.in_place() == "supplied"


@pytest.mark.parametrize(
    ("machine", "verdict"),
    [
        ({"architecture": "x86_64", "page_size": 4096}, "other_machine"),
        ({"architecture": "x86_64"}, "other_machine"),
        ({"page_size": 4096}, "other_machine"),
        ({"page_size": 16384}, "other_machine"),
        ({"shipped": fluent_bits.WORKS}, "works"),
        ({"shipped": fluent_bits.LACKS_A_PLUGIN}, "works"),
    ],
    ids=["x86_64", "x86_64-64K", "aarch64-4K", "aarch64-16K", "aarch64-64K-works", "aarch64-64K-without-dummy"],
)
def test_any_other_machine_is_left_alone(tmp_path: Path, machine: dict[str, Any], verdict: str) -> None:
    node = Node(tmp_path, **machine)
    before = node.snapshot()
    for action in ("ask", "replace"):
        answer = node.keep(action)
        assert (answer["verdict"], answer["changed"]) == (verdict, False)
        assert "left alone" in answer["message"]
    assert node.snapshot() == before and node.restarted() == []


def test_an_agent_that_is_too_old_is_not_helped_by_another_fluent_bit(node: Node) -> None:
    node.package("1.35.8")
    before = node.snapshot()
    for action in ("ask", "replace"):
        answer = node.keep(action)
        assert answer["verdict"] == "refused" and "1.36.1 on" in answer["message"] and "1.35.8" in answer["message"]
    assert node.snapshot() == before


def test_versions_are_compared_as_numbers(node: Node) -> None:
    node.package("1.100.0-7")
    assert node.keep("replace")["verdict"] == "replace"
    assert node.copies() == ["fluent-bit.shipped-1.100.0-7"]


@pytest.mark.parametrize("missing", ["package", "binary"])
def test_without_an_agent_there_is_nothing_to_do(node: Node, missing: str) -> None:
    if missing == "package":
        node.package("")
    else:
        node.layer(SHIPPED).unlink()
    assert node.keep("replace")["verdict"] == "no_agent"


def test_an_agent_from_an_rpm_is_one(node: Node) -> None:
    node.package("")
    node.command("rpm", "echo 1.37.0")
    assert node.keep("replace")["verdict"] == "replace"
    assert node.copies() == ["fluent-bit.shipped-1.37.0"]


@pytest.mark.parametrize(
    "script", [fluent_bits.WRONG_PAGES, fluent_bits.CRASHES_LATER, fluent_bits.LACKS_A_LIBRARY, ""]
)
def test_a_supplied_one_that_does_not_run_is_refused(node: Node, script: str) -> None:
    if script:
        node.supply(script)
    else:
        node.layer(SUPPLIED).unlink()
    before = node.snapshot()
    answer = node.keep("replace")
    assert answer["verdict"] == "refused"
    assert ("does not work on this machine" if script else "there is no") in answer["message"]
    assert node.snapshot() == before and node.restarted() == []


def test_another_fault_of_the_shipped_one_is_told_and_not_covered_up(tmp_path: Path) -> None:
    node = Node(tmp_path, fluent_bits.LACKS_A_LIBRARY)
    answer = node.keep("replace")
    assert answer["verdict"] == "refused" and "libyaml" in answer["message"]
    assert node.in_place() == "of 1.36.1"


def test_after_an_upgrade_it_is_replaced_again_and_the_older_copy_goes(node: Node) -> None:
    node.keep("replace")
    node.upgrade("1.37.0", fluent_bits.WRONG_PAGES)
    node.restarted()
    assert node.keep("replace")["changed"]
    assert (node.in_place(), node.copies()) == ("supplied", ["fluent-bit.shipped-1.37.0"])
    assert node.restarted() == SERVICES
    node.keep("restore")
    assert (node.in_place(), node.copies()) == ("of 1.37.0", [])


def test_after_an_upgrade_that_works_it_is_left_alone(node: Node) -> None:
    node.keep("replace")
    node.upgrade("1.38.0", fluent_bits.WORKS)
    node.restarted()
    assert node.keep("replace")["verdict"] == "works"
    assert (node.in_place(), node.copies(), node.restarted()) == ("of 1.38.0", [], [])
    assert not node.keep("replace")["changed"]


def test_another_supplied_one_takes_the_place_of_the_first(node: Node) -> None:
    node.keep("replace")
    node.supply(fluent_bits.WORKS, "a newer one")
    assert node.keep("replace")["changed"]
    assert (node.in_place(), node.copies()) == ("a newer one", ["fluent-bit.shipped-1.36.1"])
    node.keep("restore")
    assert node.in_place() == "of 1.36.1"


def test_what_the_agent_shipped_comes_back(node: Node) -> None:
    node.keep("replace")
    node.restarted()
    assert node.keep("restore")["changed"]
    assert (node.in_place(), node.copies(), node.restarted()) == ("of 1.36.1", [], SERVICES)
    assert not node.keep("restore")["changed"]
    assert node.restarted() == []


def test_an_older_copy_is_not_put_over_a_newer_agent(node: Node) -> None:
    node.keep("replace")
    node.package("1.37.0")
    answer = node.keep("restore")
    assert answer["verdict"] == "refused" and "an older one is not put back" in answer["message"]
    assert node.in_place() == "supplied"


def test_services_that_were_stopped_stay_so(node: Node) -> None:
    for service in SERVICES:
        (node.services / service).unlink()
    assert node.keep("replace")["changed"]
    assert node.restarted() == []


def test_a_restart_that_failed_is_made_good(node: Node) -> None:
    systemctl = (node.commands / "systemctl").read_text()
    node.command("systemctl", '[ "$1" = is-active ] && echo active && exit; echo "Job failed."; exit 1')
    answer = node.keep("replace")
    assert answer["verdict"] == "refused" and "Job failed" in answer["message"]
    (node.commands / "systemctl").write_text(systemctl)
    assert node.keep("replace")["changed"]
    assert node.restarted() == SERVICES
    assert not node.keep("replace")["changed"]


def test_an_upgrade_at_the_same_moment_wins(node: Node) -> None:
    """The agent's package changes while the supplied binary is tried: nothing older is kept for what came."""
    newer = node.home / "newer"
    newer.write_text(fluent_bits.WRONG_PAGES.format(name="of 1.37.0"))
    newer.chmod(0o755)
    upgrade = f"""#!/bin/sh
# supplied
if [ -e {newer} ]; then
    mv {newer} {SHIPPED}
    printf '#!/bin/sh\\necho install ok installed/1.37.0\\n' > {node.commands}/dpkg-query
fi
[ "$*" = --version ] && exit
exec sleep 60
"""
    node.write(SUPPLIED, upgrade, 0o755)
    answer = node.keep("replace")
    assert answer["changed"], answer
    assert (node.in_place(), node.copies()) == ("supplied", ["fluent-bit.shipped-1.37.0"])
    assert "of 1.37.0" in node.layer(SHIPPED).with_name("fluent-bit.shipped-1.37.0").read_text()


def test_it_waits_until_the_package_is_installed_whole(node: Node) -> None:
    """dpkg, as its lock tells, has unpacked the agent and not configured it yet."""
    node.upgrade("1.37.0", fluent_bits.WRONG_PAGES)
    installed = (node.commands / "dpkg-query").read_text()
    node.write("/var/lib/dpkg/lock", "")
    node.command("dpkg-query", "echo install ok unpacked/1.37.0")
    dpkg = node.write("/opt/dpkg.py", DPKG.format(command=node.commands / "dpkg-query", installed=installed))
    keep = f"{sys.executable} {PROGRAM} replace --supplied={SUPPLIED} --probe-seconds=0.3 --settle-seconds=0.1"
    done = node.run(
        "sh", "-c", f"{sys.executable} /opt/{dpkg.name} & while ! [ -e /opt/locked ]; do :; done; {keep}; wait"
    )
    assert json.loads(done.stdout)["changed"], done.stderr
    assert (node.in_place(), node.copies()) == ("supplied", ["fluent-bit.shipped-1.37.0"])


def test_without_arguments_it_explains_itself() -> None:
    done = subprocess.run([sys.executable, PROGRAM, "--help"], capture_output=True, text=True, check=True)
    assert "Unsupported system page size" in done.stdout
