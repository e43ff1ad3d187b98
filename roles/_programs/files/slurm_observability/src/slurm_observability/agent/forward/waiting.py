"""The events that wait to be forwarded: what the watcher found, and the forwarder has not delivered yet."""

from __future__ import annotations

import heapq
import threading
import time
from collections.abc import Collection, Iterable

from ...jobs.spool import parse_name


class Waiting:
    """The names of events, with the bytes that their files take. Safe to use from several threads.

    ``more`` is set when something comes that may be forwarded.
    """

    def __init__(self, more: threading.Event) -> None:
        self._more = more
        self._lock = threading.Lock()
        self._sizes: dict[str, int] = {}
        self._held: frozenset[int] = frozenset()
        self._done: set[str] = set()

    def __len__(self) -> int:
        return len(self._sizes) - len(self._done)

    def __contains__(self, name: str) -> bool:
        return name in self._sizes

    @property
    def bytes(self) -> int:
        """The bytes that their files take."""
        with self._lock:
            return sum(self._sizes.values())

    def sizes(self) -> dict[str, int]:
        """Return the bytes by name, oldest first."""
        with self._lock:
            return {name: self._sizes[name] for name in sorted(self._sizes)}

    def age(self) -> float:
        """Return how many seconds ago the oldest happened, 0 when none waits."""
        with self._lock:
            oldest = min((name for name in self._sizes if name not in self._done), default="")
        parts = parse_name(oldest)
        return max(0.0, time.time() - parts.microseconds / 1e6) if parts else 0.0

    def add(self, name: str, size: int) -> None:
        """Let an event wait."""
        with self._lock:
            self._sizes[name] = size
        self._more.set()

    def hold(self, jobs: Iterable[int]) -> None:
        """Keep the events of these jobs, and of no others, from being taken: an earlier one cannot be read yet."""
        before, self._held = self._held, frozenset(jobs)
        if before - self._held:
            self._more.set()

    def oldest(self, count: int) -> list[str]:
        """Return the oldest events that may be forwarded, in their order."""
        with self._lock:
            return heapq.nsmallest(count, filter(self._free, self._sizes) if self._held or self._done else self._sizes)

    def remove(self, name: str) -> None:
        """Forget an event."""
        with self._lock:
            self._sizes.pop(name, None)
            self._done.discard(name)

    def note_done(self, name: str) -> None:
        """Keep an event that is delivered, and whose file cannot be removed, from being delivered again."""
        with self._lock:
            self._done.add(name)

    @property
    def done(self) -> list[str]:
        """The events whose files are still to be removed."""
        with self._lock:
            return list(self._done)

    def keep(self, names: Collection[str]) -> None:
        """Forget all events but these: the others have gone."""
        with self._lock:
            self._sizes = {name: size for name, size in self._sizes.items() if name in names}
            self._done.intersection_update(names)

    def _free(self, name: str) -> bool:
        parts = parse_name(name)
        return name not in self._done and (parts is None or parts.job_id not in self._held)
