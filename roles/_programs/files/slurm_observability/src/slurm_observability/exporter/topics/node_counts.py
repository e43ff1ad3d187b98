"""How many nodes there are in each state and with each flag, in the cluster and in each partition.

The names are those of slurmctld's own OpenMetrics endpoint. Base state and flags are separate facts: a node in the
state IDLE can have the flags CLOUD, DRAIN and POWERED_DOWN.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ...metrics.metric import Family, Metric, scalar
from ...slurm.nodes import Node, Nodes
from .counts import PARTITION


@dataclass(frozen=True)
class NodeCount:
    """A kind of nodes: the end of its metrics' names, what is counted, and the rule that picks the nodes.

    ``in_partition`` is the end of the name of the partitions' metric where it is another one.
    """

    name: str
    what: str
    applies: Callable[[Node], bool]
    note: str = ""
    in_partition: str = ""

    @property
    def metric(self) -> Metric:
        """The metric of the cluster."""
        name = f"slurm_nodes_{self.name}"
        text = f"{self.what[0].upper()}{self.what[1:]}. {self.note}".rstrip()
        return Metric(name, text, query=f"{name} / slurm_nodes")

    @property
    def partition_metric(self) -> Metric:
        """The metric of each partition."""
        name = f"slurm_partition_nodes_{self.in_partition or self.name}"
        text = f"In the partition: {self.what}. {self.note}".rstrip()
        return Metric(name, text, PARTITION, query=f"{name} / slurm_partition_nodes")


def _flag(name: str, flag: str, what: str, note: str = "", in_partition: str = "") -> NodeCount:
    return NodeCount(name, what, lambda node: flag in node.flags, note, in_partition)


COUNTS = (
    NodeCount("alloc", "nodes of which jobs hold all CPUs", lambda node: node.base == "ALLOCATED"),
    NodeCount(
        "idle",
        "nodes that could take a job now",
        lambda node: node.idle,
        "None that is drained, failing, in maintenance, not responding, or without power.",
    ),
    NodeCount("mixed", "nodes of which jobs hold some CPUs", lambda node: node.base == "MIXED"),
    NodeCount("down", "nodes that are down", lambda node: node.base == "DOWN"),
    NodeCount("unknown", "nodes that have not registered since slurmctld started", lambda node: node.base == "UNKNOWN"),
    NodeCount("drain", "drained and draining nodes", lambda node: node.drain),
    NodeCount("draining", "draining nodes, where jobs still run", lambda node: node.drain and node.busy),
    NodeCount("drained", "drained nodes, where no job runs", lambda node: node.drain and not node.busy),
    NodeCount("drain_total", "drained and draining nodes", lambda node: node.drain, "Each counts once."),
    _flag("maint", "MAINTENANCE", "nodes in a maintenance reservation"),
    _flag("fail", "FAIL", "nodes marked as failing"),
    _flag("powered_down", "POWERED_DOWN", "nodes without power"),
    _flag("powering_up", "POWERING_UP", "nodes that boot"),
    _flag("powering_down", "POWERING_DOWN", "nodes on their way to be without power"),
    _flag("power_up", "POWER_UP", "nodes that are about to be given power"),
    _flag("power_down", "POWER_DOWN", "nodes that are about to lose power"),
    _flag("noresp", "NOT_RESPONDING", "nodes whose slurmd does not answer", in_partition="no_resp"),
    _flag("completing", "COMPLETING", "nodes where a job has ended and is not cleaned up yet", in_partition="cg"),
    _flag("planned", "PLANNED", "nodes that the backfill scheduler keeps for a job that waits"),
    _flag("resv", "RESERVED", "nodes in a reservation that is active"),
    _flag("blocked", "BLOCKED", "nodes that a job with exclusive topology keeps from others"),
    _flag(
        "reboot_req", "REBOOT_REQUESTED", "nodes that are to reboot when no job runs", in_partition="reboot_requested"
    ),
    _flag("reboot_issued", "REBOOT_ISSUED", "nodes that were told to reboot"),
    _flag("invalid_reg", "INVALID_REG", "nodes that registered with less than slurm.conf says they have"),
    _flag("cloud", "CLOUD", "nodes of a cloud, which exist when Slurm asks for them"),
    _flag("dyn_normal", "DYNAMIC_NORM", "nodes that joined by themselves"),
    _flag("dyn_future", "DYNAMIC_FUTURE", "nodes that took the place of a FUTURE one"),
    _flag("external", "EXTERNAL", "nodes without slurmd"),
)
FUTURE = NodeCount(
    "future",
    "nodes that slurm.conf foresees and that do not exist yet",
    lambda node: True,
    "No other metric counts them.",
)

NODES = Metric("slurm_nodes", "Nodes, each once.", query="slurm_nodes - slurm_nodes_powered_down")
PARTITION_NODES = Metric(
    "slurm_partition_nodes",
    "Nodes of the partition.",
    PARTITION,
    query="slurm_partition_nodes - slurm_partition_nodes_powered_down",
)
VERSIONS = Metric(
    "slurm_nodes_slurmd_version",
    "Nodes by the version of slurmd that last registered.",
    ("version",),
    query="count(slurm_nodes_slurmd_version) > 1",
)

METRICS = (
    NODES,
    *(count.metric for count in (*COUNTS, FUTURE)),
    PARTITION_NODES,
    *(count.partition_metric for count in (*COUNTS, FUTURE)),
    VERSIONS,
)


def families(answer: Nodes, members: Mapping[str, Sequence[Node]]) -> Iterator[Family]:
    """Yield how many nodes there are of each kind. ``members`` are the nodes of each partition."""
    cluster = _States(answer.nodes)
    partitions = {name: _States(nodes) for name, nodes in members.items()}
    yield scalar(NODES, len(answer.nodes))
    for count in COUNTS:
        yield scalar(count.metric, cluster.count(count))
    yield scalar(FUTURE.metric, len(answer.future))
    yield Family(PARTITION_NODES, (((name,), len(nodes)) for name, nodes in members.items()))
    for count in COUNTS:
        yield Family(count.partition_metric, [((name,), states.count(count)) for name, states in partitions.items()])
    foreseen = Counter(name for node in answer.future for name in node.partitions)
    yield Family(FUTURE.partition_metric, (((name,), foreseen[name]) for name in members))
    versions = Counter(node.slurmd_version for node in answer.nodes if node.slurmd_version)
    yield Family(VERSIONS, (((version,), number) for version, number in sorted(versions.items())))


class _States:
    """How many nodes are in each combination of base state and flags, with one node that stands for them.

    Thousands of nodes share a handful of combinations, so that a rule is asked a few times and not once per node.
    """

    def __init__(self, nodes: Sequence[Node]) -> None:
        self._examples = {(node.base, node.flags): node for node in nodes}
        numbers = Counter((node.base, node.flags) for node in nodes)
        self._numbers = [(node, numbers[state]) for state, node in self._examples.items()]

    def count(self, kind: NodeCount) -> int:
        return sum(number for node, number in self._numbers if kind.applies(node))
