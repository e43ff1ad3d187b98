"""The running archive: one thread that archives, and one that keeps watch over it."""

from __future__ import annotations

import logging
import pwd
import threading
from collections.abc import Callable
from contextlib import suppress

from ..command_line.options import UsageError
from ..jobs.event import JobEvent
from ..moment import Moment, moment
from . import access
from .archiver import Archiver
from .inbox import Inbox
from .masking import read_masks
from .metrics import MetricsFile
from .reading import NotNow, Reader, User
from .settings import Settings
from .shelf import Shelf
from .shelves import Shelves
from .submission import StateSaveLocation

log = logging.getLogger(__name__)

# Seconds between two looks of the thread that keeps watch, and between two tries to put away what is held.
WATCH_SECONDS = 15.0
HOME_SECONDS = 60.0
STOP_SECONDS = 10.0


class Service:
    """The archive with all its parts. Raises UsageError."""

    def __init__(self, settings: Settings, clock: Callable[[], Moment] = moment) -> None:
        self._settings = settings
        self._clock = clock
        self._stopping = threading.Event()
        self._brought_home = float("-inf")
        self._threads = [
            threading.Thread(target=self._repeat, args=(interval, task), name=name, daemon=True)
            for name, interval, task in (
                ("archive", settings.interval, self.work),
                ("watch", WATCH_SECONDS, self.watch),
            )
        ]
        # What is held waits for the archive's own rules: until then only this user reads it.
        self._shelves = Shelves(
            Shelf(settings.archive, settings.min_free, settings.readers),
            Shelf(settings.held, settings.min_free, access.NOBODY),
            settings.max_held,
        )
        submissions = StateSaveLocation(
            settings.state_save_location, _user(settings.slurm_user), Reader(settings.timeout)
        )
        # Each has its own: output on a dead file server does not keep scripts from being read.
        outputs = Reader(settings.timeout)
        masks = read_masks(settings.mask_file)
        self._archiver = Archiver(self._shelves, submissions, outputs, settings.limits, masks)
        self._inbox = Inbox(settings.spool, settings.max_waiting, settings.patience)
        self.metrics = MetricsFile(self._inbox, self._archiver, self._shelves, submissions, outputs, clock)

    def start(self) -> None:
        """Start the threads."""
        with suppress(OSError):  # without it nothing can be held, and whoever tries says why
            self._settings.held.mkdir(mode=0o700, exist_ok=True)
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Let the event that is being handled end, if it does so soon. What is not done with stays in the spool."""
        self._stopping.set()
        self._threads[0].join(STOP_SECONDS)

    def work(self) -> None:
        """Handle what is in the spool, and try to put away what is held."""
        now = self._clock().steady
        self._inbox.work(now, self._archive)
        if now - self._brought_home >= HOME_SECONDS:
            self._brought_home = now
            self._shelves.bring_home()

    def watch(self) -> None:
        """Keep the spool within its bound, and write the metrics, whatever the other thread waits for."""
        self._inbox.bound()
        if self._settings.metrics_file is not None:
            try:
                self.metrics.write(self._settings.metrics_file)
            except OSError as error:
                log.warning("the metrics cannot be written: %s", error)

    def _archive(self, event: JobEvent) -> None:
        if self._stopping.is_set():
            raise NotNow("the archive is stopping")
        try:
            self._archiver.archive(event)
        except NotNow:
            raise
        except Exception as error:
            # One event that this program cannot handle keeps the others from nothing.
            log.exception("job %d could not be archived", event.job_id)
            raise NotNow(f"{type(error).__name__}: {error}") from error

    def _repeat(self, interval: float, task: Callable[[], None]) -> None:
        while not self._stopping.is_set():
            try:
                task()
            except Exception:  # the thread must live on, whatever the fault
                log.exception("this is a fault of the program")
            self._stopping.wait(interval)


def _user(name: str) -> User:
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        raise UsageError(f"there is no user '{name}'; name Slurm's own (SlurmUser) with --slurm-user") from None
    return User(entry.pw_uid, entry.pw_gid)
