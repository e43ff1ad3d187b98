"""What is kept beside the totals: whose they are, and how far the accounting database has been read."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Origin:
    """What the totals are totals of.

    ``reset_text`` is the reset time as it was given, ``reset_time`` in seconds since 1970. An empty ``cluster`` is one
    whose name is not known. ``labels`` are those to count runs by beside the partition.
    """

    cluster: str
    reset_text: str
    reset_time: int
    labels: tuple[str, ...] = ()

    def __str__(self) -> str:
        labels = f", labels {', '.join(self.labels)}" if self.labels else ""
        return f"that of cluster '{self.cluster}' since '{self.reset_text}'{labels}"

    def is_that_of(self, kept: Origin) -> bool:
        """Return whether the kept totals are those that are wanted.

        The moment of a relative reset time is the one that was kept, as long as the text is the same.
        """
        one_cluster = self.cluster == kept.cluster or not self.cluster or not kept.cluster
        return one_cluster and (self.reset_text, self.labels) == (kept.reset_text, kept.labels)


@dataclass(frozen=True)
class Position:
    """How far the accounting database has been read, in seconds since 1970.

    ``cursor``: what ended before has been read. ``complete``: all since the reset time has been, once.
    ``outage_from``: windows reach back to here until ``outage_settled_at``, for slurmctld sends late what it has kept.
    ``look_back_to``: the next window reaches back to here, for a run is gone and its end was not seen.
    ``deep_at``: when a window reaches back far again.
    """

    cursor: int
    complete: bool = False
    outage_from: int | None = None
    outage_settled_at: int = 0
    look_back_to: int | None = None
    deep_at: int = 0

    def to_json(self) -> str:
        """Return the position as it is kept."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Position:
        """Return a kept position. Raises TypeError or ValueError when it is none."""
        return cls(**json.loads(text))
