"""The inventory of a lab."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from lab import inventory, mirror, state

RELEASES = {
    "prometheus": mirror.Release("3.5.3", {"amd64": "a" * 64, "arm64": "0123456789e012" + "1" * 50}),
    "alertmanager": mirror.Release("0.33.1", {"amd64": "1" * 64, "arm64": "b" * 64}),
    "node_exporter": mirror.Release("1.11.1", {"amd64": "2" * 64, "arm64": "c" * 64}),
}

WORDS = st.text(st.characters(max_codepoint=0xFFFF, exclude_categories=["Cs"]), max_size=40)
TREES = st.recursive(
    st.dictionaries(WORDS, WORDS | st.integers() | st.booleans(), max_size=4),
    lambda children: st.dictionaries(WORDS, children, max_size=4),
    max_leaves=12,
)


@settings(max_examples=50, deadline=None)
@given(TREES)
def test_what_is_written_reads_back_as_it_was(tree: dict[str, Any]) -> None:
    assert (yaml.safe_load(inventory.to_yaml(tree)) or {}) == tree


@settings(deadline=None)
@given(st.from_regex(re.compile(r"[A-Za-z0-9_.:+~/ -]{1,12}"), fullmatch=True))
def test_words_that_yaml_would_take_for_something_else_stay_words(word: str) -> None:
    assert yaml.safe_load(inventory.to_yaml({"key": word})) == {"key": word}


@pytest.fixture(autouse=True)
def releases(lab_home: Path) -> None:
    """The mirror holds something."""
    mirror.folder().mkdir()
    entries = {name: {"version": release.version, "sha256": release.sha256} for name, release in RELEASES.items()}
    (mirror.folder() / "releases.json").write_text(json.dumps(entries))


def test_groups_and_variables_others_rely_on(paper_lab: state.Lab) -> None:
    everything = yaml.safe_load(inventory.render(paper_lab))["all"]

    assert everything["hosts"]["node1"] == {"ansible_host": "10.213.7.11"}
    groups = everything["children"]["slurm_cluster"]["children"]
    assert list(groups["slurm_controller"]["hosts"]) == ["head"]
    assert list(groups["slurm_compute"]["hosts"]) == ["node1", "node2"]
    assert list(everything["children"]["slurm_gpu"]["hosts"]) == ["node1", "node2"]

    variables = everything["vars"]
    assert variables["observability_mirror_url"] == "http://10.213.7.1:8000"
    assert variables["prometheus_version"] == "3.5.3"
    assert variables["prometheus_checksums"] == {"3.5.3": RELEASES["prometheus"].sha256}
    assert variables["prometheus_listen_address"] == "0.0.0.0:9090"
    assert str(paper_lab.known_hosts) in variables["ansible_ssh_common_args"]


def test_a_virtual_machine_is_a_compute_node_without_gpus(vm_lab: state.Lab) -> None:
    everything = yaml.safe_load(inventory.render(vm_lab))["all"]
    assert everything["hosts"]["vm1"] == {"ansible_host": "10.213.7.13"}
    groups = everything["children"]
    assert "vm1" in groups["slurm_cluster"]["children"]["slurm_compute"]["hosts"]
    assert list(groups["slurm_gpu"]["hosts"]) == ["node1", "node2"]
