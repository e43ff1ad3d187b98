"""CPUs, GPUs and memory of the nodes, in the cluster and in each partition: allocated, idle, and out of reach."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from ...metrics.metric import Family, Metric, scalar
from ...slurm.nodes import Node
from ...slurm.states import DRAIN_FLAGS, POWER_FLAGS
from .counts import PARTITION

# Each CPU and each GPU that jobs can be given is in exactly one of these.
USES = {
    "alloc": "allocated to jobs",
    "idle": "not allocated, of nodes that could take a job now",
    "drain": "not allocated, of nodes that are drained, draining, failing, in maintenance or otherwise kept from jobs",
    "down": "not allocated, of nodes that are down or do not answer",
    "powered_down": "not allocated, of nodes without power or on their way there or back",
}
# Nodes by the use that what is not allocated of them has.
Groups = Mapping[str, Sequence[Node]]


@dataclass(frozen=True)
class Resource:
    """CPUs or GPUs: how many a node has, how many of them jobs can be given, and how many jobs hold."""

    word: str
    name: str
    total: Callable[[Node], int]
    usable: Callable[[Node], int]
    allocated: Callable[[Node], int]

    def metric(self, use: str = "") -> Metric:
        """Return the metric of all nodes, with a use or of all together."""
        total = f"slurm_{self.word}"
        name = f"{total}_{use}" if use else total
        text = f"{self.name} of all nodes{f': {USES[use]}' if use else ''}."
        return Metric(name, text, query=f"{name} / {total}" if use else f"{total}_idle / {total}")

    def partition_metric(self, use: str = "") -> Metric:
        """Return the metric of each partition's nodes, with a use or of all together."""
        total = f"slurm_partition_{self.word}"
        name = f"{total}_{use}" if use else total
        text = f"{self.name} of the partition's nodes{f': {USES[use]}' if use else ''}."
        return Metric(name, text, PARTITION, query=f"{name} / {total}" if use else f"{total}_idle / {total}")

    def uses(self, groups: Groups) -> Counter[str]:
        """Return how many are used in which way. All together are those that jobs can be given."""
        found: Counter[str] = Counter()
        for use, nodes in groups.items():
            found["alloc"] += sum(map(self.allocated, nodes))
            found[use] += sum(max(0, self.usable(node) - self.allocated(node)) for node in nodes)
        return found


RESOURCES = (
    Resource(
        "cpus", "CPUs", lambda node: node.cpus, lambda node: node.cpus_effective, lambda node: node.cpus_allocated
    ),
    Resource(
        "gpus", "GPUs", lambda node: node.gpus.total, lambda node: node.gpus.total, lambda node: node.gpus.allocated
    ),
)

TYPED_GPUS = Metric(
    "slurm_gpus_by_type",
    f"GPUs of all nodes by type and use. Types are those of Slurm, or untyped; uses are {', '.join(USES)}.",
    ("type", "use"),
    query='slurm_gpus_by_type{use="idle"}',
)
PARTITION_TYPED_GPUS = Metric(
    "slurm_partition_gpus_by_type",
    f"GPUs of the partition's nodes by type and use. Types are those of Slurm, or untyped; uses are {', '.join(USES)}.",
    ("partition", "type", "use"),
    query='sum by (partition, type) (slurm_partition_gpus_by_type{use=~"alloc|idle"})',
)


@dataclass(frozen=True)
class Sum:
    """A sum over the nodes of a partition, by the name that slurmctld's own endpoint has for it."""

    name: str
    what: str
    of: Callable[[Node], int]
    query: str

    @property
    def metric(self) -> Metric:
        """The metric of each partition."""
        return Metric(f"slurm_partition_nodes_{self.name}", self.what, PARTITION, query=self.query)


