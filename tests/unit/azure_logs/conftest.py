"""playbooks/logs.yml, run as a user runs it, against a stand-in for Azure."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.stand_ins.azure import AzureStandIn, Furniture

ROOT = Path(__file__).resolve().parents[3]
SOURCES = tuple(yaml.safe_load((ROOT / "roles/_log_catalogue/vars/main.yml").read_text())["_log_catalogue"]["sources"])
QUERY = {"name": "slurm_one", "category": "Slurm", "display_name": "One", "query": "slurmd_raw_CL\n| count"}


@dataclass(frozen=True)
class Run:
    """A playbook that has ended: its status, what it printed, and how many tasks changed something."""

    status: int
    output: str

    @property
    def changed(self) -> int:
        return sum(map(int, re.findall(r"\bchanged=(\d+)", self.output)))

    @property
    def error(self) -> str:
        """What the errors say, in one line."""
        return " ".join(" ".join(re.findall(r"\[ERROR\]: (.*?)(?:\nOrigin:|\n\n|\Z)", self.output, re.DOTALL)).split())


@dataclass
class Site:
    """A subscription with a workspace and machines, and who runs playbooks there.

    One log and one query stand for all.
    """

    stand_in: AzureStandIn
    home: Path
    settings: dict[str, Any] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.furniture = Furniture(self.stand_in.services)
        self.workspace = self.furniture.workspace()
        self.scheduler = self.furniture.machine("scheduler")
        self.nodes = self.furniture.scale_set("nodes", 2, upgrades="Automatic")
        self.stand_in.estate.behaviour.retry_after = 0
        self.furnished = set(self.ids())
        self.settings = {
            "azure_logs_catalogue": self.only("slurmd"),
            "azure_logs_verify_required": [],
            "azure_logs_connection": {"ca_file": str(self.stand_in.ca_file)},
            "__azure_logs_queries": [QUERY],  # each takes a second
            "ansible_python_interpreter": sys.executable,
        }
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("AZURE_", "ANSIBLE_"))},
            **self.stand_in.environment(),
            "HOME": str(self.home),  # the credential file of whoever runs this is none of ours
            "SUBSCRIPTION_ID": self.stand_in.estate.tenancy.subscription,
            "RESOURCE_GROUP": "hpc",
            "WORKSPACE_NAME": "logs",
            "REGION": "East US",
            "VM_NAME": "scheduler",
            "VMSS_RG": "hpc",
            "VMSS_NAME": "nodes",
        }

    @staticmethod
    def only(*names: str, **more: Any) -> dict[str, Any]:
        """A catalogue of the collection's own logs of these names, and of ``more``."""
        return {"sources": {name: {"enabled": False} for name in SOURCES if name not in names} | more}

    def start(self, *options: str, **settings: Any) -> subprocess.Popen[str]:
        """Start the playbook."""
        extra = json.dumps({**self.settings, **settings})
        return subprocess.Popen(
            ["ansible-playbook", "-i", "localhost,", "-e", extra, "playbooks/logs.yml", *options],
            cwd=ROOT,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *options: str, **settings: Any) -> Run:
        """Run the playbook."""
        process = self.start(*options, **settings)
        output, _none = process.communicate(timeout=600)
        return Run(process.returncode, output)

    def check(self, *options: str, **settings: Any) -> Run:
        """Run what comes before the first change, as preflight.yml does."""
        return self.run(*options, **{**settings, "azure_logs_phase": []})

    def writes(self) -> Counter[str]:
        """How many requests changed something so far, by method and kind."""
        asked = ("GET", "POST token", "POST query")
        counts = self.stand_in.services.counts()
        return Counter({kind: count for kind, count in counts.items() if not kind.startswith(asked)})

    def ids(self) -> list[str]:
        """The ids of all that is there."""
        return self.stand_in.estate.store.ids()

    def made(self) -> set[str]:
        """What was made: type and name. Instances have what their scale set has."""
        new = (identifier.rpartition("/providers/")[2] for identifier in set(self.ids()) - self.furnished)
        return {identifier for identifier in new if "/nodes/virtualMachines/" not in identifier}


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with AzureStandIn(tmp_path / "azure") as stand_in:
        yield Site(stand_in, tmp_path)
    assert not stand_in.services.crashes


def kill(process: subprocess.Popen[str]) -> None:
    """End a playbook and all that it started, at once: Ansible's workers are sessions of their own."""
    listed = subprocess.run(["ps", "-e", "-o", "pid=,ppid="], check=True, capture_output=True, text=True).stdout
    parents = {int(pid): int(parent) for pid, parent in map(str.split, listed.splitlines())}
    family = {process.pid}
    while more := {pid for pid, parent in parents.items() if parent in family} - family:
        family |= more
    for pid in family:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
