"""Reads the GPUs in a thread of its own, so that a driver that is slow or hangs holds up nobody."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from ...metrics.metric import AnyFamily
from ..topics import gpu_reader
from ..topics.gpu_reader import ReaderHealth
from .names import NameTable
from .reading import FAILED, HANG, GpuError, GpuReading, GpuReport, GpuSource

log = logging.getLogger(__name__)

# A look at the jobs waits so long for a reading. NVML needs less; of what needs more, the reading before is taken.
PATIENCE_SECONDS = 1.0
# What is older says nothing of now.
MAX_AGE_SECONDS = 150.0
# After failures in a row, the wait until the next try doubles up to this.
FIRST_PAUSE_SECONDS = 10.0
LONGEST_PAUSE_SECONDS = 300.0
STOP_SECONDS = 2.0


class GpuWatch:
    """A part of the agent, and its reader of GPUs: each :meth:`read` asks the thread for a new reading."""

    def __init__(
        self,
        source: GpuSource,
        names: NameTable,
        clock: Callable[[], float] = time.monotonic,
        patience: float = PATIENCE_SECONDS,
    ) -> None:
        self._source = source
        self._names = names
        self._clock = clock
        self._patience = patience
        self._changed = threading.Condition()
        self._asked = self._answered = 0
        self._stopped = False
        self._due: float | None = None
        self._failures = 0
        self._failure: GpuError | None = None
        self._report = GpuReport()
        self._read_at: float | None = None
        self._health = ReaderHealth()
        self._thread = threading.Thread(target=self._run, name="gpus", daemon=True)

    def start(self) -> None:
        """Begin to wait for those who ask."""
        self._thread.start()

    def stop(self) -> None:
        """End. A driver that hangs is left alone."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        self._thread.join(STOP_SECONDS)

    def families(self) -> Iterable[AnyFamily]:
        """Return how the readings fare."""
        return gpu_reader.families(self._health)

    def read(self) -> Sequence[GpuReading]:
        """Return the GPUs as they are now, or as they were a little while ago. Waits a second at most."""
        with self._changed:
            self._asked += 1
            asked = self._asked
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._answered >= asked or self._stopped, self._patience)
            if self._failure:
                raise self._failure
            if self._read_at is None or self._clock() - self._read_at > MAX_AGE_SECONDS:
                raise GpuError("the GPUs have not answered yet", HANG)
            return self._report.gpus

    def refresh(self) -> None:
        """Ask the GPUs, unless it is too early. The thread does this when somebody reads."""
        began = self._clock()
        if self._due is not None and began < self._due:
            return
        report, failure = self._ask()
        ended = self._clock()
        with self._changed:
            self._failure = failure
            if report:
                self._report, self._read_at = report, ended
        self._note(report, failure, ended - began)
        self._due = ended + self._pause() if failure else began + self._source.period

    def _ask(self) -> tuple[GpuReport | None, GpuError | None]:
        try:
            report = self._source.report()
            self._names.keep(report.gpus)
        except GpuError as error:
            return None, error
        except Exception as error:  # the thread must live on, whatever the fault
            log.exception("the GPUs cannot be read; this is a fault of the program")
            return None, GpuError(f"a fault of the program: {error}", FAILED)
        return report, None

    def _note(self, report: GpuReport | None, failure: GpuError | None, seconds: float) -> None:
        self._health.duration = seconds
        if failure:
            self._failures += 1
            self._health.errors[failure.kind] += 1
            log.log(logging.WARNING if self._failures == 1 else logging.DEBUG, "the GPUs cannot be read: %s", failure)
            return
        assert report is not None
        if self._failures:
            log.info("the GPUs can be read again")
        self._failures = 0
        self._health.reader, self._health.driver_version = report.reader, report.driver_version
        self._health.failed_calls = self._health.failed_calls + Counter(report.failed_calls)

    def _pause(self) -> float:
        return min(FIRST_PAUSE_SECONDS * 2.0 ** min(self._failures - 1, 10), LONGEST_PAUSE_SECONDS)

    def _run(self) -> None:
        while self._wait():
            asked = self._asked
            self.refresh()
            with self._changed:
                self._answered = asked
                self._changed.notify_all()
        self._source.close()

    def _wait(self) -> bool:
        """Wait until somebody asks. Return False when it is time to end."""
        with self._changed:
            self._changed.wait_for(lambda: self._stopped or self._asked > self._answered)
            return not self._stopped
