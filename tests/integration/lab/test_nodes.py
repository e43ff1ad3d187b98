"""The metrics of nodes and partitions say what Slurm says, whatever administrators write into a drain reason."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.integration.lab.support import PARTITIONS, Exporter, Jobs, Lab

NODES, POWERED_DOWN = 12, 10
# Each node pretends to have them.
CPUS, GPUS, MIB = 8, 4, 1 << 20


@pytest.fixture
def drained(lab: Lab) -> Iterator[str]:
    """node1, drained for a reason that looks like other fields."""
    reason = "a|b State=IDLE Partitions=x\\nNodeName=forged State=DOWN"
    lab.run("head", f"scontrol update nodename=node1 state=drain reason=$'{reason}'")
    yield "node1"
    lab.run("head", "scontrol update nodename=node1 state=resume")


def test_a_powered_down_node_is_not_idle(exporter: Exporter) -> None:
    exporter.wait_until_equal(
        lambda: {
            "slurm_nodes": NODES,
            "slurm_nodes_idle": NODES - POWERED_DOWN,
            "slurm_nodes_powered_down": POWERED_DOWN,
            "slurm_nodes_down": 0,
            'slurm_partition_nodes{partition="hpc"}': 2,
            'slurm_partition_nodes{partition="htc"}': 11,
            'slurm_partition_nodes_idle{partition="htc"}': 1,
            'slurm_node_down{node="node1"}': 0,
        }
    )
    assert 'slurm_node_down{node="cloud1"}' not in exporter.metrics()


def test_cpus_and_gpus_are_where_slurm_says(lab: Lab, exporter: Exporter, jobs: Jobs) -> None:
    job = jobs.submit("--nodelist=node2 --ntasks=3 --gres=gpu:2")
    jobs.wait_for_state(job, "RUNNING")
    # sinfo counts allocated, idle, other and all CPUs; those of a node without power are idle to it.
    cpus = {
        partition: [int(number) for number in lab.run("head", f"sinfo -h -p {partition} -o %C").split("/")]
        for partition in PARTITIONS
    }
    assert cpus == {"hpc": [3, 13, 0, 16], "htc": [3, 85, 0, 88]}
    used = lab.run("head", "sinfo -h -N -n node2 -p htc -O GresUsed:30").strip()
    assert used.startswith("gpu:2"), used
    exporter.wait_until_equal(
        lambda: {
            "slurm_cpus": NODES * CPUS,
            "slurm_cpus_alloc": 3,
            "slurm_cpus_idle": 2 * CPUS - 3,
            "slurm_cpus_powered_down": POWERED_DOWN * CPUS,
            "slurm_gpus": NODES * GPUS,
            "slurm_gpus_alloc": 2,
            "slurm_gpus_idle": 2 * GPUS - 2,
            "slurm_gpus_powered_down": POWERED_DOWN * GPUS,
            'slurm_gpus_by_type{type="untyped",use="alloc"}': 2,
            'slurm_partition_cpus{partition="htc"}': cpus["htc"][3],
            'slurm_partition_cpus_alloc{partition="htc"}': cpus["htc"][0],
            'slurm_partition_nodes_cpus_idle{partition="htc"}': cpus["htc"][1],
            'slurm_partition_cpus_idle{partition="hpc"}': cpus["hpc"][1],
            'slurm_partition_gpus_alloc{partition="hpc"}': 2,
            'slurm_partition_gpus_idle{partition="htc"}': GPUS - 2,
            'slurm_node_cpus_alloc{node="node2"}': 3,
            'slurm_node_cpus_idle{node="node2"}': CPUS - 3,
            'slurm_node_gpus_alloc{node="node2"}': 2,
            'slurm_node_state{node="node2",state="mixed"}': 1,
            'slurm_node_state{node="node2",state="idle"}': 0,
            'slurm_node_state{node="node1",state="idle"}': 1,
        }
    )
    jobs.clear()


def test_a_node_by_itself(lab: Lab, exporter: Exporter) -> None:
    line = lab.run("head", "SLURM_TIME_FORMAT=%s scontrol --oneliner show node node1")
    field = dict(word.split("=", 1) for word in line.split() if "=" in word)
    metrics = exporter.metrics()
    assert metrics['slurm_node_boot_time_seconds{node="node1"}'] == int(field["BootTime"])
    assert metrics['slurm_node_memory_bytes{node="node1"}'] == int(field["RealMemory"]) * MIB
    # An autoscaled node that has run keeps its version.
    with_version = int(lab.run("head", "scontrol --oneliner show nodes | grep --count ' Version='"))
    assert metrics[f'slurm_nodes_slurmd_version{{version="{field["Version"]}"}}'] == with_version >= 2
    (info,) = (name for name in metrics if name.startswith("slurm_node_info{") and 'node="node1"' in name)
    assert f'arch="{field["Arch"]}"' in info and 'features="static"' in info and 'gres="gpu:4"' in info


def test_partitions_are_as_administrators_set_them(lab: Lab, exporter: Exporter) -> None:
    before = lab.run("head", "scontrol --oneliner show partition htc")
    lab.run("head", "scontrol update partitionname=htc state=drain maxtime=2-00:00:00 prioritytier=3")
    try:
        exporter.wait_until_equal(
            lambda: {
                "slurm_partitions": len(PARTITIONS),
                'slurm_partition_state{partition="htc",state="drain"}': 1,
                'slurm_partition_state{partition="htc",state="up"}': 0,
                'slurm_partition_state{partition="hpc",state="up"}': 1,
                'slurm_partition_max_time_seconds{partition="htc"}': 2 * 86400,
                # That of a job that asks for no time, because htc has no DefaultTime.
                'slurm_partition_default_time_seconds{partition="htc"}': 2 * 86400,
                'slurm_partition_priority_tier{partition="htc"}': 3,
                'slurm_partition_configured_nodes{partition="htc"}': 11,
            },
            seconds=120,
        )
    finally:
        lab.run("head", "scontrol update partitionname=htc state=up maxtime=unlimited prioritytier=1")
    assert lab.run("head", "scontrol --oneliner show partition htc") == before


def test_a_hostile_drain_reason_changes_no_number(exporter: Exporter, drained: str) -> None:
    exporter.wait_until_equal(
        lambda: {
            "slurm_nodes": NODES,
            "slurm_nodes_idle": NODES - POWERED_DOWN - 1,
            "slurm_nodes_drained": 1,
            "slurm_nodes_drain_total": 1,
            "slurm_nodes_down": 0,
            f'slurm_node_drain{{node="{drained}"}}': 1,
            f'slurm_node_down{{node="{drained}"}}': 0,
        }
    )
    metrics = exporter.metrics()
    (info,) = (name for name in metrics if name.startswith("slurm_node_reason_info{"))
    assert info == f'slurm_node_reason_info{{node="{drained}",reason="a|b State=IDLE Partitions=x",user="root"}}'
    age = time.time() - metrics[f'slurm_node_reason_set_timestamp_seconds{{node="{drained}"}}']
    assert 0 <= age < 300
    assert metrics["slurm_cpus_drain"] == CPUS and metrics['slurm_partition_gpus_drain{partition="hpc"}'] == GPUS
    # A drained node is still a machine to watch.
    assert set(exporter.targets("node_exporter")) == {"node1", "node2"}