SUMS = (
    Sum(
        "cpus_efctv",
        "CPUs that jobs can be given: all but those kept for the system. The sum of slurm_partition_cpus_*.",
        lambda node: node.cpus_effective,
        "slurm_partition_cpus - slurm_partition_nodes_cpus_efctv",
    ),
    Sum(
        "cpus_alloc",
        "CPUs that are allocated to jobs.",
        lambda node: node.cpus_allocated,
        "slurm_partition_nodes_cpus_alloc / slurm_partition_nodes_cpus_efctv",
    ),
    Sum(
        "cpus_idle",
        "CPUs that are not allocated, those of nodes that are down, drained or without power too.",
        lambda node: node.cpus_effective - node.cpus_allocated,
        "slurm_partition_nodes_cpus_idle - slurm_partition_cpus_idle",
    ),
    Sum(
        "mem_tot",
        "Memory of the nodes, in bytes.",
        lambda node: node.memory_bytes,
        "slurm_partition_nodes_mem_alloc / slurm_partition_nodes_mem_tot",
    ),
    Sum(
        "mem_avail",
        "Memory that jobs can be given, in bytes: all but what is kept for the system.",
        lambda node: node.memory_effective_bytes,
        "slurm_partition_nodes_mem_avail - slurm_partition_nodes_mem_alloc",
    ),
    Sum(
        "mem_alloc",
        "Memory that is allocated to jobs, in bytes. 0 where Slurm does not account for memory.",
        lambda node: node.memory_allocated_bytes,
        "slurm_partition_nodes_mem_alloc / slurm_partition_nodes_mem_avail",
    ),
    Sum(
        "mem_free",
        "Memory that the operating systems of the nodes have free, in bytes. A node that does not say adds none.",
        lambda node: node.memory_free_bytes or 0,
        "slurm_partition_nodes_mem_free / slurm_partition_nodes_mem_tot",
    ),
)

METRICS = (
    *(resource.metric(use) for resource in RESOURCES for use in ("", *USES)),
    TYPED_GPUS,
    *(resource.partition_metric(use) for resource in RESOURCES for use in ("", *USES)),
    PARTITION_TYPED_GPUS,
    *(each.metric for each in SUMS),
)


def families(nodes: Sequence[Node], members: Mapping[str, Sequence[Node]]) -> Iterator[Family]:
    """Yield what there is and how it is used. ``members`` are the nodes of each partition."""
    cluster = grouped(nodes)
    partitions = {name: grouped(part) for name, part in members.items()}
    for resource in RESOURCES:
        uses = resource.uses(cluster)
        yield scalar(resource.metric(), sum(map(resource.total, nodes)))
        for use in USES:
            yield scalar(resource.metric(use), uses[use])
    yield Family(TYPED_GPUS, _typed_gpus(cluster))
    for resource in RESOURCES:
        by_partition = {name: resource.uses(groups) for name, groups in partitions.items()}
        yield _summed(resource.partition_metric(), resource.total, members)
        for use in USES:
            samples = [((name,), found[use]) for name, found in by_partition.items()]
            yield Family(resource.partition_metric(use), samples)
    typed = [((name, *key), count) for name, groups in partitions.items() for key, count in _typed_gpus(groups)]
    yield Family(PARTITION_TYPED_GPUS, typed)
    for each in SUMS:
        yield _summed(each.metric, each.of, members)


def _summed(metric: Metric, of: Callable[[Node], int], members: Mapping[str, Sequence[Node]]) -> Family:
    return Family(metric, [((name,), sum(map(of, part))) for name, part in members.items()])


def _typed_gpus(groups: Groups) -> list[tuple[tuple[str, str], int]]:
    """Return the number of GPUs by type and use, with a zero for each use that a type has not."""
    found: Counter[tuple[str, str]] = Counter()
    for rest, nodes in groups.items():
        for node in nodes:
            for name, total, allocated in node.gpus.types:
                found[name or "untyped", "alloc"] += allocated
                found[name or "untyped", rest] += max(0, total - allocated)
    return [((kind, use), found[kind, use]) for kind in sorted({kind for kind, _use in found}) for use in USES]


def grouped(nodes: Iterable[Node]) -> Groups:
    """Return the nodes by what holds for that of them which is not allocated."""
    groups: dict[str, list[Node]] = {}
    for node in nodes:
        groups.setdefault(use_of_the_rest(node.base, node.flags), []).append(node)
    return groups


@lru_cache(maxsize=1024)
def use_of_the_rest(base: str, flags: frozenset[str]) -> str:
    """Return which of :data:`USES` holds for what is not allocated of a node in that state.

    A node on its way up does not answer yet, and counts as without power.
    """
    if base not in ("IDLE", "ALLOCATED", "MIXED"):
        return "down"
    if flags & DRAIN_FLAGS:
        return "drain"
    if flags & POWER_FLAGS or "POWER_DOWN" in flags:
        return "powered_down"
    if "NOT_RESPONDING" in flags:
        return "down"
    return "drain" if "BLOCKED" in flags else "idle"
