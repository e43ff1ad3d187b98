"""Read the queue from slurmrestd: the same groups of jobs as squeue gives."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ..command import SlurmError
from ..jobs import JobGroup, Queue
from ..reasons import reason_word
from ..tres import parse_tres
from .client import RestClient
from .values import number, text, time_of, words

# A state has a base and flags. squeue prints one word: the first flag of these that is set, else the base.
_FLAGS = (
    "COMPLETING",
    "STAGE_OUT",
    "CONFIGURING",
    "EXPEDITING",
    "RESIZING",
    "REQUEUED",
    "REQUEUE_FED",
    "REQUEUE_HOLD",
    "SPECIAL_EXIT",
    "STOPPED",
    "REVOKED",
    "RESV_DEL_HOLD",
    "SIGNALING",
)
# Flags that squeue does not show.
_HIDDEN_FLAGS = frozenset({"LAUNCH_FAILED", "POWER_UP_NODE", "RECONFIG_FAIL"})

_TASKS = re.compile(r"(\d{1,9})(?:-(\d{1,9})(?::(\d{1,9}))?)?", re.ASCII)


def read_queue(client: RestClient) -> Queue:
    """Ask slurmrestd for all jobs and count them.

    Raises SlurmError when slurmrestd fails, or when it lists jobs and none of them can be read.
    """
    queue = Queue()
    for record in client.records("/jobs", "jobs"):
        group = parse_job(record)
        if group is None:
            queue.rejected_lines += 1
            continue
        tasks, whole = count_tasks(text(record.get("array_task_string")))
        queue.rejected_lines += not whole
        queue.add(group, tasks, time_of(record.get("eligible_time")), text(record.get("nodes")))
    if queue.rejected_lines and not queue.jobs:
        raise SlurmError(f"slurmrestd listed {queue.rejected_lines} jobs, and none of them can be read")
    return queue


def parse_job(record: Any) -> JobGroup | None:
    """Return what a record says about a job, of an array about each of its tasks; None when it is no job."""
    if not isinstance(record, Mapping):
        return None
    state = squeue_state(words(record.get("job_state")))
    partitions = words(record.get("partition"))
    if not state or not partitions:
        return None
    tres = parse_tres(text(record.get("tres_alloc_str")) or text(record.get("tres_req_str")))
    return JobGroup(
        state=state,
        partitions=tuple(dict.fromkeys(partitions)),
        user=text(record.get("user_name")),
        account=text(record.get("account")),
        reason=reason_word(text(record.get("state_description")) or text(record.get("state_reason"))),
        nodes=tres.nodes,
        max_nodes=max(number(record.get("max_nodes")) or 0, number(record.get("node_count")) or 0),
        cpus=tres.cpus,
        gpus=tres.gpus,
        memory_bytes=tres.memory_bytes,
    )


def squeue_state(state: tuple[str, ...]) -> str:
    """Return the word that squeue prints for a state and its flags; empty when there is none."""
    for flag in _FLAGS:
        if flag in state:
            return flag
    return next((word for word in state if word not in _HIDDEN_FLAGS), "")


def count_tasks(tasks: str) -> tuple[int, bool]:
    """Return how many tasks a text such as ``0-9,12-20:4%3`` names, and whether it names them all.

    A record without a text is one job. slurmrestd cuts a long text and ends it in dots, unless SLURM_BITSTR_LEN=0 is
    in its environment: then the tasks that can still be seen are counted.
    """
    if not tasks:
        return 1, True
    listed, dots, _rest = tasks.partition("%")[0].partition("..")
    count = 0
    for item in listed.split(","):
        match = _TASKS.fullmatch(item)
        if match is not None:
            first, last, step = (int(value) if value else None for value in match.groups())
            count += 1 if last is None else max(0, last - int(first or 0)) // (step or 1) + 1
        elif dots:
            count += bool(item)  # where the text was cut
        else:
            return max(count, 1), False
    return max(count, 1), not dots
