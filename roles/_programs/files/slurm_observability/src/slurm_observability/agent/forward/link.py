"""A sender's link to the service: what it asked, how that ended, and how long it leaves the service alone."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

from .backoff import pause
from .client import OK, UNAUTHORISED, Client, ServiceError
from .counts import Counts
from .seldom import Seldom

log = logging.getLogger(__name__)


class Link:
    """Posts to one path of the service, and keeps count. From one thread at a time.

    Each sender has its own: that one path works says nothing of another, and must not shorten its pauses.
    """

    def __init__(self, client: Client, path: str, counts: Counts, clock: Callable[[], float] = time.monotonic) -> None:
        self._client = client
        self._path = path
        self._counts = counts
        self._clock = clock
        self._seldom = Seldom(log)
        self._failures = 0
        self._rests_until = 0.0
        counts.pauses[path] = 0.0

    @property
    def rest(self) -> float:
        """The seconds for which the service is still left alone, 0 when it may be asked."""
        return max(0.0, self._rests_until - self._clock()) if self._failures else 0.0

    def post(self, body: bytes) -> dict[str, Any]:
        """Send a JSON document; return the one that comes back. Raises ServiceError."""
        try:
            answer = self._client.post(self._path, body)
        except ServiceError as error:
            self._counts.requests[error.outcome] += 1
            raise
        self._counts.requests[OK] += 1
        self._counts.last_success = time.time()
        if self._failures:
            log.info("the service answers %s again", self._path)
        self._failures, self._counts.pauses[self._path] = 0, 0.0
        return answer

    def note_failure(self, error: ServiceError) -> None:
        """Leave the service alone for a while. An outage is one line in the journal, a wrong token one a minute."""
        if error.outcome == UNAUTHORISED:
            self._seldom.warn("token", "%s; everything is kept", error)
        else:
            log.log(logging.DEBUG if self._failures else logging.WARNING, "%s; everything is kept", error)
        self._failures += 1
        seconds = self._counts.pauses[self._path] = pause(self._failures, error.retry_after)
        self._rests_until = self._clock() + seconds
