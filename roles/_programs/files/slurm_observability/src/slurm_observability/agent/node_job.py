"""A job on this node, as the agent knows it."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..jobs.event import CGROUP, FINISHED, JobEvent
from ..moment import Moment
from .cgroups.usage import Usage
from .totals import Totals

# Steps that last as long as the job does on the node: with their control group gone, it is over.
LASTING_STEPS = ("batch", "extern", "interactive")

JobKey = tuple[str, int]


@dataclass
class NodeJob:
    """A job on this node.

    ``started`` is the event of its beginning, with all that is known of it; its origin is ``cgroup`` where no hook
    told. ``untold_since`` is when the agent found it so, by the steady clock; None where the service has been told.
    ``inode`` is that of its control group, None without one now; ``running`` whether a process is in that, ``seen``
    when one last was. ``lasting`` is whether it had a step that lasts as long as the job. ``cpus`` is what the control
    group confines the job to, ``usage`` what was last read of the present one.
    """

    started: JobEvent
    untold_since: float | None = None
    inode: int | None = None
    running: bool = False
    seen: Moment | None = None
    lasting: bool = False
    cpus: int | None = None
    usage: Usage = field(default_factory=Usage)
    totals: Totals = field(default_factory=Totals)

    @property
    def key(self) -> JobKey:
        """What names it on this host."""
        return self.started.node, self.started.job_id

    @property
    def reported(self) -> bool:
        """Whether a hook told of its beginning."""
        return self.started.origin != CGROUP

    @property
    def began(self) -> float:
        """When it began, in seconds since 1970."""
        return self.started.start_time or self.started.time

    @property
    def last_seen(self) -> float:
        """When a process of it was last seen, else when it began, in seconds since 1970."""
        return self.seen.wall if self.seen else self.began

    def total(self) -> Usage:
        """Return what it has used since it began."""
        return self.totals.with_group(self.usage)

    def leave_group(self) -> None:
        """Keep what the present control group had used: it is gone."""
        self.totals.add_group(self.usage)
        self.usage, self.inode, self.running = Usage(), None, False

    def is_of(self, event: JobEvent) -> bool:
        """Return whether an event is of this run of the job, and not of an earlier or a later one."""
        if self.started.sluid and event.sluid:
            return self.started.sluid == event.sluid
        if self.started.restart is not None and event.restart is not None:
            return self.started.restart == event.restart
        return event.kind != FINISHED or event.time >= self.started.time
