"""Partitions: whether they take jobs, and what limits they have."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ...metrics.metric import Family, Metric, scalar
from ...slurm.partitions import STATES, Partition, Partitions
from ..topic import Scene
from .counts import PARTITION
from .labels import LABEL_LENGTH, short_label
from .numbers import Number

NAME = "partitions"

PARTITIONS = Metric("slurm_partitions", "Partitions, hidden ones too.", query="slurm_partitions")
STATE = Metric(
    "slurm_partition_state",
    f"1 for the state of the partition, 0 for the others: {', '.join(map(str.lower, STATES))}. "
    "In drain it takes no new job, when down it starts none, when inactive it does neither.",
    ("partition", "state"),
    query='slurm_partition_state{state="up"} == 0',
)
INFO = Metric(
    "slurm_partition_info",
    f"Always 1: the partition's QOS, and which accounts and groups may use it. At most {LABEL_LENGTH} characters each.",
    ("partition", "qos", "accounts", "groups"),
    query="slurm_partition_jobs_pending * on (partition) group_left (qos) slurm_partition_info",
)


def _number(name: str, text: str, of: Callable[[Partition], float], query: str) -> Number[Partition]:
    return Number(Metric(f"slurm_partition_{name}", text, PARTITION, query=query), of)


NUMBERS = (
    _number(
        "max_time_seconds",
        "Longest time that a job may ask for. +Inf where there is no limit.",
        lambda partition: partition.max_time,
        "slurm_partition_max_time_seconds == +Inf",
    ),
    _number(
        "default_time_seconds",
        "Time of a job that asks for none. +Inf where there is no limit.",
        lambda partition: partition.default_time,
        "slurm_partition_default_time_seconds / slurm_partition_max_time_seconds",
    ),
    _number(
        "priority_tier",
        "PriorityTier: jobs of a higher tier are considered first, and may preempt those of a lower one.",
        lambda partition: partition.priority_tier,
        "topk(1, slurm_partition_priority_tier)",
    ),
    _number(
        "configured_nodes",
        "Nodes that belong to the partition as Slurm counts them, FUTURE ones too.",
        lambda partition: partition.nodes,
        "slurm_partition_configured_nodes - slurm_partition_nodes",
    ),
    _number(
        "configured_cpus",
        "CPUs of the nodes that belong to the partition as Slurm counts them, FUTURE ones too.",
        lambda partition: partition.cpus,
        "slurm_partition_configured_cpus - slurm_partition_cpus",
    ),
)

METRICS = (PARTITIONS, STATE, INFO, *(number.metric for number in NUMBERS))


def families(answer: Partitions, scene: Scene) -> Iterator[Family]:
    """Yield what is said of each partition."""
    partitions = answer.partitions
    yield scalar(PARTITIONS, len(partitions))
    yield Family(STATE, (((each.name, state.lower()), each.state == state) for each in partitions for state in STATES))
    yield Family(
        INFO,
        (((each.name, each.qos, short_label(each.accounts), short_label(each.groups)), 1) for each in partitions),
    )
    for number in NUMBERS:
        yield number.family(partitions)
