"""The control groups of a job, and who reads them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from .usage import Usage


@dataclass(frozen=True, kw_only=True)
class JobGroup:
    """A job's control group.

    ``job_id`` is None where the group is named by the job's SLUID alone (Slurm 26.05). ``uid`` is the user's where the
    path says it, ``node`` Slurm's name of the node where several slurmd run on one host. ``inode`` tells it from a
    later group of the same name. ``populated`` is whether a process is in it: slurmd leaves empty ones behind.
    """

    path: str
    inode: int
    populated: bool
    job_id: int | None = None
    sluid: str = ""
    uid: int | None = None
    node: str = ""


@dataclass(frozen=True)
class StepGroup:
    """A step's control group: ``batch``, ``extern``, ``interactive`` or a number."""

    name: str
    path: str


@dataclass(frozen=True)
class Processes:
    """The process ids of a step: that of its slurmstepd, which no user can forge, and all others."""

    slurmstepd: Sequence[int] = ()
    tasks: Sequence[int] = ()


class Hierarchy(Protocol):
    """The control groups of this machine, in one of the kernel's two versions."""

    version: int

    def jobs(self) -> list[JobGroup]:
        """Return the groups of the jobs, those left empty too."""

    def steps(self, job: JobGroup) -> list[StepGroup]:
        """Return the groups of a job's steps."""

    def scopes(self) -> list[str]:
        """Return the directories in which the groups of jobs appear; none where that cannot be watched."""

    def ends(self, step: StepGroup) -> str | None:
        """Return the file that changes when the last process of a step has ended; None where there is none."""

    def usage(self, group: JobGroup | StepGroup) -> Usage:
        """Return what a job or a step has used."""

    def processes(self, step: StepGroup) -> Processes:
        """Return the processes of a step."""

    def cpus(self, job: JobGroup) -> int | None:
        """Return the number of CPUs that the job is confined to, None where it is not confined."""
