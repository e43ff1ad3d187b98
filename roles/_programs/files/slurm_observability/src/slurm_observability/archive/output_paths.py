"""Where a batch job's output is: the patterns of sbatch's ``--output`` and ``--error``, filled in as slurmstepd does.

Slurm's hooks are told the pattern, and not the path. What stands for what is in sbatch's manual, under "filename
pattern"; the rest, down to backslashes, is what slurmstepd of Slurm 22.05 to 26.05 was seen to do.
"""

from __future__ import annotations

import os
import re
from typing import NamedTuple

from ..jobs.event import JobEvent
from ..slurm.hostlist import node_names

# What sbatch takes for a job, and for a task of an array, that names no file.
_DEFAULT, _DEFAULT_OF_TASK = "slurm-%j.out", "slurm-%A_%a.out"
# Slurm's number for "none", which %a shows where there is no array.
_NO_VALUE = 0xFFFFFFFE
_MOST_ZEROS = 10

_FIELD = re.compile(r"%(?:%|(\d*)([a-zA-Z]))", re.ASCII)
# A percent sign at the end that does not belong to one before it.
_LONE_PERCENT = re.compile(r"(?<!%)(?:%%)*%\Z")
_BACKSLASH = re.compile(r"\\(\\?)")


class OutputPaths(NamedTuple):
    """Absolute paths; no ``stderr`` where it goes to the same file as ``stdout``."""

    stdout: str
    stderr: str | None


def output_paths(event: JobEvent) -> OutputPaths:
    """Return where the batch script of the event's job writes to."""
    default = _DEFAULT if event.array_task_id is None else _DEFAULT_OF_TASK
    stdout = _expand(event.stdout or default, event)
    stderr = _expand(event.stderr, event) if event.stderr else stdout
    return OutputPaths(stdout, None if stderr == stdout else stderr)


def _expand(pattern: str, event: JobEvent) -> str:
    # An SLUID is what Slurm has had since 25.11, and with it came one way of reading patterns in place of two.
    one_way = bool(event.sluid)
    if "\\" in pattern:  # then nothing stands for anything
        name = _BACKSLASH.sub("" if one_way else r"\1", pattern)
    else:
        values = _values(event, one_way)
        name = _FIELD.sub(lambda match: _fill_in(match, values), pattern)
        if one_way and _LONE_PERCENT.search(pattern):
            name = name[:-1]
    return os.path.join(event.work_dir, name)  # noqa: PTH118 (a Path would change it: "a//b", "a/./b")


def _values(event: JobEvent, one_way: bool) -> dict[str, int | str]:
    is_task = event.array_task_id is not None
    task = event.array_task_id if event.array_task_id is not None else _NO_VALUE
    return {
        "A": (event.array_job_id or event.job_id) if is_task else event.job_id,
        "a": task,
        "J": event.job_id,
        "j": event.job_id,
        "N": next(iter(node_names(event.nodes)), ""),
        "n": 0,
        "s": "batch",
        "t": 0,
        "u": event.user,
        "x": event.name,
        # Known since 24.11. An event does not say by which Slurm it is, but that it is 23.02 or later.
        **({} if event.start_time is None else {"b": task % 10}),
        **({"r": event.restart or 0, "S": event.sluid} if one_way else {}),
    }


def _fill_in(match: re.Match[str], values: dict[str, int | str]) -> str:
    width, letter = match.groups()
    if letter is None:
        return "%"
    value = values.get(letter)
    if value is None:
        return match[0]
    return f"{value:0{min(int(width or 0), _MOST_ZEROS)}d}" if isinstance(value, int) else value
