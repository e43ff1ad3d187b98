"""Scrape targets from node state."""

from __future__ import annotations

import json
import logging
import os

import pytest
from slurm_observability.exporter.discovery import SCRAPE_JOBS, Discovery, write_atomically
from slurm_observability.metrics.exposition import render
from slurm_observability.slurm.gpus import Gpus
from slurm_observability.slurm.nodes import Node

NODE = Node(
    name="node1",
    address="10.0.0.11",
    base="IDLE",
    flags=frozenset({"CLOUD"}),
    partitions=("hpc", "htc"),
    features=("a", "b"),
    gres="gpu:4",
    arch="aarch64",
    instance_type="Standard_ND96",
    gpus=Gpus(4, 0, (("", 4, 0),)),
)


def served(nodes, job="node_exporter", **ports):
    discovery = Discovery(ports, None)
    discovery.update(nodes, "lab")
    return json.loads(discovery.document(job))


def document(nodes):
    discovery = Discovery({}, None)
    discovery.update(nodes, "lab")
    return discovery.document("node_exporter")


def test_a_target_has_the_address_of_the_node_and_only_meta_labels():
    assert served([NODE]) == [
        {
            "targets": ["10.0.0.11:9100"],
            "labels": {
                "__meta_slurm_node": "node1",
                "__meta_slurm_partitions": ",hpc,htc,",
                "__meta_slurm_features": ",a,b,",
                "__meta_slurm_gres": "gpu:4",
                "__meta_slurm_gpu": "true",
                "__meta_slurm_arch": "aarch64",
                "__meta_slurm_state": "IDLE+CLOUD",
                "__meta_slurm_instance_type": "Standard_ND96",
                "__meta_slurm_cluster": "lab",
            },
        }
    ]


@pytest.mark.parametrize(("job", "port"), [("node_exporter", 9100), ("dcgm_exporter", 9400), ("job_agent", 9501)])
def test_each_job_has_its_port(job, port):
    assert served([NODE], job)[0]["targets"] == [f"10.0.0.11:{port}"]
    assert served([NODE], job, **{job: 1234})[0]["targets"] == ["10.0.0.11:1234"]


def test_gpu_metrics_come_from_nodes_with_gpus():
    plain = NODE._replace(gres="", gpus=Gpus(), partitions=(), features=())
    assert served([plain], "dcgm_exporter") == []
    labels = served([plain])[0]["labels"]
    assert (labels["__meta_slurm_gpu"], labels["__meta_slurm_partitions"]) == ("false", "")


@pytest.mark.parametrize("kind", ["mi300x", "MI250", "amd", "instinct_mi210"])
def test_amds_gpus_are_amds_exporters(kind):
    node = NODE._replace(gres=f"gpu:{kind}:8", gpus=Gpus(8, 0, ((kind, 8, 0),)))
    assert served([node], "dcgm_exporter") == []
    assert served([node], "amd_metrics_exporter")[0]["targets"] == ["10.0.0.11:5000"]


@pytest.mark.parametrize("kind", ["", "h100", "gb200", "a100_1g.5gb", "1g.10gb", "nvidia_rtx_a6000", "t4"])
def test_other_gpus_are_nvidias(kind):
    node = NODE._replace(gres=f"gpu:{kind}:8", gpus=Gpus(8, 0, ((kind, 8, 0),)))
    assert served([node], "amd_metrics_exporter") == []
    assert served([node], "dcgm_exporter")[0]["targets"] == ["10.0.0.11:9400"]


@pytest.mark.parametrize("flag", ["POWERED_DOWN", "POWERING_DOWN", "POWERING_UP"])
def test_a_node_without_power_is_no_target(flag):
    assert served([NODE._replace(flags=frozenset({"CLOUD", flag}))]) == []


@pytest.mark.parametrize("change", [{"base": "DOWN"}, {"flags": frozenset({"DRAIN", "NOT_RESPONDING", "POWER_DOWN"})}])
def test_a_node_that_is_down_or_drained_stays_a_target(change):
    assert len(served([NODE._replace(**change)])) == 1


def test_ipv6_and_a_node_without_an_address():
    assert served([NODE._replace(address="fd00::1")])[0]["targets"] == ["[fd00::1]:9100"]
    assert served([NODE._replace(address="")])[0]["targets"] == ["node1:9100"]


def test_nothing_is_known_before_the_first_update_and_no_node_is_an_empty_list():
    discovery = Discovery({}, None)
    assert discovery.document("node_exporter") is None
    discovery.update([], "lab")
    assert discovery.document("node_exporter") == b"[]\n"
    assert b'slurm_sd_targets{job="dcgm_exporter"} 0\n' in render(discovery.families())


def test_what_the_labels_do_not_show_makes_no_new_list_and_what_they_show_does():
    discovery = Discovery({}, None)
    discovery.update([NODE], "lab")
    before = discovery.document("node_exporter")
    discovery.update([NODE._replace(cpus_allocated=3, memory_free_bytes=5)], "lab")
    assert discovery.document("node_exporter") is before
    changes = [
        {"name": "node2"},
        {"address": "10.0.0.12"},
        {"base": "MIXED"},
        {"flags": frozenset()},
        {"partitions": ("hpc",)},
        {"features": ()},
        {"gres": "gpu:a100:4"},
        {"arch": "x86_64"},
        {"instance_type": ""},
    ]
    for change in changes:
        discovery.update([NODE._replace(**change)], "lab")
        assert discovery.document("node_exporter") == document([NODE._replace(**change)])
    discovery.update([NODE], "other")
    assert b'"other"' in discovery.document("node_exporter")


def test_the_order_is_that_of_the_nodes():
    discovery = Discovery({}, None)
    second = NODE._replace(name="node2")
    for nodes in ([NODE, second], [second, NODE]):
        discovery.update(nodes, "lab")
        assert discovery.document("node_exporter") == document(nodes)


def test_addresses_and_names_are_quoted():
    assert served([NODE._replace(address='a"b\\c')])[0]["targets"] == ['a"b\\c:9100']


def test_files_are_written_when_they_change(tmp_path):
    discovery = Discovery({}, tmp_path)
    discovery.update([NODE], "lab")
    path = tmp_path / "node_exporter.json"
    assert {entry.name for entry in tmp_path.iterdir()} == {f"{job}.json" for job in SCRAPE_JOBS}
    assert path.read_bytes() == discovery.document("node_exporter")
    assert path.stat().st_mode & 0o777 == 0o644
    before = path.stat().st_ino
    discovery.update([NODE._replace()], "lab")
    assert path.stat().st_ino == before
    discovery.update([], "lab")
    assert json.loads(path.read_text()) == []


def test_a_file_that_cannot_be_written_is_tried_again(tmp_path, caplog):
    directory = tmp_path / "targets"
    discovery = Discovery({}, directory)
    with caplog.at_level(logging.ERROR):
        discovery.update([NODE], "lab")
    assert "cannot be written: No such file or directory" in caplog.text
    assert discovery.document("node_exporter") is not None
    directory.mkdir()
    discovery.update([NODE], "lab")
    assert (directory / "node_exporter.json").exists()


def test_a_write_that_breaks_off_leaves_the_old_file_and_no_other(tmp_path, monkeypatch):
    path = tmp_path / "targets.json"
    path.write_bytes(b"old")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fchmod", full)
    with pytest.raises(OSError, match="No space left"):
        write_atomically(path, b"new")
    assert [entry.name for entry in tmp_path.iterdir()] == ["targets.json"]
    assert path.read_bytes() == b"old"
