"""The archive's own metrics, in a file that node_exporter reads."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from .. import __version__
from ..metrics import textfile
from ..metrics.metric import AnyFamily, Family, Metric, scalar
from ..moment import Moment
from .archiver import Archiver
from .inbox import Inbox
from .reading import Reader
from .shelves import Shelves
from .submission import StateSaveLocation

_KINDS = {".sh": "script", ".env": "environment", ".out": "stdout", ".err": "stderr"}

BUILD = Metric("job_archive_build_info", "The program that wrote this.", ("version",))
EVENTS = Metric(
    "job_archive_events_total",
    "Events that were taken from the spool: handled, refused as none, dropped for their number or their age.",
    ("outcome",),
    "counter",
)
POSTPONED = Metric(
    "job_archive_postponed_total", "How often an event was put off: a file system did not answer.", kind="counter"
)
WAITING = Metric("job_archive_waiting_events", "Events in the spool.")
LAG = Metric("job_archive_lag_seconds", "Age of the oldest event in the spool.")
FILES = Metric(
    "job_archive_files_total",
    "Files by kind and by what became of them: archived, held on the local disk, dropped; of output files also "
    "missing, denied to the job's user, irregular, failed.",
    ("file", "outcome"),
    "counter",
)
CUT = Metric(
    "job_archive_cut_files_total", "Output files of which only the head and the tail are kept.", kind="counter"
)
UNREADABLE = Metric(
    "job_archive_unreadable_files_total", "Archived files that their owner was to read, and cannot.", kind="counter"
)
SUBMISSION_FAILURES = Metric(
    "job_archive_submission_failures_total", "Scripts that are there and could not be read.", kind="counter"
)
USABLE = Metric("job_archive_usable", "1 while the archive's directory can be written to.")
HELD = Metric("job_archive_held_files", "Files on the local disk that wait for the archive's directory.")
HELD_BYTES = Metric("job_archive_held_bytes", "Bytes of these files.")
STUCK = Metric("job_archive_stuck_readers", "Readers that hang in a file system that does not answer.")


class MetricsFile:
    """Writes the metrics."""

    def __init__(
        self,
        inbox: Inbox,
        archiver: Archiver,
        shelves: Shelves,
        submissions: StateSaveLocation,
        outputs: Reader,
        clock: Callable[[], Moment],
    ) -> None:
        self._inbox = inbox
        self._archiver = archiver
        self._shelves = shelves
        self._submissions = submissions
        self._outputs = outputs
        self._clock = clock

    def families(self) -> Iterator[AnyFamily]:
        """Yield the metrics as they are now."""
        inbox, shelves = self._inbox, self._shelves
        yield Family(BUILD, [((__version__,), 1)])
        yield Family(
            EVENTS,
            [(("handled",), inbox.handled), (("refused",), inbox.refused), (("dropped",), inbox.dropped)],
        )
        yield scalar(POSTPONED, inbox.postponed)
        yield scalar(WAITING, inbox.waiting)
        yield scalar(LAG, 0.0 if inbox.oldest is None else max(0.0, self._clock().wall - inbox.oldest))
        counts = sorted(self._archiver.outcomes.copy().items())
        yield Family(FILES, [((_KINDS[suffix], outcome), count) for (suffix, outcome), count in counts])
        yield scalar(CUT, self._archiver.cut)
        yield scalar(UNREADABLE, shelves.unreadable)
        yield scalar(SUBMISSION_FAILURES, self._submissions.failures)
        yield scalar(USABLE, shelves.usable)
        yield scalar(HELD, shelves.held_files)
        yield scalar(HELD_BYTES, shelves.held_bytes)
        yield scalar(STUCK, self._outputs.stuck())

    def write(self, path: Path) -> None:
        """Replace the file. Raises OSError."""
        textfile.write(path, self.families())
