"""How slurmctld's own metrics (Slurm 25.11 and later) and ours relate: which say the same, which do not, and why.

The page docs/exporter-native.md is made from this, the test with Slurm 26.05 compares by it, and the source
``openmetrics`` knows from it what it can show. What no difference is listed for has the same name and the same value.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

MIB = 1 << 20
# What counts jobs begins with one of these.
SCOPES = ("slurm_jobs", "slurm_partition_jobs", "slurm_user_jobs", "slurm_account_jobs")

# Conditions under which two numbers differ that are the same without it.
COMPLETING = "while a job is completing"
SEVERAL = "while a job waits in several partitions"
LARGE = "above 65,535"
UNKNOWN = "while a node has not told it"


@dataclass(frozen=True)
class Difference:
    """What is different about some of slurmctld's metrics.

    ``ours`` says the same as theirs times ``factor``: one or more of our metrics, added and subtracted, where {name}
    is the name of theirs and {jobs} the scope it begins with. It is empty where nothing of ours says the same.
    ``unless`` names a condition under which it does not hold.
    """

    names: tuple[str, ...]
    ours: str
    why: str
    factor: int = 1
    unless: str = ""


def _of_each_scope(*ends: str) -> tuple[str, ...]:
    return tuple(f"{scope}_{end}" for end in ends for scope in SCOPES)


DIFFERENCES: Sequence[Difference] = (
    Difference(
        ("slurm_jobs",),
        "slurm_jobs + slurm_jobs_finished",
        "They also count jobs that have ended and that slurmctld still remembers.",
        unless=COMPLETING,
    ),
    Difference(
        ("slurm_partition_jobs",),
        "",
        "They count an array that waits as one job, and a job that waits in several partitions in one of them.",
    ),
    Difference(
        ("slurm_user_jobs", "slurm_account_jobs"),
        "",
        "They count an array that waits as one job, and jobs that have ended.",
    ),
    Difference(
        _of_each_scope("running"),
        "{jobs}_running + {jobs}_configuring",
        "They count a job whose nodes still boot as running too.",
    ),
    Difference(
        tuple(
            f"slurm_partition_jobs_{what}"
            for what in (
                *("pending", "hold", "min_job_nodes", "max_job_nodes"),
                *("min_job_nodes_nohold", "max_job_nodes_nohold"),
            )
        ),
        "{name}",
        "They count a job that waits in several partitions in one of them.",
        unless=SEVERAL,
    ),
    Difference(
        _of_each_scope(
            *("bootfail", "cancelled", "completed", "deadline", "failed", "node_failed", "outofmemory", "preempted"),
            *("timeout", "finished", "started", "requeued", "revoked", "expediting", "fed_requeued", "resizing"),
            *("signaling", "stageout"),
        ),
        "{name}",
        "They count a job that has ended and whose nodes are not free yet twice, as ended and as completing; we, as "
        "squeue, as completing.",
        unless=COMPLETING,
    ),
    Difference(_of_each_scope("cpus_alloc"), "{name}", "They count in 16 bits, and begin again at 0.", unless=LARGE),
    Difference(
        _of_each_scope("memory_alloc"),
        "{jobs}_memory_alloc_bytes",
        "Theirs is in megabytes (MiB), though its help says bytes.",
        factor=MIB,
    ),
    Difference(
        _of_each_scope("powerup_node"),
        "",
        "squeue does not show which jobs wait for nodes to be given power; they are among the configuring ones.",
    ),
    Difference(
        ("slurm_partition_jobs_wait_part_node_limit",),
        "",
        "A mistake in Slurm: the number of the reason is taken for a set of bits, so that other reasons count too.",
    ),
    Difference(
        (
            *("slurm_node_memory_bytes", "slurm_node_memory_effective_bytes", "slurm_node_memory_alloc_bytes"),
            *(f"slurm_partition_nodes_mem_{what}" for what in ("tot", "avail", "alloc", "free")),
        ),
        "{name}",
        "Theirs is in megabytes (MiB).",
        factor=MIB,
    ),
    Difference(
        ("slurm_node_memory_free_bytes",),
        "{name}",
        "Theirs is in megabytes (MiB), and 0 for a node that has not told it, of which we show none.",
        factor=MIB,
        unless=UNKNOWN,
    ),
    Difference(("slurm_nodes",), "slurm_nodes + slurm_nodes_future", "They also count FUTURE nodes."),
    Difference(
        ("slurm_nodes_idle",),
        "slurm_nodes - slurm_nodes_alloc - slurm_nodes_mixed - slurm_nodes_down - slurm_nodes_unknown",
        "They count every node without a job, also those that are drained, failing, or without power.",
    ),
    Difference(
        ("slurm_partition_nodes_idle",),
        "slurm_partition_nodes - slurm_partition_nodes_alloc - slurm_partition_nodes_mixed - "
        "slurm_partition_nodes_down - slurm_partition_nodes_unknown",
        "They count every node without a job, also those that are drained, failing, or without power.",
    ),
    Difference(
        ("slurm_nodes_drain",),
        "slurm_nodes_drain - slurm_nodes_draining",
        "They count a draining node as draining only; ours is sinfo's state drain, both.",
    ),
    Difference(
        ("slurm_partition_nodes_drain",),
        "slurm_partition_nodes_drain - slurm_partition_nodes_draining",
        "They count a draining node as draining only; ours is sinfo's state drain, both.",
    ),
    Difference(
        ("slurm_nodes_powering_up",),
        "slurm_nodes_powering_down",
        "A mistake in Slurm: it shows the nodes that are powering down.",
    ),
    Difference(
        tuple(f"slurm_partition_nodes_cpus_{what}" for what in ("efctv", "alloc", "idle")),
        "{name}",
        "They count in 16 bits, and begin again at 0.",
        unless=LARGE,
    ),
    Difference(
        ("slurm_server_thread_cnt",), "", "Each is the number at the moment of the answer, and counts who answers."
    ),
    Difference(("slurm_sched_stats_timestamp",), "", "Each is the time of its own answer."),
)


class Relation(NamedTuple):
    """What one of slurmctld's metrics says in ours: theirs times ``factor`` is the sum of ``terms``.

    Each term is 1 or -1 and a metric of ours; there is none where no sum of ours says the same.
    """

    terms: tuple[tuple[int, str], ...]
    factor: int = 1
    unless: str = ""


def relation(name: str) -> Relation:
    """Return how one of slurmctld's metrics relates to ours."""
    return RELATIONS.get(name) or Relation(((1, name),))


def _terms(name: str, ours: str) -> Iterator[tuple[int, str]]:
    scope = next((scope for scope in SCOPES if name.startswith(scope)), "")
    sign = 1
    for word in ours.format(name=name, jobs=scope).split():
        if word in ("+", "-"):
            sign = 1 if word == "+" else -1
        else:
            yield sign, word


RELATIONS = {
    name: Relation(tuple(_terms(name, each.ours)), each.factor, each.unless)
    for each in DIFFERENCES
    for name in each.names
}
