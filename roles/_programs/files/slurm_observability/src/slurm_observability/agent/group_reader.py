"""Reads all that there is to know of a job's control group at once, and has its end watched."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from .activity import Activity
from .cgroups.group import Hierarchy, JobGroup, Processes
from .cgroups.usage import Usage
from .observation import StepLook


@dataclass(frozen=True)
class GroupReading:
    """A job's control group at a moment: what it used, the names of its steps and, where wanted, their usage."""

    group: JobGroup
    usage: Usage
    processes: Processes
    step_names: Sequence[str]
    steps: Sequence[StepLook] = ()


class GroupReader:
    """Reads control groups. ``with_steps`` is whether the usage of single steps is wanted."""

    def __init__(self, hierarchy: Hierarchy, activity: Activity, with_steps: bool) -> None:
        self._hierarchy = hierarchy
        self._activity = activity
        self._with_steps = with_steps

    def read_all(self, only: Collection[str] | None = None) -> Iterator[GroupReading]:
        """Yield the groups of jobs, or those of these paths. slurmd leaves empty ones behind."""
        for path in self._hierarchy.scopes():
            self._activity.watch_scope(path)
        return (self._read(group) for group in self._hierarchy.jobs() if only is None or group.path in only)

    def cpus(self, group: JobGroup) -> int | None:
        """Return the number of CPUs that a group is confined to."""
        return self._hierarchy.cpus(group)

    def _read(self, group: JobGroup) -> GroupReading:
        steps = self._hierarchy.steps(group)
        if group.populated:
            self._activity.watch_job(group.path, filter(None, map(self._hierarchy.ends, steps)))
        processes = [self._hierarchy.processes(step) for step in steps]
        return GroupReading(
            group,
            self._hierarchy.usage(group),
            Processes(
                [pid for each in processes for pid in each.slurmstepd],
                [pid for each in processes for pid in each.tasks],
            ),
            [step.name for step in steps],
            [
                StepLook(step.name, self._hierarchy.usage(step), len(each.tasks))
                for step, each in zip(steps, processes, strict=True)
                if self._with_steps
            ],
        )
