"""What the forwarding has done so far, for the page of metrics."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

# What became of an event: the service has it, now or since before; the service refused it; its file cannot be used; it
# was dropped where too many waited; the agent's own, and the spool did not take it.
STORED, REPEATED, REFUSED, UNREADABLE, DROPPED, UNWRITTEN = (
    *("stored", "repeated", "refused"),
    *("unreadable", "dropped", "unwritten"),
)
EVENT_OUTCOMES = (STORED, REPEATED, REFUSED, UNREADABLE, DROPPED, UNWRITTEN)

SAMPLE_OUTCOMES = (STORED, REFUSED, DROPPED)


@dataclass
class Counts:
    """Each number is written by one thread at a time. Times in seconds; ``last_success`` since 1970, None before.

    ``pauses`` is for how long the service is left alone after it failed, by path; 0 where it did not.
    """

    events: Counter[str] = field(default_factory=Counter)
    samples: Counter[str] = field(default_factory=Counter)
    requests: Counter[str] = field(default_factory=Counter)
    observer_errors: int = 0
    spool_up: bool = False
    pauses: dict[str, float] = field(default_factory=dict)
    last_success: float | None = None

    @property
    def pause(self) -> float:
        """The longest time for which the service is left alone, 0 in health."""
        return max(self.pauses.values(), default=0.0)

    @property
    def service_up(self) -> bool:
        """Whether the service took what it was sent last, on each path."""
        return self.last_success is not None and not self.pause
