"""Slurm's configuration, per suite."""

from __future__ import annotations

import ipaddress

import pytest

from lab import slurm, topology

SUBNET = ipaddress.IPv4Network("10.213.7.0/24")


def settings(suite: str) -> dict[str, str]:
    """slurm.conf as key -> value, without the lines that may stand several times."""
    lines = [line for line in slurm.slurm_conf(suite, SUBNET).splitlines() if line and line[0] != "#"]
    pairs = [line.split("=", 1) for line in lines if not line.startswith(("NodeName", "PartitionName"))]
    keys = [key for key, _ in pairs]
    assert sorted(set(keys)) == sorted(keys), "a setting stands twice"
    return dict(pairs)


def partition_nodes(suite: str, partition: str) -> str:
    (line,) = [
        li for li in slurm.slurm_conf(suite, SUBNET).splitlines() if li.startswith(f"PartitionName={partition} ")
    ]
    return line.split("Nodes=")[1].split()[0]


@pytest.mark.parametrize("suite", topology.SUITES)
def test_what_others_rely_on(suite: str) -> None:
    conf = settings(suite)
    assert conf["ClusterName"] == "lab"
    assert conf["SlurmctldHost"] == "head(10.213.7.10)"
    assert conf["SlurmdTimeout"] == "10"
    assert conf["AccountingStorageType"] == "accounting_storage/slurmdbd"
    assert conf["SuspendExcNodes"] == "node1,node2"
    assert "AccountingStorageEnforce" not in conf, "any account may submit"


@pytest.mark.parametrize("suite", topology.SUITES)
def test_partitions_overlap_in_one_node(suite: str) -> None:
    assert partition_nodes(suite, "hpc") == "node1,node2"
    assert partition_nodes(suite, "htc") == "node2,cloud[1-10]"


@pytest.mark.parametrize("suite", topology.SUITES)
def test_a_lab_without_a_virtual_machine_knows_none(suite: str) -> None:
    assert "vm" not in slurm.slurm_conf(suite, SUBNET)
    assert settings(suite)["SelectTypeParameters"] == "CR_CPU"


@pytest.mark.parametrize("suite", topology.SUITES)
def test_a_virtual_machine_has_a_partition_of_its_own_and_never_sleeps(suite: str) -> None:
    conf = slurm.slurm_conf(suite, SUBNET, vm=True)
    assert "PartitionName=vm Nodes=vm1 " in conf
    assert "SuspendExcNodes=node1,node2,vm1\n" in conf
    assert "SelectTypeParameters=CR_CPU_Memory\n" in conf, "slurmd limits memory only where it is given out"
    assert "PartitionName=hpc Nodes=node1,node2 " in conf


def test_only_2205_hides_powered_down_nodes_unless_told() -> None:
    assert settings("bookworm")["PrivateData"] == "cloud"
    assert "PrivateData" not in settings("trixie")


def test_only_2605_has_metrics_of_its_own() -> None:
    assert settings("sid")["MetricsType"] == "metrics/openmetrics"
    assert "MetricsType" not in settings("trixie")


def test_as_many_gpu_files_as_slurm_is_told() -> None:
    assert "/dev/nvidia[0-3]" in slurm.gres_conf()
    assert "Gres=gpu:4" in slurm.slurm_conf("trixie", SUBNET)
