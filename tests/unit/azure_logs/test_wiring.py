"""Where Azure comes in the journeys for the whole cluster: nowhere, unless enable_azure_logs asks for it."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from .conftest import ROOT

INVENTORY = """\
[slurm_controller]
head
[slurm_compute]
node1
node2
[slurm_cluster:children]
slurm_controller
slurm_compute
"""


@pytest.fixture
def inventory(tmp_path: Path) -> Path:
    path = tmp_path / "hosts"
    path.write_text(INVENTORY)
    return path


def plays(inventory: Path, playbook: str, *settings: str) -> list[tuple[str, str]]:
    """Each play that has hosts, and its pattern."""
    options = [word for setting in settings for word in ("-e", setting)]
    command = ["ansible-playbook", "-i", str(inventory), f"playbooks/{playbook}.yml", "--list-hosts", *options]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    listed = subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, text=True).stdout
    found = re.findall(r"play #\d+ \((.*?)\): (.*?)\s+TAGS", listed)
    return [(name, pattern) for pattern, name in found if pattern != "localhost:!localhost"]


def test_not_asked_for(inventory: Path) -> None:
    named = " ".join(name for name, _pattern in plays(inventory, "site", "enable_observability=true"))
    assert "Azure" not in named
    assert not plays(inventory, "site", "enable_azure_logs=true")[1:], "it is a part of the whole"


def test_asked_for(inventory: Path) -> None:
    asked = ("enable_observability=true", "enable_azure_logs=true")
    site = plays(inventory, "site", *asked)
    names = [name for name, _pattern in site]
    parts = ["Check what Azure is asked for", "Make what Azure needs", "Wait for the first rows", "Ask Azure"]
    assert sorted(names.index(part) for part in parts) == [names.index(part) for part in parts]
    assert names.index("See what happens to jobs, and what they use") < names.index("Make what Azure needs")
    assert dict(site)["Prepare the agent's hosts"] == "slurm_cluster"
    removed = dict(plays(inventory, "remove", *asked))
    assert removed["Remove what the agent's hosts were given"] == "slurm_cluster"
    assert "Remove what collects logs in Azure" in removed


def test_groups_of_their_own_name_the_hosts(inventory: Path) -> None:
    forwarders = INVENTORY + "[fluent_bit]\nnode2\n"
    inventory.write_text(forwarders)
    found = dict(plays(inventory, "logs"))
    assert found["Forward what the agent does not"] == "fluent_bit"
    assert "Prepare the agent's hosts" not in found, "who has the agent beside forwarders is said by a group"
    inventory.write_text(forwarders + "[azure_monitor_agent]\nnode1\n")
    assert dict(plays(inventory, "logs"))["Prepare the agent's hosts"] == "azure_monitor_agent"
