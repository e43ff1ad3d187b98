"""Decide what a call of the HealthCheckProgram does, and do it. Most calls ask Slurm nothing."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from ...slurm.command import SlurmError
from ..check import Status, Unreadable
from ..verdict import Verdict, read
from . import limit
from .memory import Memory
from .slurm_node import SlurmNode, is_ours, out_of_service

log = logging.getLogger(__name__)

# How long Slurm is left alone about something that it was asked about before.
ASK_AGAIN_SECONDS = 600.0


@dataclass(frozen=True)
class Policy:
    """What it may do. Times in seconds.

    ``drains`` are patterns of checks, as ``SOURCE/MODULE/CHECK``. ``max_age`` is of the verdict. ``max_drained`` is a
    percentage of each partition.
    """

    dry_run: bool = True
    drains: tuple[str, ...] = ("*",)
    max_drained: float = 5.0
    max_age: float = 1800.0
    resume_after: float = 600.0


class Hook:
    """One call."""

    def __init__(self, policy: Policy, node: SlurmNode, memory: Memory, now: float) -> None:
        self._policy = policy
        self._node = node
        self._memory = memory
        self._now = now

    def run(self, verdict_path: Path) -> None:
        """Act on the last verdict. What is done is counted in the memory, and a fault changes nothing of the node."""
        try:
            verdict = read(verdict_path)
            age = self._now - verdict.time
            if not -60 <= age <= self._policy.max_age:
                raise Unreadable(f"the last verdict is {age:.0f} seconds old: does node-health.timer run?")
            self._act(verdict)
        except Unreadable as error:
            self._count("blind", str(error))
        except SlurmError as error:
            self._count("failed", str(error))

    def _act(self, verdict: Verdict) -> None:
        memory = self._memory
        counted = [(name, status) for name, status in verdict.checks if self._drains(name)]
        failing = tuple(sorted(name for name, status in counted if status is Status.CRITICAL))
        unknown = any(status is Status.UNKNOWN for _name, status in counted)
        if failing or unknown or not _sources(memory.asked_about) <= _sources(name for name, _status in verdict.checks):
            memory.well_since = None  # nor is it well because the checker that found it ill is gone
        elif memory.well_since is None:
            memory.well_since = verdict.time
        if failing:
            if memory.asked_about != failing or self._now >= memory.ask_again:
                self._drain(failing)
            elif memory.refused:
                self._refuse(failing)
        elif self._has_been_well() and memory.drained is not False:
            # A memory that was lost says nothing of what was drained: then Slurm is asked, once.
            self._resume()

    def _has_been_well(self) -> bool:
        since = self._memory.well_since
        return since is not None and self._now - since >= self._policy.resume_after

    def _drain(self, failing: Sequence[str]) -> None:
        memory, node, policy = self._memory, self._node, self._policy
        memory.asked_about, memory.ask_again = tuple(failing), self._now + ASK_AGAIN_SECONDS
        memory.refused = False
        known = node.read()
        if out_of_service(known):  # a node that somebody called down keeps its reason, and is never brought back
            memory.drained = is_ours(known)
            return
        nodes = node.all()
        # With a check that fails on all nodes at once, all of them together ask for this list once a second.
        memory.ask_again = self._now + max(ASK_AGAIN_SECONDS, len(nodes))
        if not limit.leaves_room(node.name, nodes, policy.max_drained):
            memory.refused = True
            self._refuse(failing)
            return
        if policy.dry_run:
            self._count("would_drain", ", ".join(failing))
            return
        memory.drained = None  # should this process be ended now, the next one does not take the node for untouched
        memory.keep()
        node.drain(failing)
        memory.drained = True
        self._count("drain", ", ".join(failing))
        if self._is_surplus():
            node.resume()
            memory.drained = False
            self._count("undone", "others were drained at the same time, or nobody knows how many are drained")

    def _refuse(self, failing: Sequence[str]) -> None:
        """Count it at each call, also between two questions to Slurm: the alert about it reads the last half hour."""
        self._count("refused", f"{', '.join(failing)} failed, and {self._policy.max_drained:g} % are drained already")

    def _is_surplus(self) -> bool:
        try:
            return limit.is_surplus(self._node.name, self._node.all(), self._policy.max_drained)
        except SlurmError as error:
            log.warning("%s", error)
            return True

    def _resume(self) -> None:
        memory = self._memory
        known = self._node.read()
        ours = is_ours(known) and known.base != "DOWN"
        if ours and self._policy.dry_run:
            memory.well_since = self._now  # and once more as much later
            self._count("would_resume", known.reason)
            return
        if ours:
            self._node.resume()
            self._count("resume", known.reason)
        memory.drained, memory.asked_about = False, ()

    def _drains(self, name: str) -> bool:
        return any(fnmatchcase(name, pattern) for pattern in self._policy.drains)

    def _count(self, action: str, why: str) -> None:
        self._memory.actions[action] += 1
        log.warning("%s %s: %s", self._node.name, action, why)


def _sources(names: Iterable[str]) -> set[str]:
    return {name.partition("/")[0] for name in names}
