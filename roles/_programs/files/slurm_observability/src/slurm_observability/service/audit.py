"""The audit log: a line of JSON for each event that was sent, and what became of it."""

from __future__ import annotations

import json
import logging
import os
import sys
import threading
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, NamedTuple, TextIO

from ..jobs.event import JobEvent
from .tokens import Sender

log = logging.getLogger(__name__)

STORED, REPEATED, REFUSED = "stored", "repeated", "refused"
OUTCOMES = (STORED, REPEATED, REFUSED)


class Origin(NamedTuple):
    """Who sent a request, and from where."""

    sender: Sender
    address: str


class Audit:
    """Writes the log, to a file or to standard error. Safe to use from several threads.

    A file that was rotated away is opened anew. A log that cannot be written keeps no event out: it is counted in
    ``errors``, and said once.
    """

    def __init__(self, path: Path | None = None) -> None:
        """Open the log; without a path it goes to standard error. Raises OSError."""
        self.errors = 0
        self._path = path
        self._lock = threading.Lock()
        self._failing = False
        self._file: TextIO = sys.stderr if path is None else _open(path)

    def accepted(self, origin: Origin, outcomes: Iterable[tuple[JobEvent, str]]) -> None:
        """Note events that were read, each with what became of it: STORED or REPEATED."""
        self._write(
            origin,
            (
                {
                    "outcome": outcome,
                    "event_id": event.event_id,
                    "kind": event.kind,
                    "origin": event.origin,
                    "cluster": event.cluster,
                    "job_id": event.job_id,
                    "node": event.node,
                    "user": event.user,
                }
                for event, outcome in outcomes
            ),
        )

    def refused(self, origin: Origin, reasons: Iterable[tuple[str, str]]) -> None:
        """Note events that were refused: the name that each gave itself, and why."""
        self._write(origin, ({"outcome": REFUSED, "event_id": name, "reason": reason} for name, reason in reasons))

    def _write(self, origin: Origin, entries: Iterable[dict[str, Any]]) -> None:
        head = {
            "time": datetime.now(timezone.utc).isoformat(timespec="milliseconds"),
            "sender": origin.sender.name,
            "address": origin.address,
        }
        # In ASCII: whatever a text holds, it ends no line and moves no cursor.
        text = "".join(json.dumps({**head, **entry}) + "\n" for entry in entries)
        with self._lock:
            try:
                self._current().write(text)
                self._file.flush()
                self._failing = False
            except OSError as error:
                self.errors += 1
                if not self._failing:
                    log.error("the audit log cannot be written: %s", error.strerror or error)
                self._failing = True

    def _current(self) -> TextIO:
        """Return the file that stands at the path now."""
        if self._path is not None and not _same(self._file, self._path):
            new = _open(self._path)
            with suppress(OSError):  # what could not be written is given up with the old file
                self._file.close()
            self._file = new
        return self._file


def _open(path: Path) -> TextIO:
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o640)
    return os.fdopen(descriptor, "w", encoding="ascii")


def _same(file: TextIO, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except OSError:
        return False
