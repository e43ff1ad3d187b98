"""Jobs that slurmctld knows: the queue, of the cluster and by partition, user and account."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from ...metrics.metric import Family, Metric
from ...slurm.jobs import JobGroup, Queue
from ..cap import Cap
from ..job_tally import Tally, tally
from ..topic import Scene
from .counts import PARTITION, JobCount, help_text
from .labels import short_label

NAME = "jobs"


def _state(metric: str, state: str, what: str, note: str = "", query: str = "") -> JobCount:
    """Return the number of jobs that are in a state, by the word that squeue prints."""
    return JobCount(f"_{metric}", what, lambda jobs: jobs.states[state], note, query=query)


def _rare(metric: str, state: str, what: str, note: str = "") -> JobCount:
    """Return the number of jobs that are in a state in which most users have none at most times."""
    return JobCount(f"_{metric}", what, lambda jobs: jobs.states[state], note, rare=True, query="{name} > 0")


_REMEMBERED = "slurmctld remembers them for MinJobAge seconds."
_SHARED = "Of running, configuring and suspended jobs."
_ASKED = "An array asks for each of its tasks."

COUNTS = (
    JobCount(
        "",
        "jobs in the queue that have not ended",
        lambda jobs: jobs.unfinished,
        "Each task of an array counts. A job that waits in several partitions counts once in slurm_jobs, and once in "
        "each of them.",
    ),
    _state(
        "running",
        "RUNNING",
        "running jobs",
        "One whose nodes still boot is configuring.",
        "{jobs}_running / ({jobs}_running + {jobs}_pending)",
    ),
    _state("pending", "PENDING", "pending jobs", "Each task of an array counts.", "{jobs}_pending - {jobs}_hold"),
    _state("configuring", "CONFIGURING", "jobs that were given nodes which still boot"),
    _state("completing", "COMPLETING", "jobs that have ended and whose nodes are not free yet"),
    _state("suspended", "SUSPENDED", "suspended jobs"),
    _rare("failed", "FAILED", "failed jobs that slurmctld still remembers", "It does for MinJobAge seconds."),
    JobCount(
        "_hold",
        "waiting jobs that a user or an administrator holds",
        lambda jobs: jobs.held,
        "Also those that Slurm holds after a requeue, which squeue calls REQUEUE_HOLD or SPECIAL_EXIT.",
        query="{jobs}_hold / {jobs}_pending > 0.5",
    ),
    JobCount(
        "_started",
        "jobs that wait no more: they run, or have ended and slurmctld still remembers them",
        lambda jobs: jobs.started,
        rare=True,
    ),
    JobCount(
        "_finished",
        "jobs that have ended and that slurmctld still remembers",
        lambda jobs: jobs.finished,
        "Completing ones are among them.",
        rare=True,
    ),
    _rare("completed", "COMPLETED", "jobs that completed with exit code 0", _REMEMBERED),
    _rare("cancelled", "CANCELLED", "cancelled jobs", _REMEMBERED),
    _rare("timeout", "TIMEOUT", "jobs that reached their time limit", _REMEMBERED),
    _rare("node_failed", "NODE_FAIL", "jobs that the failure of a node ended", _REMEMBERED),
    _rare("outofmemory", "OUT_OF_MEMORY", "jobs that ran out of memory", _REMEMBERED),
    _rare("preempted", "PREEMPTED", "jobs that were preempted", _REMEMBERED),
    _rare("bootfail", "BOOT_FAIL", "jobs whose nodes did not boot", _REMEMBERED),
    _rare("deadline", "DEADLINE", "jobs that reached their deadline", _REMEMBERED),
    _rare("revoked", "REVOKED", "jobs that another cluster of the federation runs"),
    _rare("requeued", "REQUEUED", "jobs that are being put back into the queue"),
    _rare("fed_requeued", "REQUEUE_FED", "jobs that the federation is putting back into the queue"),
    _rare("expediting", "EXPEDITING", "jobs of which Slurm sees whether to requeue them at once"),
    _rare("resizing", "RESIZING", "jobs whose size is about to change"),
    _rare("signaling", "SIGNALING", "jobs to which a signal is being sent"),
    _rare("stageout", "STAGE_OUT", "jobs that have ended and whose data a burst buffer writes back"),
    JobCount(
        "_cpus_alloc",
        "CPUs that jobs hold",
        lambda jobs: jobs.allocated.cpus,
        _SHARED,
    ),
    JobCount(
        "_gpus_alloc",
        "GPUs that jobs hold",
        lambda jobs: jobs.allocated.gpus,
        f"{_SHARED} Known to Slurm where AccountingStorageTRES has gres/gpu.",
    ),
    JobCount(
        "_memory_alloc_bytes",
        "memory that jobs hold, in bytes",
        lambda jobs: jobs.allocated.memory_bytes,
        f"{_SHARED} 0 where Slurm does not hand out memory.",
    ),
    JobCount(
        "_cpus_pending",
        "CPUs that pending jobs ask for",
        lambda jobs: jobs.requested.cpus,
        _ASKED,
    ),
    JobCount(
        "_gpus_pending",
        "GPUs that pending jobs ask for",
        lambda jobs: jobs.requested.gpus,
        f"{_ASKED} Known to Slurm where AccountingStorageTRES has gres/gpu.",
        query="{jobs}_gpus_pending > 0 and {jobs}_gpus_alloc == 0",
    ),
    JobCount(
        "_memory_pending_bytes",
        "memory that pending jobs ask for, in bytes",
        lambda jobs: jobs.requested.memory_bytes,
        _ASKED,
    ),
    JobCount(
        "_longest_wait_seconds",
        "for how long the pending job that waits the longest could have started",
        lambda jobs: jobs.longest_wait,
        "Counted from Slurm's EligibleTime; jobs that are held, wait for a dependency or for their begin time do not "
        "count. 0 when none waits.",
        query="{name} > 24 * 3600",
    ),
)

# Nodes are shared: those of two partitions, users or accounts do not add up to those of both.
NODES_ALLOC = JobCount(
    "_nodes_alloc",
    "nodes that jobs hold, wholly or in part, each once",
    lambda jobs: jobs.nodes,
    _SHARED,
)

PARTITION_COUNTS = (
    JobCount(
        "_min_job_nodes",
        "nodes that the pending job which needs the most of them needs at least",
        lambda jobs: jobs.nodes_needed,
    ),
    JobCount(
        "_max_job_nodes",
        "nodes that the pending job which takes the most of them takes at most",
        lambda jobs: jobs.nodes_taken,
    ),
    JobCount(
        "_min_job_nodes_nohold",
        "nodes that the pending job which needs the most of them needs at least",
        lambda jobs: jobs.largest_not_held.needed,
        "Held jobs do not count.",
    ),
    JobCount(
        "_max_job_nodes_nohold",
        "nodes that the pending job which takes the most of them takes at most",
        lambda jobs: jobs.largest_not_held.taken,
        "Held jobs do not count.",
    ),
    JobCount(
        "_wait_part_node_limit",
        "pending jobs that ask for more nodes than the partition gives one job",
        lambda jobs: jobs.reasons["PartitionNodeLimit"],
    ),
)


@dataclass(frozen=True)
class Scope:
    """Whose jobs are counted, and what of them.

    ``keys`` gives the label values under which a group of jobs counts. ``prefix`` is how the metrics' names begin,
    ``where`` what their HELP says first, ``query`` is one for each of them. A ``sparse`` scope leaves out rare numbers
    that are 0.
    """

    prefix: str
    keys: Callable[[JobGroup], Iterable[str]]
    counts: tuple[JobCount, ...]
    labels: tuple[str, ...] = ()
    where: str = ""
    query: str = "{name}"
    sparse: bool = False

    @cached_property
    def metrics(self) -> tuple[tuple[JobCount, Metric], ...]:
        """Each number, and its metric."""
        return tuple((count, self._metric(count)) for count in self.counts)

    def families(self, tallies: Mapping[str, Tally]) -> Iterator[Family]:
        """Yield every number of every tally, by label value."""
        named = [((name,) if self.labels else (), jobs) for name, jobs in sorted(tallies.items())]
        for count, metric in self.metrics:
            samples = [(labels, count.value(jobs)) for labels, jobs in named]
            sparse = self.sparse and count.rare
            yield Family(metric, [sample for sample in samples if sample[1]] if sparse else samples)

    def _metric(self, count: JobCount) -> Metric:
        name = self.prefix + count.metric
        text = help_text(count, self.where) + (" Left out where it is 0." if self.sparse and count.rare else "")
        query = (count.query or self.query).format(name=name, jobs=self.prefix)
        return Metric(name, text, self.labels, query=query)


CLUSTER = Scope("slurm_jobs", lambda group: ("",), (*COUNTS, NODES_ALLOC))
PARTITIONS = Scope(
    "slurm_partition_jobs",
    lambda group: group.partitions,
    (*COUNTS, *PARTITION_COUNTS),
    PARTITION,
    "In the partition",
    "topk(5, {name})",
)
# Whose jobs are counted by option, by the word of the option. There may be many of them.
OWNERS = {
    "account": Scope(
        "slurm_account_jobs",
        lambda group: (short_label(group.account),),  # on some clusters whatever its user typed
        (*COUNTS, NODES_ALLOC),
        ("account",),
        "Of the account",
        "topk(10, {name})",
        sparse=True,
    ),
    "user": Scope(
        "slurm_user_jobs",
        lambda group: (group.user,),
        (*COUNTS, NODES_ALLOC),
        ("username",),
        "Of the user",
        "topk(10, {name})",
        sparse=True,
    ),
}

_REASON = (
    "The reason is Slurm's own word, as squeue prints it; Other where Slurm gives a text without one. "
    "Together they are {}."
)
PENDING_REASON = Metric(
    "slurm_jobs_pending_reason",
    f"Pending jobs by the reason why they wait. {_REASON.format('slurm_jobs_pending')}",
    ("reason",),
    query="topk(5, slurm_jobs_pending_reason)",
)
PARTITION_PENDING_REASON = Metric(
    "slurm_partition_jobs_pending_reason",
    f"In the partition: pending jobs by the reason why they wait. {_REASON.format('slurm_partition_jobs_pending')}",
    ("partition", "reason"),
    query='sum by (partition) (slurm_partition_jobs_pending_reason{reason=~"Resources|Priority"})',
)


METRICS = (
    *(metric for _count, metric in CLUSTER.metrics),
    PENDING_REASON,
    *(metric for _count, metric in PARTITIONS.metrics),
    PARTITION_PENDING_REASON,
    *(metric for scope in OWNERS.values() for _count, metric in scope.metrics),
)


def families(queue: Queue, scene: Scene, owners: Iterable[str], cap: Cap) -> Iterator[Family]:
    """Yield what the queue holds, with a zero for each partition that has no job.

    ``owners`` are words of OWNERS; the cap keeps those with the most jobs.
    """
    nobody = Tally(queue.asked)
    cluster = {"": nobody, **tally(queue, CLUSTER.keys)}
    yield from CLUSTER.families(cluster)
    yield Family(PENDING_REASON, [((reason,), count) for reason, count in sorted(cluster[""].reasons.items())])

    partitions = {**dict.fromkeys(scene.partitions, nobody), **tally(queue, PARTITIONS.keys)}
    yield from PARTITIONS.families(partitions)
    reasons = [
        ((name, reason), count)
        for name, jobs in sorted(partitions.items())
        for reason, count in sorted(jobs.reasons.items())
    ]
    yield Family(PARTITION_PENDING_REASON, reasons)

    for owner in owners:
        scope = OWNERS[owner]
        tallies = tally(queue, scope.keys)
        kept = cap.largest(scope.prefix, {name: jobs.states.total() for name, jobs in tallies.items()})
        yield from scope.families({name: jobs for name, jobs in tallies.items() if name in kept})
