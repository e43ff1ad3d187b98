"""Log a line, and the same again only after a while: an outage of hours should not fill the journal."""

from __future__ import annotations

import logging
import time

SILENT_SECONDS = 60.0


class Seldom:
    """Logs what it is given at most once a minute for each subject, and else when debugging only."""

    def __init__(self, log: logging.Logger) -> None:
        self._log = log
        self._silent_until: dict[str, float] = {}

    def warn(self, subject: str, text: str, *arguments: object) -> None:
        """Log a warning about a subject."""
        now = time.monotonic()
        silent = now < self._silent_until.get(subject, 0.0)
        if not silent:
            self._silent_until[subject] = now + SILENT_SECONDS
        self._log.log(logging.DEBUG if silent else logging.WARNING, text, *arguments)
