"""The Terraform module, applied for real: Terraform, the playbook and a lab of its own. Takes some minutes."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.terraform.workspace import REPOSITORY, TERRAFORM, Workspace

LAB = f"tf-{os.environ.get('LAB_NAME', 'lab')}"[:12].rstrip("-")  # a lab's name is that long at most
CANNOT = "a lab needs Linux and root, so nothing is applied to one"

pytestmark = [
    pytest.mark.lab,
    pytest.mark.skipif(TERRAFORM is None, reason="there is no terraform on this machine"),
    pytest.mark.skipif(platform.system() != "Linux" or os.geteuid() != 0, reason=CANNOT),
]


def lab(command: str, *arguments: str) -> str:
    """Runs bin/lab and returns what it prints."""
    return subprocess.run(
        [str(REPOSITORY / "bin/lab"), command, "--name", LAB, *arguments], check=True, capture_output=True, text=True
    ).stdout


@pytest.fixture(scope="module")
def inventory() -> Iterator[dict[str, Any]]:
    """The inventory of a running lab."""
    lab("up")
    yield yaml.safe_load(lab("inventory"))["all"]
    lab("down")


def module_arguments(inventory: dict[str, Any]) -> dict[str, Any]:
    """What a Terraform configuration would say about the lab: texts as inventory variables, the rest as extra_vars."""
    hosts, variables = inventory["hosts"], inventory["vars"]
    groups = inventory["children"]["slurm_cluster"]["children"]
    of_gpus = inventory["children"]["slurm_gpu"]["vars"]

    def machines(group: str) -> dict[str, Any]:
        return {name: {"address": hosts[name]["ansible_host"]} for name in groups[group]["hosts"]}

    return {
        "inventory": {
            "controllers": machines("slurm_controller"),
            "compute": machines("slurm_compute"),
            "user": variables["ansible_user"],
            "private_key_file": variables["ansible_ssh_private_key_file"],
            "vars": {name: value for name, value in variables.items() if isinstance(value, str)},
        },
        # Grafana takes time, and is nothing that the module knows of.
        "extra_vars": {
            **{name: value for name, value in variables.items() if not isinstance(value, str)},
            **of_gpus,
            "observability_grafana": False,
        },
    }


def test_apply_puts_the_cluster_under_observation(inventory: dict[str, Any], tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    workspace.configure(enable_observability=True, **module_arguments(inventory))

    applied = workspace.apply()
    assert applied.returncode == 0, applied.stdout[-4000:] + applied.stderr[-4000:]
    (log,) = workspace.logs
    assert "Everything is up." in log.read_text()

    assert '"up"' in lab("exec", "head", "--", "curl --silent http://localhost:9090/api/v1/targets")

    again = workspace.apply()
    assert again.returncode == 0, again.stderr
    assert "No changes." in again.stdout
    assert workspace.logs == [log]
