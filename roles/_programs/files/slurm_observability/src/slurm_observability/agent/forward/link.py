"""The link to the service: what is asked of it, how that ended, and how long it is left alone."""

from __future__ import annotations

import logging
import time
from typing import Any

from ..settings import Settings
from .backoff import pause
from .client import OK, UNAUTHORISED, Client, ServiceError
from .counts import Counts
from .seldom import Seldom

log = logging.getLogger(__name__)


class Link:
    """Asks the service, and keeps count. From one thread at a time."""

    def __init__(self, settings: Settings, counts: Counts) -> None:
        self._client = Client(settings)
        self._counts = counts
        self._seldom = Seldom(log)
        self._failures = 0
        if self._client.shows_token:
            log.warning("the token goes to %s in plain text; give the service a certificate", settings.url)

    def post(self, path: str, body: bytes) -> dict[str, Any]:
        """Send a JSON document; return the one that comes back. Raises ServiceError."""
        try:
            answer = self._client.post(path, body)
        except ServiceError as error:
            self._counts.requests[error.outcome] += 1
            raise
        self._counts.requests[OK] += 1
        self._counts.last_success = time.time()
        if self._failures:
            log.info("the service answers again")
        self._counts.service_up = True
        self._failures = 0
        return answer

    def note_failure(self, error: ServiceError) -> None:
        """Leave the service alone for a while. An outage is one line in the journal, a wrong token one a minute."""
        if error.outcome == UNAUTHORISED:
            self._seldom.warn("token", "%s; everything is kept", error)
        else:
            log.log(logging.DEBUG if self._failures else logging.WARNING, "%s; everything is kept", error)
        self._counts.service_up = False
        self._failures += 1
        self._counts.pause = pause(self._failures, error.retry_after)

    def close(self) -> None:
        """Close the connection."""
        self._client.close()
