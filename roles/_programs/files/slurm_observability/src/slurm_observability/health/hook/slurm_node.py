"""This node in Slurm: its state, how many of its neighbours are out of service, and how it is drained and resumed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ...slurm.command import SlurmError, SlurmRunner
from ...slurm.nodes import SCONTROL_NODES, Node, NodeReader, parse_nodes

# Begins the reason of each node that this program drained. It never touches another's.
REASON_PREFIX = "[observability] "
MAX_REASON = 200


class SlurmNode:
    """Asks slurmctld about one node, and tells it. Each call may raise SlurmError."""

    def __init__(self, runner: SlurmRunner, name: str) -> None:
        self._runner = runner
        self.name = name

    def read(self) -> Node:
        """Return the node."""
        argv = (*SCONTROL_NODES[:-1], "node", self.name)
        found, _known = parse_nodes([line for chunk in self._runner.lines(argv) for line in chunk], {})
        if [node.name for node in found.nodes] != [self.name]:
            raise SlurmError(f"scontrol does not show the node {self.name}")
        return found.nodes[0]

    def all(self) -> Sequence[Node]:
        """Return all nodes of the cluster. Raises SlurmError also when one of them cannot be read."""
        found = NodeReader(self._runner).read()
        if found.rejected_lines:
            raise SlurmError(f"{found.rejected_lines} nodes cannot be read, so nobody knows how many are drained")
        return found.nodes

    def drain(self, why: Iterable[str]) -> None:
        """Drain it: jobs that run go on, and no other begins."""
        text = "".join(c if c.isalnum() or c in " ,._/:-" else "_" for c in ", ".join(why))
        self._update("State=DRAIN", f"Reason={REASON_PREFIX}{text}"[: MAX_REASON + len("Reason=")])

    def resume(self) -> None:
        """Let it take jobs again."""
        self._update("State=RESUME")

    def _update(self, *changes: str) -> None:
        for _printed in self._runner.lines(("scontrol", "update", f"NodeName={self.name}", *changes)):
            pass


def is_ours(node: Node) -> bool:
    """Return whether this program drained the node, and nobody has changed the reason since."""
    return node.drain and node.reason.startswith(REASON_PREFIX.rstrip())


def out_of_service(node: Node) -> bool:
    """Return whether the node takes no job because it is drained or not there. One without power is neither."""
    return node.drain or (node.base == "DOWN" and not node.without_power)
