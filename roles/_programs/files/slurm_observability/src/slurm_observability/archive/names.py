"""The names of archived files: ``job_7.sh``, and of the second run of a requeued job ``job_7-r1.sh``.

Tasks of arrays and components of het jobs have job ids of their own, so each run has its own four names.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from ..jobs.run_id import format_run_id

SCRIPT, ENVIRONMENT, STDOUT, STDERR = ".sh", ".env", ".out", ".err"
SUFFIXES = (SCRIPT, ENVIRONMENT, STDOUT, STDERR)

_RUN_ID_PREFIX = "slurm-"
_NAME = re.compile(r"(job_[0-9]+[0-9r-]*)(\.sh|\.env|\.out|\.err)", re.ASCII)


class FileName(NamedTuple):
    """The two parts of a name: that of the run, and what the file is."""

    run: str
    suffix: str


def run_name(job_id: int, restart: int | None, era: int) -> str:
    """Return what the names of a run's files begin with: the service's name of the run (jobs.run_id) after ``job_``."""
    return "job_" + format_run_id(job_id, restart or 0, era)[len(_RUN_ID_PREFIX) :]


def parse_name(name: str) -> FileName | None:
    """Return the parts of an archived file's name, None for any other."""
    match = _NAME.fullmatch(name)
    return FileName(match[1], match[2]) if match else None
