"""slurm.conf names the hooks only once every node has them, as Ansible itself runs these tasks."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROLE = Path(__file__).parents[3] / "roles/slurm_hooks"
LOCAL = {"ansible_connection": "local"}
GONE = {"ansible_host": "127.0.0.1", "ansible_port": 9, "ansible_ssh_retries": 0, "ansible_ssh_timeout": 2}
NEW = {"missing": ["Prolog", "Epilog"], "lines": [], "version": "24.11.5"}
NAMED_BEFORE = {**NEW, "missing": []}

# The nodes first and the controllers in a play of their own, as some sites have it.
PLAYBOOK = f"""
- hosts: slurm_compute
  gather_facts: false
  vars_files: &files [{ROLE}/defaults/main.yml, {ROLE}/vars/main.yml]
  tasks: &tasks
    - ansible.builtin.ping:
    - ansible.builtin.include_tasks: {ROLE}/tasks/everywhere.yml
    - ansible.builtin.debug: {{msg: "{{{{ inventory_hostname }}}} is edited"}}
- hosts: slurm_controller:slurm_image
  gather_facts: false
  vars_files: *files
  tasks: *tasks
"""


def run(tmp_path: Path, nodes: dict[str, dict[str, object]], *arguments: str, **variables: object) -> str:
    """Run it; return what it says, in one line."""
    inventory = {
        "slurm_compute": {"hosts": nodes},
        "slurm_controller": {"hosts": {"head": LOCAL}},
        "slurm_image": {"hosts": {"golden": LOCAL}},
    }
    (tmp_path / "hosts.json").write_text(json.dumps(inventory))
    (tmp_path / "play.yml").write_text(PLAYBOOK)
    given = {
        "slurm_hooks_slurm_conf": "include",
        "__slurm_hooks_settings": NEW,
        "__slurm_hooks_slurm_conf_file": {"stat": {"exists": True}},
        **variables,
    }
    done = subprocess.run(
        ["ansible-playbook", "-i", "hosts.json", "play.yml", "--extra-vars", json.dumps(given), *arguments],
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin:" + str(Path(sys.executable).parent), "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    return " ".join(done.stdout.split()) + f" status {done.returncode}"


@pytest.mark.parametrize("mode", [[], ["--check"]])
def test_a_node_that_did_not_answer_is_named_and_nothing_is_edited(tmp_path: Path, mode: list[str]) -> None:
    said = run(tmp_path, {"node1": LOCAL, "node2": GONE}, *mode)
    assert "this run did not put the hooks on node2." in said
    assert "slurm_hooks_accept_absent_nodes=true" in said
    assert "is edited" not in said


def test_a_run_for_the_controller_alone_is_no_run_for_the_nodes(tmp_path: Path) -> None:
    said = run(tmp_path, {"node1": LOCAL}, "--limit", "head")
    assert "this run did not put the hooks on node1." in said


@pytest.mark.parametrize(
    "variables", [{"slurm_hooks_accept_absent_nodes": True}, {"__slurm_hooks_settings": NAMED_BEFORE}]
)
def test_it_goes_on_where_that_is_accepted_or_was_so_before(tmp_path: Path, variables: dict[str, object]) -> None:
    said = run(tmp_path, {"node1": LOCAL, "node2": GONE}, **variables)
    assert "node1 is edited" in said
    assert "head is edited" in said


def test_an_image_is_prepared_before_the_nodes_are(tmp_path: Path) -> None:
    assert "golden is edited" in run(tmp_path, {"node1": LOCAL}, "--limit", "golden")


def test_nodes_that_all_answer_need_nothing_else(tmp_path: Path) -> None:
    said = run(tmp_path, {"node1": LOCAL, "node2": LOCAL})
    assert "head is edited" in said
    assert "status 0" in said
    assert "changed=1" not in said
