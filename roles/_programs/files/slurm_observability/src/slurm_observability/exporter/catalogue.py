"""Every metric of the exporter: name, meaning, labels. The reference page is made from this."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..slurm.nodes import Node
from .history import SUBMITTED

PARTITION = ("partition",)


@dataclass(frozen=True)
class Metric:
    """A metric's name, the text of its HELP line, its labels and its Prometheus type."""

    name: str
    help: str
    labels: tuple[str, ...] = ()
    kind: str = "gauge"


@dataclass(frozen=True)
class StateCount:
    """A state of jobs, by the name it has in metrics and in Slurm; what is counted, and what to know about it."""

    metric: str
    state: str
    what: str
    note: str = ""


@dataclass(frozen=True)
class NodeCount:
    """A kind of nodes: the name it has in metrics, the rule that picks them, what to know about it."""

    metric: str
    what: str
    applies: Callable[[Node], bool]
    per_partition: bool = False
    note: str = ""


QUEUE_STATES = (
    StateCount("running", "RUNNING", "running jobs", "One whose nodes still boot is configuring."),
    StateCount("pending", "PENDING", "pending jobs", "Each task of a job array counts."),
    StateCount("configuring", "CONFIGURING", "jobs that were given nodes which still boot"),
    StateCount("completing", "COMPLETING", "jobs that have ended and whose nodes are not free yet"),
    StateCount("suspended", "SUSPENDED", "suspended jobs"),
    StateCount("failed", "FAILED", "failed jobs that slurmctld still remembers", "It does for MinJobAge seconds."),
)

HISTORY_STATES = (
    StateCount(
        "submitted",
        SUBMITTED,
        "jobs that were eligible to run and had not ended before the reset time",
        "As sacct counts them without a state.",
    ),
    StateCount("completed", "COMPLETED", "jobs that completed with exit code 0 since the reset time"),
    StateCount("failed", "FAILED", "jobs that failed since the reset time"),
    StateCount("timeout", "TIMEOUT", "jobs that reached their time limit since the reset time"),
    StateCount("node_failed", "NODE_FAIL", "jobs that the failure of a node ended since the reset time"),
    StateCount("cancelled", "CANCELLED", "jobs that were cancelled since the reset time"),
    StateCount("preempted", "PREEMPTED", "jobs that were preempted since the reset time"),
    StateCount("out_of_memory", "OUT_OF_MEMORY", "jobs that ran out of memory since the reset time"),
)

NODE_COUNTS = (
    NodeCount("slurm_nodes_alloc", "nodes of which jobs hold all CPUs", lambda node: node.base == "ALLOCATED", True),
    NodeCount(
        "slurm_nodes_idle",
        "nodes that could take a job now",
        lambda node: node.idle,
        True,
        "None that is drained, failing, in maintenance, or without power.",
    ),
    NodeCount("slurm_nodes_mixed", "nodes of which jobs hold some CPUs", lambda node: node.base == "MIXED", True),
    NodeCount("slurm_nodes_down", "nodes that are down", lambda node: node.base == "DOWN", True),
    NodeCount("slurm_nodes_drain", "drained and draining nodes", lambda node: node.drain),
    NodeCount("slurm_nodes_draining", "draining nodes, where jobs still run", lambda node: node.drain and node.busy),
    NodeCount("slurm_nodes_drained", "drained nodes, where no job runs", lambda node: node.drain and not node.busy),
    NodeCount(
        "slurm_nodes_drain_total", "drained and draining nodes", lambda node: node.drain, True, "Each counts once."
    ),
    NodeCount("slurm_nodes_maint", "nodes in a maintenance reservation", lambda node: "MAINTENANCE" in node.flags),
    NodeCount("slurm_nodes_fail", "nodes marked as failing", lambda node: "FAIL" in node.flags),
    NodeCount("slurm_nodes_powered_down", "nodes without power", lambda node: "POWERED_DOWN" in node.flags),
    NodeCount("slurm_nodes_powering_up", "nodes that boot", lambda node: "POWERING_UP" in node.flags),
)

_ONE_AND_ZERO = "Absent for a node that is powered down, on its way there, or not yet up."
NODE_DOWN = Metric("slurm_node_down", f"1 when Slurm says that the node is down, else 0. {_ONE_AND_ZERO}", ("node",))
NODE_DRAIN = Metric("slurm_node_drain", f"1 when the node is drained or draining, else 0. {_ONE_AND_ZERO}", ("node",))

JOBS = Metric("slurm_jobs", "Jobs in the queue that have not ended, each task of a job array counted.")
PARTITION_JOBS = Metric(
    "slurm_partition_jobs",
    "Jobs in the queue of the partition that have not ended. A job that waits in several counts in each.",
    PARTITION,
)
NODES = Metric("slurm_nodes", "Nodes, each once.")
PARTITION_NODES = Metric("slurm_partition_nodes", "Nodes of the partition.", PARTITION)

