"""The role azure_monitor_agent_fluent_bit on made-up hosts."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.unit.azure_monitor_agent import fluent_bits
from tests.unit.azure_monitor_agent.made_up_host import MadeUpHost
from tests.unit.azure_monitor_agent.test_keep_fluent_bit import SERVICES, SHIPPED, SUPPLIED, Node

ROLE = "azure_monitor_agent_fluent_bit"
PROGRAM = "/usr/local/lib/slurm-observability/agent-fluent-bit/keep_fluent_bit.py"
UNITS = [f"/etc/systemd/system/azure-monitor-agent-fluent-bit.{kind}" for kind in ("service", "path")]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "supplied-fluent-bit"
    path.write_text(fluent_bits.WORKS.format(name="supplied"))
    return path


def node(home: Path, **machine: Any) -> Node:
    """A host with an agent, and no supplied fluent-bit yet."""
    host = Node(home / "host", **machine)
    host.layer(SUPPLIED).unlink()
    host.layer(SUPPLIED).parent.rmdir()
    return host


def use(host: MadeUpHost, source: Path | str, check: bool = False, **variables: Any) -> tuple[int, str]:
    return host.play(ROLE, check, azure_monitor_agent_fluent_bit_source=str(source), **variables)


def test_the_whole_life_of_it(tmp_path: Path, source: Path) -> None:
    host = node(tmp_path)
    before = host.snapshot()
    foretold, said = use(host, source, check=True)
    assert foretold > 0, said
    assert "would be replaced" in said
    assert host.snapshot() == before

    changed, said = use(host, source)
    assert changed > 0, said
    assert (host.in_place(), host.restarted()) == ("supplied", SERVICES)
    assert (host.services / "azure-monitor-agent-fluent-bit.path").exists()
    assert f"PathChanged={SHIPPED}\n" in host.layer(UNITS[1]).read_text()
    after = host.snapshot()
    assert use(host, source)[0] == 0
    assert (host.snapshot(), host.restarted()) == (after, [])

    # What the path unit starts after an upgrade is the command of the service.
    host.upgrade("1.37.0", fluent_bits.WRONG_PAGES)
    (start,) = [
        line for line in host.layer(UNITS[0]).read_text().replace("\\\n", "").splitlines() if "ExecStart" in line
    ]
    assert host.run(*start.partition("=")[2].split()).returncode == 0
    assert (host.in_place(), host.copies()) == ("supplied", ["fluent-bit.shipped-1.37.0"])
    assert use(host, source)[0] == 0

    absent = {"azure_monitor_agent_fluent_bit_state": "absent"}
    changed, said = use(host, source, **absent)
    assert changed > 0, said
    assert (host.in_place(), host.copies()) == ("of 1.37.0", [])
    assert not any(host.layer(path).exists() for path in [*UNITS, PROGRAM, SUPPLIED])
    assert use(host, source, **absent)[0] == 0


def test_any_other_machine_is_left_alone(tmp_path: Path, source: Path) -> None:
    host = node(tmp_path, architecture="x86_64", page_size=4096)
    before = host.snapshot()
    changed, said = use(host, source)
    assert changed == 0, said
    assert "left alone" in said
    assert (host.snapshot(), host.restarted()) == (before, [])


def test_an_image_without_the_agent_is_prepared(tmp_path: Path, source: Path) -> None:
    host = node(tmp_path)
    host.package("")
    host.layer(SHIPPED).unlink()
    assert use(host, source)[0] > 0
    assert host.layer(SUPPLIED).exists() and (host.services / "azure-monitor-agent-fluent-bit.path").exists()
    host.upgrade("1.36.1", fluent_bits.WRONG_PAGES)
    assert host.run(sys.executable, PROGRAM, "replace", f"--supplied={SUPPLIED}").returncode == 0
    assert host.in_place() == "supplied"


def test_what_the_host_sees_may_be_supplied(tmp_path: Path, source: Path) -> None:
    host = node(tmp_path)
    checksum = hashlib.sha256(source.read_bytes()).hexdigest()
    variables = {"azure_monitor_agent_fluent_bit_checksum": checksum}
    assert use(host, f"file://{source}", **variables)[0] > 0
    assert host.in_place() == "supplied"
    assert use(host, f"file://{source}", **variables)[0] == 0


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"azure_monitor_agent_fluent_bit_source": "/nowhere"}, "is /nowhere; on this machine it has to be"),
        ({"azure_monitor_agent_fluent_bit_source": ""}, "is not set; on this machine it has to be"),
        (
            {"azure_monitor_agent_fluent_bit_source": "https://example.com/fluent-bit"},
            "set azure_monitor_agent_fluent_bit_checksum",
        ),
        ({"azure_monitor_agent_fluent_bit_minimum_version": "1.40.0"}, "from 1.40.0 on"),
        ({"azure_monitor_agent_fluent_bit_checksum": "0" * 64}, "failed to validate"),
    ],
    ids=["no file", "nothing", "no checksum", "too old", "another file"],
)
def test_what_cannot_work_is_refused(tmp_path: Path, source: Path, change: dict[str, str], told: str) -> None:
    host = node(tmp_path)
    changed, said = host.play(ROLE, **{"azure_monitor_agent_fluent_bit_source": str(source), **change})
    assert changed == -1 and told in " ".join(said.split())
    assert (host.in_place(), host.copies(), host.restarted()) == ("of 1.36.1", [], [])


def test_an_agent_that_is_to_be_upgraded_does_not_stop_a_check(tmp_path: Path, source: Path) -> None:
    host = node(tmp_path)
    host.package("1.30.0")
    changed, said = use(host, source, azure_monitor_agent_fluent_bit_phase=[])
    assert changed == 0, said


def test_a_supplied_one_that_crashes_is_refused(tmp_path: Path, source: Path) -> None:
    host = node(tmp_path)
    source.write_text(fluent_bits.WRONG_PAGES.format(name="supplied"))
    changed, said = use(host, source)
    assert changed == -1 and "the supplied fluent-bit does not work on this machine" in said
    assert (host.in_place(), host.copies(), host.restarted()) == ("of 1.36.1", [], [])
