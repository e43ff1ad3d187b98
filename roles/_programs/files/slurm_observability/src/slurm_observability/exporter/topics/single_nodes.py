"""The state and the resources of each node by itself, for those that the settings ask for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from ...metrics.metric import Family, Metric
from ...slurm.nodes import Node
from .labels import LABEL_LENGTH, short_label
from .numbers import Number

NODE = ("node",)
# Which nodes have series of their own.
UP, ALL, NONE = "up", "all", "none"
CHOICES = (UP, ALL, NONE)

STATES = ("IDLE", "MIXED", "ALLOCATED", "DOWN", "UNKNOWN")

_WHICH = "Absent for a node that is powered down, on its way there, or not yet up, unless --node-metrics is all."


def _number(name: str, text: str, of: Callable[[Node], float | None], query: str) -> Number[Node]:
    return Number(Metric(f"slurm_node_{name}", text, NODE, query=query), of)


NUMBERS = (
    _number(
        "down",
        f"1 when Slurm says that the node is down, else 0. {_WHICH}",
        lambda node: node.base == "DOWN",
        "slurm_node_down == 1",
    ),
    _number(
        "drain",
        f"1 when the node is drained or draining, else 0. {_WHICH}",
        lambda node: node.drain,
        "slurm_node_drain == 1",
    ),
    _number("cpus", "CPUs of the node.", lambda node: node.cpus, "slurm_node_cpus_alloc / slurm_node_cpus"),
    _number(
        "cpus_effective",
        "CPUs that jobs can be given: all but those kept for the system.",
        lambda node: node.cpus_effective,
        "slurm_node_cpus - slurm_node_cpus_effective",
    ),
    _number(
        "cpus_alloc",
        "CPUs that are allocated to jobs.",
        lambda node: node.cpus_allocated,
        "slurm_node_cpus_alloc / slurm_node_cpus_effective",
    ),
    _number(
        "cpus_idle",
        "CPUs that are not allocated, whether or not the node could take a job.",
        lambda node: node.cpus_effective - node.cpus_allocated,
        "slurm_node_cpus_idle and on (node) slurm_node_drain == 0",
    ),
    _number("gpus", "GPUs of the node.", lambda node: node.gpus.total, "slurm_node_gpus_alloc / (slurm_node_gpus > 0)"),
    _number(
        "gpus_alloc",
        "GPUs that are allocated to jobs.",
        lambda node: node.gpus.allocated,
        "slurm_node_gpus - slurm_node_gpus_alloc",
    ),
    _number(
        "memory_bytes",
        "Memory of the node as slurm.conf or slurmd says.",
        lambda node: node.memory_bytes,
        "slurm_node_memory_alloc_bytes / slurm_node_memory_bytes",
    ),
    _number(
        "memory_effective_bytes",
        "Memory that jobs can be given: all but what is kept for the system.",
        lambda node: node.memory_effective_bytes,
        "slurm_node_memory_effective_bytes - slurm_node_memory_alloc_bytes",
    ),
    _number(
        "memory_alloc_bytes",
        "Memory that is allocated to jobs. 0 where Slurm does not account for memory.",
        lambda node: node.memory_allocated_bytes,
        "slurm_node_memory_alloc_bytes / slurm_node_memory_effective_bytes",
    ),
    _number(
        "memory_free_bytes",
        "Memory that the node's operating system had free when slurmd last reported. Absent before it has.",
        lambda node: node.memory_free_bytes,
        "slurm_node_memory_free_bytes / slurm_node_memory_bytes < 0.05",
    ),
    _number(
        "boot_time_seconds",
        "When the node booted, in seconds since 1970. Absent before it has registered.",
        lambda node: node.booted,
        "time() - slurm_node_boot_time_seconds < 600",
    ),
)

STATE = Metric(
    "slurm_node_state",
    f"1 for the base state that the node is in, 0 for the others: {', '.join(map(str.lower, STATES))}. {_WHICH}",
    ("node", "state"),
    query='avg_over_time(slurm_node_state{state="allocated"}[1d])',
)
INFO = Metric(
    "slurm_node_info",
    f"Always 1: what the node is. Commas separate lists; a label has at most {LABEL_LENGTH} characters. {_WHICH}",
    ("node", "arch", "slurmd_version", "partitions", "features", "gres", "instance_type"),
    query="slurm_node_down * on (node) group_left (partitions, instance_type) slurm_node_info",
)
REASON = Metric(
    "slurm_node_reason_info",
    f"Always 1: why the node is down or drained, and who said so. The first line, at most {LABEL_LENGTH} characters. "
    "Absent for a node without a reason, and not for one without power.",
    ("node", "reason", "user"),
    query="slurm_node_drain == 1 and on (node) slurm_node_reason_info",
)
REASON_SET = _number(
    "reason_set_timestamp_seconds",
    "When the reason in slurm_node_reason_info was set, in seconds since 1970.",
    lambda node: node.reason_set,
    "(time() - slurm_node_reason_set_timestamp_seconds) * on (node) group_left (reason) slurm_node_reason_info",
)

METRICS = (*(number.metric for number in NUMBERS), STATE, INFO, REASON, REASON_SET.metric)


def families(nodes: Sequence[Node], choice: str) -> Iterator[Family]:
    """Yield the series of single nodes. ``choice`` is one of :data:`CHOICES`.

    Most nodes of an autoscaled cluster have no power most of the time: there is nothing to see but why one failed.
    """
    if choice == NONE:
        return
    chosen = nodes if choice == ALL else [node for node in nodes if not node.without_power]
    for number in NUMBERS:
        yield number.family(chosen)
    yield Family(STATE, (((node.name, state.lower()), node.base == state) for state in STATES for node in chosen))
    yield Family(INFO, ((_info(node), 1) for node in chosen))
    yield Family(
        REASON,
        (((node.name, short_label(node.reason), short_label(node.reason_user)), 1) for node in nodes if node.reason),
    )
    yield REASON_SET.family(nodes)


def _info(node: Node) -> tuple[str, ...]:
    return (
        node.name,
        node.arch,
        node.slurmd_version,
        short_label(",".join(node.partitions)),
        short_label(",".join(node.features)),
        short_label(node.gres),
        node.instance_type,
    )
