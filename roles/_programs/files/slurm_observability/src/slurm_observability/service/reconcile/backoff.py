"""Leave Slurm alone for a while after it gave no answer."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ...slurm.command import SlurmError

SHORTEST_SECONDS = 15.0
LONGEST_SECONDS = 300.0

_chance = random.SystemRandom()


class Backoff:
    """Lets a question be asked, less and less often while nobody answers it. ``clock`` never goes back.

    ``errors`` counts the questions that had no answer.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self.errors = 0
        self._clock = clock
        self._failures = 0
        self._again_at = float("-inf")
        self._reason: SlurmError | None = None

    @contextmanager
    def question(self) -> Iterator[None]:
        """Ask within the block. Raises the last SlurmError, and asks nothing, until its time is up."""
        if self._reason is not None and self._clock() < self._again_at:
            raise self._reason
        try:
            yield
        except SlurmError as error:
            self.errors += 1
            self._failures += 1
            self._reason = error
            self._again_at = self._clock() + self._pause(error.retry_after or 0.0)
            raise
        self._failures, self._reason = 0, None

    def _pause(self, wanted: float) -> float:
        longest = min(SHORTEST_SECONDS * 2.0 ** min(self._failures, 10), LONGEST_SECONDS)
        # A random time: a Slurm that comes back is not met by everybody at once.
        return max(_chance.uniform(SHORTEST_SECONDS, longest), wanted)
