"""A lab with a virtual machine (bin/lab up --vm), and on head and vm1 what keeps every job on record."""

from __future__ import annotations

import json
import subprocess

import pytest

from tests.integration.lab.conftest import job_service, jobs, lab
from tests.integration.lab.support import ROOT, Lab
from tests.integration.vm.agent import Agent

__all__ = ["agent", "deployed", "job_service", "jobs", "lab"]

# Shorter than the defaults: the tests wait for a look or two.
VARIABLES = {"slurm_hooks_slurm_conf": "include", "job_agent_interval": 5, "job_service_accounting_interval": 10}


@pytest.fixture(scope="session", autouse=True)
def deployed(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The service, the agents and the hooks are those of the playbook."""
    inventory = tmp_path_factory.mktemp("vm") / "inventory.yml"
    inventory.write_text(lab.lab("inventory"))
    play = ["ansible-playbook", "--inventory", inventory, "playbooks/jobs.yml", "--limit", "head,vm1"]
    done = subprocess.run(
        [*play, "--extra-vars", json.dumps(VARIABLES)], cwd=ROOT, capture_output=True, text=True, timeout=900
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="session")
def agent(lab: Lab) -> Agent:
    return Agent(lab)
