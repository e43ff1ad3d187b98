"""The Terraform module, applied for real; only ansible-playbook is a stand-in, which records what it was given."""

from __future__ import annotations

import json
import shutil
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.terraform.workspace import REPOSITORY, TERRAFORM, Workspace

pytestmark = pytest.mark.skipif(TERRAFORM is None, reason="there is no terraform on this machine")

STAND_IN = """#!/usr/bin/env python3
import json, os, pathlib, stat, sys

files = {}
for argument in sys.argv[1:]:
    path = pathlib.Path(argument.removeprefix("@"))
    if path.is_file():
        files[path.name] = {"text": path.read_text(), "mode": stat.S_IMODE(path.stat().st_mode), "path": str(path)}
names = ("ANSIBLE_COLLECTIONS_PATH", "ANSIBLE_CONFIG")
record = {"arguments": sys.argv[1:], "files": files, "environment": {n: os.environ[n] for n in names}}
with open(os.environ["RECORD"], "a") as stream:
    stream.write(json.dumps(record) + "\\n")
print("this is the stand-in for ansible-playbook")
sys.exit(int(os.environ.get("EXIT_STATUS", 0)))
"""


class RecordedWorkspace(Workspace):
    """A workspace whose ansible-playbook is the stand-in, and what that recorded."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.record = folder / "record.jsonl"
        self.playbook = folder / "ansible-playbook"
        self.playbook.write_text(STAND_IN)
        self.playbook.chmod(0o755)

    def configure(self, **arguments: Any) -> None:
        super().configure(**{"ansible_playbook": str(self.playbook), **arguments})

    def apply(self, **environment: str) -> subprocess.CompletedProcess[str]:
        return super().apply(RECORD=str(self.record), **environment)

    @property
    def runs(self) -> list[dict[str, Any]]:
        """One record for each time the playbook ran."""
        return [json.loads(line) for line in self.record.read_text().splitlines()] if self.record.exists() else []


@pytest.fixture
def workspace(tmp_path: Path) -> RecordedWorkspace:
    return RecordedWorkspace(tmp_path)


INVENTORY = {
    "controllers": {"head": {"address": "10.0.0.4"}},
    "compute": {"node1": {"address": "10.0.0.11", "vars": {"rack": "7"}}, "node2": {}},
    "user": "azureuser",
    "vars": {"ansible_become": "true"},
}


def succeeded(result: subprocess.CompletedProcess[str]) -> bool:
    """Whether Terraform succeeded; shows its words when it did not."""
    if result.returncode:
        print(result.stdout, result.stderr)
    return result.returncode == 0


def test_the_code_is_formatted() -> None:
    assert TERRAFORM is not None
    result = subprocess.run(
        [TERRAFORM, "fmt", "-check", "-recursive", str(REPOSITORY / "terraform")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (result.returncode, result.stdout) == (0, "")


@pytest.mark.parametrize("example", sorted(p.name for p in (REPOSITORY / "terraform/examples").iterdir()))
def test_every_example_is_valid(example: str, tmp_path: Path) -> None:
    shutil.copytree(REPOSITORY / "terraform", tmp_path / "terraform", ignore=shutil.ignore_patterns(".terraform*"))
    workspace = Workspace(tmp_path / "terraform/examples" / example)
    assert succeeded(workspace.terraform("init"))
    assert succeeded(workspace.terraform("validate"))


def test_nothing_runs_until_it_is_asked_for(workspace: RecordedWorkspace) -> None:
    workspace.configure(inventory=INVENTORY)
    assert succeeded(workspace.apply())
    assert workspace.runs == []


def test_the_playbook_gets_the_inventory_and_the_variables(workspace: RecordedWorkspace) -> None:
    workspace.configure(enable_observability=True, inventory=INVENTORY, extra_vars={"secret": "s3cr3t", "list": [1, 2]})
    result = workspace.apply()
    assert succeeded(result)
    (run,) = workspace.runs

    inventory = json.loads(run["files"]["inventory.yml"]["text"])["all"]
    groups = inventory["children"]["slurm_cluster"]["children"]
    assert inventory["vars"] == {"ansible_become": "true", "ansible_user": "azureuser"}
    assert groups["slurm_controller"]["hosts"] == {"head": {"ansible_host": "10.0.0.4"}}
    assert groups["slurm_compute"]["hosts"] == {
        "node1": {"ansible_host": "10.0.0.11", "rack": "7"},
        "node2": {"ansible_host": "node2"},
    }

    extra_vars = run["files"]["extra_vars.json"]
    assert json.loads(extra_vars["text"]) == {"enable_observability": True, "secret": "s3cr3t", "list": [1, 2]}
    assert extra_vars["mode"] == 0o600
    assert not Path(extra_vars["path"]).exists(), "the secrets outlived the run"
    assert run["arguments"][-1] == "slurm.observability.site"


def test_a_secret_is_in_no_output_no_log_and_no_state(workspace: RecordedWorkspace) -> None:
    workspace.configure(enable_observability=True, inventory=INVENTORY, extra_vars={"secret": "s3cr3t"})
    result = workspace.apply()
    assert succeeded(result)
    assert "this is the stand-in" in result.stdout, "the playbook's output has to be seen"
    written = [*workspace.logs, workspace.folder / "terraform.tfstate"]
    assert "s3cr3t" not in result.stdout + result.stderr + "".join(path.read_text() for path in written)


def test_a_clone_resolves_its_own_name(workspace: RecordedWorkspace) -> None:
    workspace.configure(enable_observability=True, inventory=INVENTORY)
    assert succeeded(workspace.apply())
    environment = workspace.runs[0]["environment"]
    assert environment["ANSIBLE_COLLECTIONS_PATH"] == str(REPOSITORY / ".collections")


def test_an_installed_collection_is_found_beside_the_others(workspace: RecordedWorkspace) -> None:
    installed = workspace.folder / "collections/ansible_collections/slurm/observability"
    (installed / "playbooks").mkdir(parents=True)
    (installed / "playbooks/site.yml").write_text("[]\n")
    workspace.configure(enable_observability=True, inventory=INVENTORY, collection_path=str(installed))
    assert succeeded(workspace.apply())
    environment = workspace.runs[0]["environment"]
    assert environment["ANSIBLE_COLLECTIONS_PATH"] == str(workspace.folder / "collections")


def test_it_runs_again_only_when_something_changed(workspace: RecordedWorkspace) -> None:
    collection = workspace.folder / "collection"
    (collection / "playbooks").mkdir(parents=True)
    playbook = collection / "playbooks/site.yml"
    playbook.write_text("[]\n")
    arguments: dict[str, Any] = {"enable_observability": True, "collection_path": str(collection)}

    def apply(**changed: Any) -> int:
        workspace.configure(**arguments, **changed)
        assert succeeded(workspace.apply())
        return len(workspace.runs)

    assert apply(inventory=INVENTORY) == 1
    assert apply(inventory=INVENTORY) == 1
    assert apply(inventory={**INVENTORY, "user": "root"}) == 2
    assert apply(inventory=INVENTORY, extra_vars={"a": 1}) == 3
    playbook.write_text("[] # a new version of the collection\n")
    assert apply(inventory=INVENTORY, extra_vars={"a": 1}) == 4


def test_an_inventory_file_is_used_where_it_is_and_watched(workspace: RecordedWorkspace) -> None:
    hosts = workspace.folder / "hosts.yml"
    hosts.write_text("slurm_controller: {hosts: {head: }}\n")
    workspace.configure(enable_observability=True, inventory_path=str(hosts))
    assert succeeded(workspace.apply())
    hosts.write_text("slurm_controller: {hosts: {other: }}\n")
    assert succeeded(workspace.apply())
    assert [run["arguments"][1] for run in workspace.runs] == [str(hosts)] * 2


def test_a_failed_playbook_fails_the_apply_and_is_run_again(workspace: RecordedWorkspace) -> None:
    workspace.configure(enable_observability=True, inventory=INVENTORY)
    result = workspace.apply(EXIT_STATUS="2")
    (log,) = workspace.logs
    assert result.returncode == 1
    assert f"the playbook failed with exit status 2. The log is {log}." in result.stdout + result.stderr
    assert "this is the stand-in" in log.read_text()
    assert stat.S_IMODE(log.stat().st_mode) == 0o600

    assert succeeded(workspace.apply())
    assert len(workspace.runs) == 2


def test_ten_thousand_nodes_fit(workspace: RecordedWorkspace) -> None:
    compute = {f"hpc-{n:05d}": {"address": f"10.{n // 65536}.{n // 256 % 256}.{n % 256}"} for n in range(10_000)}
    workspace.configure(enable_observability=True, inventory={**INVENTORY, "compute": compute})
    assert succeeded(workspace.apply())
    inventory = json.loads(workspace.runs[0]["files"]["inventory.yml"]["text"])
    assert len(inventory["all"]["children"]["slurm_cluster"]["children"]["slurm_compute"]["hosts"]) == 10_000


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({}, "Give either inventory or inventory_path"),
        ({"inventory": INVENTORY, "inventory_path": "/etc/hosts"}, "Give either inventory or inventory_path"),
        ({"inventory": {**INVENTORY, "controllers": {}}}, "The inventory has no controller"),
        ({"inventory": INVENTORY, "collection_path": "/nowhere"}, "There is no collection in /nowhere"),
        ({"inventory": INVENTORY, "ansible_playbook": "/nowhere"}, "there is no /nowhere on this machine"),
        ({"inventory": INVENTORY, "connection_timeout": -1}, "connection_timeout is a whole number"),
    ],
)
def test_bad_input_is_refused_with_words(workspace: RecordedWorkspace, arguments: dict[str, Any], words: str) -> None:
    workspace.configure(enable_observability=True, **arguments)
    result = workspace.apply()
    assert result.returncode == 1
    assert words in " ".join((result.stdout + result.stderr).replace("│", " ").split())
    assert workspace.runs == []
