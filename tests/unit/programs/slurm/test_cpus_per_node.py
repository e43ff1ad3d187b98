"""The CPUs of a job on each of its nodes."""

from __future__ import annotations

import pytest
from slurm_observability.slurm.cpus_per_node import cpus_on_node


@pytest.mark.parametrize(
    ("cpus", "nodes", "node", "count"),
    [
        ("16(x2),8", "n[1-3]", "n1", 16),
        ("16(x2),8", "n[1-3]", "n2", 16),
        ("16(x2),8", "n[1-3]", "n3", 8),
        ("4", "n1", "n1", 4),
        ("4", "n[1-2]", "n2", None),
        ("4", "n1", "n9", None),
        ("", "n1", "n1", None),
        ("4(x0),2", "n1", "n1", 2),
        ("x", "n1", "n1", None),
        ("4", "", "", None),
    ],
)
def test_cpus_on_a_node(cpus: str, nodes: str, node: str, count: int | None) -> None:
    assert cpus_on_node(cpus, nodes, node) == count
