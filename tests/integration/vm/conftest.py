"""A lab with a virtual machine (bin/lab up --vm), and on head and vm1 what keeps every job on record.

Ansible takes ten minutes for an emulated machine: the playbook runs on head and node1, and vm1 is made of what is
there, as autoscaled nodes are.
"""

from __future__ import annotations

import json
import subprocess

import pytest

from tests.integration.lab.conftest import job_service, jobs, lab
from tests.integration.lab.support import ROOT, Lab, wait_until
from tests.integration.vm.agent import Agent

__all__ = ["agent", "deployed", "job_service", "jobs", "lab"]

# The last that is done, and so how an earlier run is known.
HOOKS_INCLUDED = "grep -i ^include /etc/slurm/slurm.conf"
# Shorter than the defaults: the tests wait for a look or two.
VARIABLES = {
    "slurm_hooks_slurm_conf": "include",
    # Each machine of the lab reads a slurm.conf of its own: those without the hooks name none.
    "slurm_hooks_accept_absent_nodes": True,
    "job_agent_interval": 5,
    "job_service_accounting_interval": 10,
}


@pytest.fixture(scope="session", autouse=True)
def deployed(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The service, the agents and the hooks are those of the playbook."""
    if lab.run("vm1", f"{HOOKS_INCLUDED} || true"):
        return
    inventory = tmp_path_factory.mktemp("vm") / "inventory.yml"
    inventory.write_text(lab.lab("inventory"))
    play = ["ansible-playbook", "--inventory", inventory, "playbooks/jobs.yml", "--limit", "head,node1"]
    done = subprocess.run(
        [*play, "--extra-vars", json.dumps(VARIABLES)], cwd=ROOT, capture_output=True, text=True, timeout=900
    )
    assert done.returncode == 0, done.stdout + done.stderr
    lab.lab("bake", "node1")
    # bin/lab writes slurm.conf anew, as a site would hand its own out.
    include = lab.run("node1", HOOKS_INCLUDED).strip()
    lab.run("vm1", f"echo '{include}' >>/etc/slurm/slurm.conf && systemctl restart slurmd")
    wait_until("slurmd is back", lambda: lab.node_states("vm1") == {"IDLE"}, 60)


@pytest.fixture(scope="session")
def agent(lab: Lab) -> Agent:
    return Agent(lab)
