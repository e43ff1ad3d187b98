"""Turn what was read into Prometheus metric families. Nothing here talks to Slurm or keeps state."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric as Family

from ..slurm.nodes import Node
from ..slurm.queue import Queue, queued
from . import catalogue
from .catalogue import HISTORY_STATES, NODE_COUNTS, QUEUE_STATES, Metric
from .history import HistoryTotals
from .sources import Health


def family(metric: Metric, samples: Iterable[tuple[Sequence[str], float]]) -> Family:
    """Return the metric with one sample per tuple of label values."""
    kind = CounterMetricFamily if metric.kind == "counter" else GaugeMetricFamily
    result = kind(metric.name, metric.help, labels=metric.labels)
    for labels, value in samples:
        result.add_metric(labels, value)
    return result


def scalar(metric: Metric, value: float) -> Family:
    """Return the metric, which has no label, with its one sample."""
    return family(metric, [((), value)])


def queue_families(queue: Queue, partitions: Iterable[str]) -> Iterator[Family]:
    """Yield what the queue holds, with a zero for each of ``partitions`` that has no job."""
    yield scalar(catalogue.JOBS, queued(queue.by_state))
    for count in QUEUE_STATES:
        yield scalar(catalogue.queue_metric(count), queue.by_state[count.state])
    none: Counter[str] = Counter()
    by_partition = {name: queue.by_partition.get(name, none) for name in sorted({*partitions, *queue.by_partition})}
    yield family(catalogue.PARTITION_JOBS, (((name,), queued(jobs)) for name, jobs in by_partition.items()))
    for count in QUEUE_STATES:
        samples = (((name,), jobs[count.state]) for name, jobs in by_partition.items())
        yield family(catalogue.partition_queue_metric(count), samples)


def node_families(nodes: Sequence[Node]) -> Iterator[Family]:
    """Yield how many nodes there are of each kind, in the cluster and in each partition."""
    by_partition: dict[str, list[Node]] = {}
    for node in nodes:
        for partition in node.partitions:
            by_partition.setdefault(partition, []).append(node)
    members = sorted(by_partition.items())
    yield scalar(catalogue.NODES, len(nodes))
    for count in NODE_COUNTS:
        yield scalar(catalogue.node_metric(count), sum(map(count.applies, nodes)))
    yield family(catalogue.PARTITION_NODES, (((name,), len(part)) for name, part in members))
    for count in NODE_COUNTS:
        if count.per_partition:
            samples = (((name,), sum(map(count.applies, part))) for name, part in members)
            yield family(catalogue.partition_node_metric(count), samples)


def single_node_families(nodes: Sequence[Node]) -> Iterator[Family]:
    """Yield the state of each node that should be running."""
    powered = [node for node in nodes if not node.without_power]
    yield family(catalogue.NODE_DOWN, (((node.name,), node.base == "DOWN") for node in powered))
    yield family(catalogue.NODE_DRAIN, (((node.name,), node.drain) for node in powered))


def history_families(totals: HistoryTotals, partitions: Iterable[str]) -> Iterator[Family]:
    """Yield the totals since the reset time, with a zero for each of ``partitions`` that has no job."""
    for count in HISTORY_STATES:
        yield scalar(catalogue.history_metric(count), totals.cluster.get(count.state, 0))
    by_partition = {name: totals.partitions.get(name, {}) for name in sorted({*partitions, *totals.partitions})}
    for count in HISTORY_STATES:
        samples = (((name,), counts.get(count.state, 0)) for name, counts in by_partition.items())
        yield family(catalogue.partition_history_metric(count), samples)


def health_families(sources: Mapping[str, Health], now: float) -> Iterator[Family]:
    """Yield how the sources fare at the time ``now``, in seconds since 1970."""
    answered = [health.last_success for health in sources.values() if health.last_success is not None]
    oldest = min(answered) if len(answered) == len(sources) else 0.0
    yield scalar(catalogue.COLLECT_DURATION, sum(health.duration for health in sources.values()))
    yield scalar(catalogue.LAST_COLLECT, oldest)
    yield scalar(catalogue.ERRORS, sum(health.errors for health in sources.values()))
    yield family(catalogue.SOURCE_UP, (((name,), health.up) for name, health in sources.items()))
    yield family(
        catalogue.SOURCE_AGE,
        (
            ((name,), max(0.0, now - health.last_success))
            for name, health in sources.items()
            if health.last_success is not None
        ),
    )
    yield family(catalogue.SOURCE_ERRORS, (((name,), health.errors) for name, health in sources.items()))
    yield family(catalogue.SOURCE_DURATION, (((name,), health.duration) for name, health in sources.items()))
    yield family(catalogue.SOURCE_REJECTED, (((name,), health.rejected_lines) for name, health in sources.items()))
