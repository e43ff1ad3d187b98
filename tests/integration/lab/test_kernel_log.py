"""Parts of the journal in a file, by the unit of the role _journal_files on a real machine.

A lab's machines do not see what the kernel says: a program's messages stand for it.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.lab.support import ROOT, Lab, wait_until

NODE, UNIT, LOG = "node1", "journal-file-lab", "/var/log/slurm-observability/lab.log"
SOURCE = {"name": "lab", "journal": {"path": LOG, "matches": ["SYSLOG_IDENTIFIER=lab-kernel"]}}
DATED = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00 \S+ lab-kernel(\[\d+\])?: line \d+")


def play(lab: Lab, directory: Path, state: str) -> str:
    """Run the role on the node; return the recapitulation of the host."""
    (directory / "inventory.yml").write_text(lab.lab("inventory"))
    role = {
        "role": "slurm.observability._journal_files",
        "_journal_files_state": state,
        "_journal_files_sources": [SOURCE],
    }
    (directory / "play.yml").write_text(
        json.dumps([{"hosts": NODE, "gather_facts": False, "become": True, "roles": [role]}])
    )
    command = ["ansible-playbook", "-i", str(directory / "inventory.yml"), str(directory / "play.yml")]
    environment = {**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "ANSIBLE_FORCE_COLOR": "0"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stdout
    return next(line for line in done.stdout.splitlines() if line.startswith(NODE) and "changed=" in line)


@pytest.fixture(scope="module")
def written(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The node has the service; a second run of the role changes nothing."""
    directory = tmp_path_factory.mktemp("play")
    play(lab, directory, "present")
    assert "changed=0" in play(lab, directory, "present")
    yield
    play(lab, directory, "absent")
    lab.run(NODE, f"rm -rf {LOG}* /var/lib/{UNIT}")


def say(lab: Lab, first: int, last: int) -> None:
    lab.run(NODE, f"for number in $(seq {first} {last}); do echo line $number; done | systemd-cat -t lab-kernel")


def lines(lab: Lab) -> list[str]:
    return lab.run(NODE, f"cat {LOG} 2>/dev/null || true").splitlines()


@pytest.mark.usefixtures("written")
def test_a_killed_service_loses_and_doubles_nothing(lab: Lab) -> None:
    say(lab, 1, 200)
    lab.run(NODE, f"systemctl kill --signal=SIGKILL {UNIT}")
    say(lab, 201, 400)
    wait_until("all lines are in the file", lambda: len(lines(lab)) >= 400, 60)
    found = lines(lab)
    assert [int(line.rpartition(" ")[2]) for line in found] == list(range(1, 401))
    assert all(DATED.fullmatch(line) for line in found)


@pytest.mark.usefixtures("written")
def test_who_may_read_it(lab: Lab) -> None:
    assert lab.run(NODE, f"stat --format '%U:%G %a' {LOG} $(dirname {LOG})").splitlines() == [
        "journal-files:adm 640",
        "journal-files:adm 2750",
    ]


@pytest.mark.usefixtures("written")
def test_its_unit_is_closed(lab: Lab) -> None:
    rating = lab.run(NODE, f"systemd-analyze security --no-pager {UNIT}.service | tail -1")
    assert float(re.findall(r"\d+\.\d+", rating)[0]) < 2.0, rating
