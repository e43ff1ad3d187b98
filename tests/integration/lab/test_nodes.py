"""The node metrics tell the truth about states, whatever administrators write into a drain reason."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.lab.support import Exporter, Lab

NODES, POWERED_DOWN = 12, 10


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
    # A drained node is still a machine to watch.
    assert set(exporter.targets("node_exporter")) == {"node1", "node2"}