COLLECT_DURATION = Metric(
    "slurm_exporter_collect_duration_seconds", "Time that the last refresh of all sources took, added up."
)
LAST_COLLECT = Metric(
    "slurm_exporter_last_collect_timestamp_seconds",
    "When the source that is longest without an answer last gave one. 0 until all have answered once.",
)
ERRORS = Metric("slurm_exporter_errors_total", "Refreshes of any source that failed.", kind="counter")
SOURCE_UP = Metric("slurm_exporter_source_up", "1 when the last refresh of the source succeeded, else 0.", ("source",))
SOURCE_AGE = Metric(
    "slurm_exporter_source_age_seconds",
    "Time since the source last answered. Absent before its first answer.",
    ("source",),
)
SOURCE_ERRORS = Metric(
    "slurm_exporter_source_errors_total", "Refreshes of the source that failed.", ("source",), "counter"
)
SOURCE_DURATION = Metric(
    "slurm_exporter_source_duration_seconds", "Time that the last refresh of the source took.", ("source",)
)
SOURCE_REJECTED = Metric(
    "slurm_exporter_source_rejected_lines_total",
    "Lines of the source's answers that could not be read and were passed over.",
    ("source",),
    "counter",
)
HISTORY_COMPLETE = Metric(
    "slurm_exporter_history_complete",
    "1 when the job history since the reset time has been read. Until then slurm_jobs_total_* are absent.",
)
RESET_TIME = Metric("slurm_exporter_reset_timestamp_seconds", "The reset time, from which slurm_jobs_total_* count.")
BUILD_INFO = Metric("slurm_exporter_build_info", "Always 1; the version is in a label.", ("version", "pythonversion"))
SD_TARGETS = Metric("slurm_sd_targets", "Targets that the exporter offers to Prometheus for the scrape job.", ("job",))
SD_LAST_SUCCESS = Metric(
    "slurm_sd_last_success_timestamp_seconds", "When the list of targets last came from Slurm. 0 before the first time."
)


def queue_metric(count: StateCount) -> Metric:
    """Return the metric that counts the jobs of the cluster in that state."""
    return Metric(f"slurm_jobs_{count.metric}", _help(count))


def partition_queue_metric(count: StateCount) -> Metric:
    """Return the metric that counts the jobs of a partition in that state."""
    return Metric(f"slurm_partition_jobs_{count.metric}", _help(count, "In the partition"), PARTITION)


def history_metric(count: StateCount) -> Metric:
    """Return the metric that counts the jobs of the cluster in that state since the reset time."""
    return Metric(f"slurm_jobs_total_{count.metric}", _help(count))


def partition_history_metric(count: StateCount) -> Metric:
    """Return the metric that counts the jobs of a partition in that state since the reset time."""
    return Metric(f"slurm_partition_jobs_total_{count.metric}", _help(count, "In the partition"), PARTITION)


def node_metric(count: NodeCount) -> Metric:
    """Return the metric that counts the nodes of the cluster of that kind."""
    return Metric(count.metric, _help(count))


def partition_node_metric(count: NodeCount) -> Metric:
    """Return the metric that counts the nodes of a partition of that kind."""
    name = count.metric.replace("slurm_nodes_", "slurm_partition_nodes_")
    return Metric(name, _help(count, "In the partition"), PARTITION)


def _help(count: StateCount | NodeCount, where: str = "") -> str:
    first = f"{where}: {count.what}." if where else f"{count.what[0].upper()}{count.what[1:]}."
    return f"{first} {count.note}".rstrip()


def groups() -> dict[str, list[Metric]]:
    """Return all metrics by what they are about, in the order of the reference page."""
    per_partition = [count for count in NODE_COUNTS if count.per_partition]
    return {
        "Queue, from squeue": [
            JOBS,
            *map(queue_metric, QUEUE_STATES),
            PARTITION_JOBS,
            *map(partition_queue_metric, QUEUE_STATES),
        ],
        "Nodes, from scontrol": [
            NODES,
            *map(node_metric, NODE_COUNTS),
            PARTITION_NODES,
            *map(partition_node_metric, per_partition),
            NODE_DOWN,
            NODE_DRAIN,
        ],
        "History, from sacct": [
            *map(history_metric, HISTORY_STATES),
            *map(partition_history_metric, HISTORY_STATES),
            HISTORY_COMPLETE,
            RESET_TIME,
        ],
        "Target discovery": [SD_TARGETS, SD_LAST_SUCCESS],
        "The exporter itself": [
            COLLECT_DURATION,
            LAST_COLLECT,
            ERRORS,
            SOURCE_UP,
            SOURCE_AGE,
            SOURCE_ERRORS,
            SOURCE_DURATION,
            SOURCE_REJECTED,
            BUILD_INFO,
        ],
    }
