"""Read the running jobs one by one: who runs what, and on which nodes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from .command import SlurmError, SlurmRunner
from .hostlist import node_names
from .marks import Mark, texts_of

# Each task of an array is a job with an id of its own, which is the one that the job's environment has too.
FACTS = ("JobId", "ArrayJobId", "ArrayTaskId", "UserName", "Partition", "NodeList")
TEXTS = ("QOS", "Account")
SQUEUE_RUNNING = ("squeue", "--local", "--noheader", "--array", "--all", "--states=RUNNING")

_MAX_DIGITS = 18


class RunningJob(NamedTuple):
    """A job that runs. ``array_job_id`` and ``array_task_id`` are empty for one that is no task of an array.

    ``qos``, ``account`` and ``name`` are what its user typed, with anything in it. ``name`` is empty where it is not
    asked for.
    """

    job_id: int
    array_job_id: str
    array_task_id: str
    user: str
    partition: str
    nodes: tuple[str, ...]
    qos: str
    account: str
    name: str = ""


@dataclass(frozen=True)
class RunningJobs:
    """The jobs that run, by their number."""

    jobs: tuple[RunningJob, ...]
    rejected_lines: int = 0


def read_running_jobs(runner: SlurmRunner, with_names: bool) -> RunningJobs:
    """Run squeue and return the jobs that run.

    Raises SlurmError when squeue fails, or prints lines and none of them is a job.
    """
    mark = Mark()
    jobs: dict[int, RunningJob] = {}
    rejected = 0
    for chunk in runner.lines((*SQUEUE_RUNNING, mark.option(FACTS, (*TEXTS, "Name") if with_names else TEXTS))):
        for line in chunk:
            job = _parse(*mark.split(line))
            if job is None or job.job_id in jobs:
                rejected += 1
            else:
                jobs[job.job_id] = job
    if rejected and not jobs:
        raise SlurmError(f"squeue printed {rejected} lines, and none of them is a running job")
    return RunningJobs(tuple(jobs[job_id] for job_id in sorted(jobs)), rejected)


def _parse(job_id: bytes, rest: bytes) -> RunningJob | None:
    """Return the job in a line of squeue, or None when it is not one."""
    facts, mark, texts = rest.partition(b"\0")
    fields = [field.decode("utf-8", "replace") for field in facts.split(b"|")]
    if not mark or len(fields) != len(FACTS) - 1 or not job_id.isdigit() or len(job_id) > _MAX_DIGITS:
        return None
    array_job_id, array_task_id, user, partition, node_list = fields
    in_array = array_task_id.isdigit()  # squeue has the job's own id in place of that of no array
    qos, account, name = texts_of(texts, len(TEXTS) + 1)
    return RunningJob(
        job_id=int(job_id),
        array_job_id=array_job_id if in_array else "",
        array_task_id=array_task_id if in_array else "",
        user=user,
        partition=partition,
        nodes=node_names(node_list),
        qos=qos,
        account=account,
        name=name,
    )
