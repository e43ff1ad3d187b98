"""How the runs of jobs are named: ``slurm-99999``, ``slurm-99999-r1`` after a requeue."""

from __future__ import annotations

import re
from typing import NamedTuple

_PREFIX = "slurm-"
_FORM = re.compile(r"slurm-([1-9]\d{0,9})(?:_(\d{1,10})|\+(\d{1,10}))?(?:-r(\d{1,5}))?(?:-([1-9]\d{0,4}))?", re.ASCII)


class RunId(NamedTuple):
    """What a name of a run says.

    ``task`` is the index of an array's task, ``component`` the offset of a het job's component: where one is given,
    ``job_id`` is that of the array or the het job. ``restart`` counts requeues. Slurm's job ids begin anew after
    MaxJobId: ``era`` counts how often this one was used before. None for what the name leaves open: the newest run.
    """

    job_id: int
    task: int | None = None
    component: int | None = None
    restart: int | None = None
    era: int = 0


def format_run_id(job_id: int, restart: int = 0, era: int = 0, *, superseded: bool = False) -> str:
    """Return the name of a run, by the number that Slurm gives to each task and each component.

    Where a newer run has ``superseded`` it, the short name would be that of the newer one.
    """
    return f"{_PREFIX}{job_id}{f'-r{restart}' if restart or superseded else ''}{f'-{era}' if era else ''}"


def parse_run_id(text: str) -> RunId | None:
    """Return what a name says, or None when it is none.

    ``slurm-7`` is the newest run of job 7, ``slurm-7-r0`` its first, ``slurm-20_3`` a task, ``slurm-20+1`` a component.
    """
    match = _FORM.fullmatch(text)
    if match is None:
        return None
    job_id, task, component, restart, era = (None if part is None else int(part) for part in match.groups())
    assert job_id is not None
    return RunId(job_id, task, component, restart, era or 0)
