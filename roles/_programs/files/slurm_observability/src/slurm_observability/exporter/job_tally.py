"""Count jobs: all of the cluster, those of a partition, a user or an account, each by the same rules."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from ..slurm.hostlist import node_names
from ..slurm.jobs import JobGroup, Members, Queue
from ..slurm.reasons import HELD_REASONS
from ..slurm.states import ALLOCATED_JOB_STATES, ENDING_JOB_STATES, FINISHED_JOB_STATES

_ENDED = FINISHED_JOB_STATES | ENDING_JOB_STATES


@dataclass
class Resources:
    """CPUs, GPUs and memory of some jobs together."""

    cpus: int = 0
    gpus: int = 0
    memory_bytes: int = 0

    def add(self, group: JobGroup, count: int) -> None:
        """Add what ``count`` jobs of the group have, or ask for."""
        self.cpus += group.cpus * count
        self.gpus += group.gpus * count
        self.memory_bytes += group.memory_bytes * count


@dataclass
class NodeRequest:
    """The most nodes that one of some pending jobs needs at least, and the most that one of them would take."""

    needed: int = 0
    taken: int = 0

    def add(self, group: JobGroup) -> None:
        """Take note of what a job of the group asks for."""
        if group.nodes > self.needed:
            self.needed = group.nodes
        taken = max(group.nodes, group.max_nodes)
        if taken > self.taken:
            self.taken = taken


@dataclass
class Tally:
    """What is counted of some jobs, ``asked`` at a time in seconds since 1970.

    ``eligible`` is since when the pending job that waits the longest could have started, in seconds since 1970, None
    when none waits: jobs that someone holds are left out, and those that Slurm gives no such time.
    """

    asked: float
    states: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    held: int = 0
    allocated: Resources = field(default_factory=Resources)
    requested: Resources = field(default_factory=Resources)
    largest_held: NodeRequest = field(default_factory=NodeRequest)
    largest_not_held: NodeRequest = field(default_factory=NodeRequest)
    node_lists: set[str] = field(default_factory=set)
    eligible: int | None = None

    @property
    def unfinished(self) -> int:
        """Jobs that squeue lists when no state is asked for."""
        return self.states.total() - sum(self.states[state] for state in FINISHED_JOB_STATES)

    @property
    def finished(self) -> int:
        """Jobs that have ended, whether or not their nodes are free yet."""
        return sum(self.states[state] for state in _ENDED)

    @property
    def started(self) -> int:
        """Jobs that wait no more: they run or have ended. One that was cancelled while it waited is among them."""
        return self.finished + sum(self.states[state] for state in ALLOCATED_JOB_STATES)

    @property
    def nodes(self) -> int:
        """Nodes that the jobs hold, wholly or in part, each once."""
        return len({name for node_list in self.node_lists for name in node_names(node_list)})

    @property
    def nodes_needed(self) -> int:
        """The most nodes that one of the pending jobs needs at least."""
        return max(self.largest_held.needed, self.largest_not_held.needed)

    @property
    def nodes_taken(self) -> int:
        """The most nodes that one of the pending jobs would take."""
        return max(self.largest_held.taken, self.largest_not_held.taken)

    @property
    def longest_wait(self) -> float:
        """For how many seconds the job that waits the longest could have started; 0 when none waits."""
        return 0.0 if self.eligible is None else max(0.0, self.asked - self.eligible)

    def add(self, group: JobGroup, members: Members) -> None:
        """Count the jobs of a group."""
        count = members.count
        self.states[group.state] += count
        if group.state in ALLOCATED_JOB_STATES:
            self.allocated.add(group, count)
            self.node_lists |= members.node_lists
        elif group.state not in _ENDED:
            self._add_waiting(group, members)

    def _add_waiting(self, group: JobGroup, members: Members) -> None:
        held = group.reason in HELD_REASONS
        if held:
            self.held += members.count
        if group.state != "PENDING":
            return
        self.reasons[group.reason] += members.count
        self.requested.add(group, members.count)
        if held:
            self.largest_held.add(group)
            return
        self.largest_not_held.add(group)
        if members.eligible is not None and (self.eligible is None or members.eligible < self.eligible):
            self.eligible = members.eligible


def tally(queue: Queue, keys: Callable[[JobGroup], Iterable[str]]) -> dict[str, Tally]:
    """Count the jobs by what ``keys`` says of their group: a job counts once for each key."""
    tallies: dict[str, Tally] = {}
    for group, members in queue.jobs.items():
        for key in keys(group):
            if key not in tallies:
                tallies[key] = Tally(queue.asked)
            tallies[key].add(group, members)
    return tallies
