"""Bring the events that wait to the service, in their order. A file goes when the service has said that it has it."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from typing import Any, NamedTuple

from ...jobs.document import document
from ...jobs.hook_event import event_of
from ...jobs.hook_record import RecordError
from ...jobs.spool import Spool
from ...slurm.command import one_line
from ..settings import Settings
from .client import FAILED, REJECTED, ServiceError
from .counts import REFUSED, REPEATED, STORED, Counts
from .link import Link
from .seldom import Seldom
from .waiting import Waiting

log = logging.getLogger(__name__)

EVENTS_PATH = "/v1/events"
MAX_BATCH_EVENTS = 1000
# Proxies often let a request of 1 MiB pass, and no larger one.
MAX_BATCH_BYTES = 1_000_000


class _Letter(NamedTuple):
    """An event on its way: the name of its file, and the event as JSON."""

    name: str
    body: bytes


class EventSender:
    """Sends events in batches. Those that the service refuses go aside, and block no other."""

    def __init__(self, settings: Settings, spool: Spool, waiting: Waiting, counts: Counts, link: Link) -> None:
        self._settings = settings
        self._spool = spool
        self._waiting = waiting
        self._counts = counts
        self.link = link
        self._seldom = Seldom(log)
        # Whether the service has accepted something since it last rejected a request for a single event.
        self._accepted = False

    def send(self) -> bool:
        """Send the oldest events. Return whether there were any. Raises ServiceError."""
        letters = self._letters()
        if letters:
            self._deliver(letters)
        return bool(letters)

    def _letters(self) -> list[_Letter]:
        """Return the oldest events, as many as one request may hold."""
        letters: list[_Letter] = []
        total = 0
        for name in self._waiting.oldest(MAX_BATCH_EVENTS):
            try:
                event = event_of(self._spool.read(name), self._settings.node, self._settings.cluster)
            except (OSError, RecordError):
                self._waiting.remove(name)  # it could be read before; the watcher looks what has become of it
                continue
            body = json.dumps(document(event)).encode()
            total += len(body)
            if letters and total > MAX_BATCH_BYTES:
                break
            letters.append(_Letter(name, body))
        return letters

    def _deliver(self, letters: Sequence[_Letter]) -> None:
        """Send these events. Those of a request that is rejected are sent in halves, until the bad one is found."""
        try:
            answer = self.link.post(b'{"events": [' + b", ".join(letter.body for letter in letters) + b"]}")
        except ServiceError as error:
            if error.outcome != REJECTED:
                raise
            if len(letters) == 1:
                self._refuse_alone(letters[0], error)
                return
            middle = len(letters) // 2
            self._deliver(letters[:middle])
            self._deliver(letters[middle:])
        else:
            self._settle(letters, answer)

    def _settle(self, letters: Sequence[_Letter], answer: dict[str, Any]) -> None:
        refused = _refusals(answer, len(letters))
        self._accepted = self._accepted or len(refused) < len(letters)
        for index, letter in enumerate(letters):
            if index in refused:
                self._refuse(letter, refused[index])
            else:
                self._remove(letter.name)
        self._counts.events[STORED] += answer["stored"]
        self._counts.events[REPEATED] += answer["repeated"]

    def _refuse_alone(self, letter: _Letter, error: ServiceError) -> None:
        """Refuse an event for which the whole request was rejected.

        A service that rejects everything is not believed: it gets one event, and is then left alone for longer and
        longer.
        """
        self._refuse(letter, str(error))
        accepted, self._accepted = self._accepted, False
        if not accepted:
            raise ServiceError(REJECTED, f"{error} (nothing else was accepted meanwhile)")

    def _refuse(self, letter: _Letter, reason: str) -> None:
        self._seldom.warn("refused", "the service refuses %s: %s", letter.name, one_line(reason))
        self._counts.events[REFUSED] += 1
        try:
            self._spool.refuse(letter.name)
        except OSError as error:
            self._note_stuck(letter.name, error)
        else:
            self._waiting.remove(letter.name)

    def _remove(self, name: str) -> None:
        try:
            self._spool.remove(name)
        except OSError as error:
            self._note_stuck(name, error)
        else:
            self._waiting.remove(name)

    def _note_stuck(self, name: str, error: OSError) -> None:
        self._waiting.note_done(name)
        self._seldom.warn("stuck", "%s is dealt with, and cannot be removed: %s", name, error.strerror)


def _refusals(answer: dict[str, Any], sent: int) -> dict[int, str]:
    """Return the reasons of what was refused by place. Raises ServiceError when the answer does not fit what was sent.

    Whoever answers anything with 200 is not job-observability, and does not get events deleted.
    """
    try:
        refused = {entry["index"]: str(entry.get("reason", "")) for entry in answer["refused"]}
        counts = [answer["stored"], answer["repeated"], len(refused)]
        fits = sum(counts) == sent and min(counts) >= 0 and all(index in range(sent) for index in refused)
    except (KeyError, TypeError, AttributeError):
        fits, refused = False, {}
    if not fits:
        raise ServiceError(FAILED, "the answer to the events does not fit what was sent; is this job-observability?")
    return refused
