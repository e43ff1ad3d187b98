"""Send what waits to the service, until it has it: events first, in their order, then samples."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Sequence
from typing import Any, NamedTuple

from ...jobs.document import document
from ...jobs.hook_event import event_of
from ...jobs.hook_record import RecordError
from ...jobs.spool import Spool
from ...slurm.command import one_line
from ..settings import Settings
from .backoff import pause
from .client import FAILED, OK, REJECTED, UNAUTHORISED, Client, ServiceError
from .counts import REFUSED, REPEATED, STORED, Counts
from .samples import Batch, Samples
from .seldom import Seldom
from .waiting import Waiting

log = logging.getLogger(__name__)

EVENTS_PATH, SAMPLES_PATH = "/v1/events", "/v1/samples"
MAX_BATCH_EVENTS = 1000
# Proxies often let a request of 1 MiB pass, and no larger one.
MAX_BATCH_BYTES = 1_000_000
IDLE_SECONDS = 10.0


class _Letter(NamedTuple):
    """An event on its way: the name of its file, and the event as JSON."""

    name: str
    body: bytes


class Forwarder:
    """Empties what waits. An event's file is removed when the service has said that it has the event, or refuses it.

    ``more`` is set when there is something to send.
    """

    def __init__(
        self,
        settings: Settings,
        spool: Spool,
        waiting: Waiting,
        samples: Samples,
        counts: Counts,
        more: threading.Event,
    ) -> None:
        self._settings = settings
        self._spool = spool
        self._waiting = waiting
        self._samples = samples
        self._counts = counts
        self._more = more
        self._client = Client(settings)
        self._seldom = Seldom(log)
        self._failures = 0
        # Whether the service has accepted something since it last rejected a request for a single event.
        self._accepted = False
        self._stopped = threading.Event()

    def run(self) -> None:
        """Send until :meth:`stop`."""
        while not self._stopped.is_set():
            self.send()
            if self._counts.pause:
                self._stopped.wait(self._counts.pause)
            else:
                self._more.wait(IDLE_SECONDS)
                self._more.clear()
        self._client.close()

    def stop(self) -> None:
        """Let :meth:`run` end, when the request that is under way has ended."""
        self._stopped.set()
        self._more.set()

    def send(self) -> None:
        """Send all that waits. Never raises: a failure sets how long to pause."""
        try:
            while not self._stopped.is_set() and (self._send_events() or self._send_samples()):
                pass
        except ServiceError as error:
            self._note_failure(error)
        except Exception as error:  # the thread must live on, whatever the fault
            log.exception("forwarding: this is a fault of the program")
            self._note_failure(ServiceError(FAILED, f"a fault of the program: {type(error).__name__}"))
        else:
            self._counts.pause = 0.0

    def _send_events(self) -> bool:
        """Send the oldest events. Return whether there were any."""
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
            answer = self._post(EVENTS_PATH, b'{"events": [' + b", ".join(letter.body for letter in letters) + b"]}")
        except ServiceError as error:
            if error.outcome != REJECTED:
                raise
            if len(letters) == 1:
                self._refuse_alone(letters[0], error)
                return
            middle = len(letters) // 2
            self._deliver(letters[:middle])
            self._deliver(letters[middle:])
            return
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
        try:
            self._spool.refuse(letter.name)
        except OSError as error:
            self._note_stuck(letter.name, error)
        else:
            self._waiting.remove(letter.name)
        self._counts.events[REFUSED] += 1

    def _remove(self, name: str) -> None:
        try:
            self._spool.remove(name)
        except OSError as error:
            self._note_stuck(name, error)
        else:
            self._waiting.remove(name)

    def _note_stuck(self, name: str, error: OSError) -> None:
        self._waiting.note_done(name)
        self._seldom.warn("stuck", "%s is delivered, and cannot be removed: %s", name, error.strerror)

    def _send_samples(self) -> bool:
        """Send the oldest samples. Return whether there were any."""
        parts = [batch] if (batch := self._samples.take()) else []
        try:
            while parts:
                parts[:1] = self._deliver_samples(parts[0])
        finally:
            for part in reversed(parts):
                self._samples.put_back(part)
        return bool(batch)

    def _deliver_samples(self, batch: Batch) -> Sequence[Batch]:
        """Send these samples. Return what is to be sent in their place: the halves of a request that is rejected."""
        try:
            self._post(SAMPLES_PATH, batch.body())
        except ServiceError as error:
            if error.outcome != REJECTED:
                raise
            if len(batch) > 1:
                return batch.halves()
            self._counts.samples[REFUSED] += 1
            self._seldom.warn("samples", "the service rejects a sample: %s", error)
            return ()
        self._counts.samples[STORED] += len(batch)
        return ()

    def _post(self, path: str, body: bytes) -> dict[str, Any]:
        try:
            answer = self._client.post(path, body)
        except ServiceError as error:
            self._counts.requests[error.outcome] += 1
            raise
        self._counts.requests[OK] += 1
        self._counts.last_success = time.time()
        if not self._counts.service_up and self._failures:
            log.info("the service answers again")
        self._counts.service_up = True
        self._failures = 0
        return answer

    def _note_failure(self, error: ServiceError) -> None:
        if error.outcome == UNAUTHORISED:
            self._seldom.warn("token", "%s; everything is kept", error)
        elif self._counts.service_up or not self._failures:
            log.warning("%s; everything is kept", error)
        else:
            log.debug("%s", error)
        self._counts.service_up = False
        self._failures += 1
        self._counts.pause = pause(self._failures, error.retry_after)


def _refusals(answer: dict[str, Any], sent: int) -> dict[int, str]:
    """Return the reasons of what was refused by place. Raises ServiceError when the answer does not fit what was sent.

    Whoever answers anything with 200 is not job-observability, and does not get events deleted.
    """
    try:
        refused = {entry["index"]: str(entry.get("reason", "")) for entry in answer["refused"]}
        counts = [answer["stored"], answer["repeated"], len(refused)]
        fits = sum(counts) == sent and min(counts) >= 0 and all(index in range(sent) for index in refused)
    except (KeyError, TypeError, AttributeError, ValueError):
        fits, refused = False, {}
    if not fits:
        raise ServiceError(FAILED, "the answer to the events does not fit what was sent; is this job-observability?")
    return refused
