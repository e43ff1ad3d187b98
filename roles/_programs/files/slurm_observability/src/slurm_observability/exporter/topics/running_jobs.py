"""Running jobs one by one, to join with what is known of their nodes. Off unless a site asks for it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...metrics.metric import Family, Metric, scalar
from ...slurm.running_jobs import RunningJob, RunningJobs
from ..topic import Scene
from .labels import short_label

NAME = "running_jobs"

# Characters of a job's name that are shown.
NAME_LENGTH = 64

JOB_INFO = Metric(
    "slurm_job_info",
    "1 for each running job. Each task of an array is a job: array_job_id and array_task_id tell which, and are empty "
    f"for other jobs. name is empty without --job-names, and cut to {NAME_LENGTH} characters.",
    ("job_id", "array_job_id", "array_task_id", "username", "account", "partition", "qos", "name"),
    query="count by (username, partition) (slurm_job_info)",
)
NODE_JOB = Metric(
    "slurm_node_job",
    "1 for each node of each running job.",
    ("node", "job_id"),
    query="slurm_node_job * on (job_id) group_left (username, account) slurm_job_info",
)
CUT = Metric(
    "slurm_exporter_cut_running_jobs",
    "Running jobs that have no series, because there are more of them, or more nodes of them, than --max-running-jobs.",
    query="slurm_exporter_cut_running_jobs > 0",
)
METRICS = (JOB_INFO, NODE_JOB, CUT)


def families(answer: RunningJobs, scene: Scene, limit: int) -> Iterator[Family]:
    """Yield the running jobs, and the nodes of each; at most ``limit`` pairs of a job and a node."""
    shown = _fitting(answer.jobs, limit)
    yield Family(JOB_INFO, [(_labels(job), 1) for job in shown])
    yield Family(NODE_JOB, [((node, str(job.job_id)), 1) for job in shown for node in job.nodes])
    yield scalar(CUT, len(answer.jobs) - len(shown))


def _fitting(jobs: Sequence[RunningJob], limit: int) -> list[RunningJob]:
    """Return the jobs that find room. The oldest come first, so that a job that is shown stays."""
    shown = []
    for job in jobs:
        pairs = max(1, len(job.nodes))
        if pairs <= limit:
            limit -= pairs
            shown.append(job)
    return shown


def _labels(job: RunningJob) -> tuple[str, ...]:
    return (
        str(job.job_id),
        job.array_job_id,
        job.array_task_id,
        job.user,
        short_label(job.account),
        job.partition,
        short_label(job.qos),
        job.name[:NAME_LENGTH],
    )
