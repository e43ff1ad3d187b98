"""How many nodes of a partition may be out of service: a bad check must not empty a cluster."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ...slurm.nodes import Node
from .slurm_node import is_ours, out_of_service


def leaves_room(name: str, nodes: Sequence[Node], percentage: float) -> bool:
    """Return whether one more node may be drained in each partition of the node. One of a partition always may be.

    A node that Slurm does not show, or that is in no partition, has nothing to count: it may not.
    """
    groups = [group for group in _partitions(nodes) if name in {node.name for node in group}]
    return bool(groups) and all(
        sum(out_of_service(node) for node in group if node.name != name) < _most(group, percentage) for group in groups
    )


def is_surplus(name: str, nodes: Sequence[Node], percentage: float) -> bool:
    """Return whether the node, which was just drained, is beyond the limit because others were at the same moment.

    They all count the same, and agree on who goes back: of those that this program drained, the latest.
    """
    for group in _partitions(nodes):
        ours = sorted((node for node in group if is_ours(node)), key=lambda node: (node.reason_set or 0, node.name))
        others = sum(out_of_service(node) and not is_ours(node) for node in group)
        room = max(0, _most(group, percentage) - others)
        if name in {node.name for node in ours[room:]}:
            return True
    return False


def _most(group: Sequence[Node], percentage: float) -> int:
    return max(1, int(len(group) * percentage / 100)) if percentage > 0 else 0


def _partitions(nodes: Iterable[Node]) -> Iterable[Sequence[Node]]:
    groups: dict[str, list[Node]] = {}
    for node in nodes:
        for partition in node.partitions:
            groups.setdefault(partition, []).append(node)
    return groups.values()
