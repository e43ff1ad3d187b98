"""Tells when a job has begun, or a step of one has ended, so that the agent can read what is about to vanish.

slurmstepd removes the control groups of a step a moment after its last process. Looks that are 15 s apart would miss
what a job used since the last of them, and short jobs altogether.
"""

from __future__ import annotations

import logging
import select
import time
from collections.abc import Iterable
from typing import NamedTuple

from .inotify import CREATED, FORGOTTEN, MODIFIED, Inotify
from .waker import Waker

log = logging.getLogger(__name__)

# slurmstepd makes the groups of a step one after the other.
SETTLE_SECONDS = 0.3
# A job that runs one short step after the other is not looked at for each of them.
PAUSE_SECONDS = 0.5


class _Watched(NamedTuple):
    """What is watched, and the job's group that it is of; None for a directory of jobs, where each entry is one."""

    path: str
    job: str | None


class Activity:
    """Waits for what happens to control groups. Use from one thread, except for :meth:`wake`.

    Without inotify it waits for the time alone.
    """

    def __init__(self) -> None:
        self._waker = Waker()
        self._watched: dict[int, _Watched] = {}
        self._paths: set[str] = set()
        self._due: dict[str, float] = {}
        self._told: dict[str, float] = {}
        self._inotify: Inotify | None = None
        try:
            self._inotify = Inotify()
        except OSError as error:
            log.warning("no inotify (%s): what short jobs use may be missed", error)

    def watch_scope(self, path: str) -> None:
        """Watch a directory of jobs."""
        self._watch(CREATED, _Watched(path, None))

    def watch_job(self, path: str, files: Iterable[str]) -> None:
        """Watch a job's group for new steps, and files that change when one has ended."""
        self._watch(CREATED, _Watched(path, path))
        for file in files:
            self._watch(MODIFIED, _Watched(file, path))

    def wake(self) -> None:
        """Let :meth:`wait` return."""
        self._waker.wake()

    def wait(self, seconds: float) -> set[str]:
        """Wait so long, or until something happens. Return the groups of the jobs that should be read now."""
        soonest = min(self._due.values(), default=None)
        if soonest is not None:
            seconds = min(seconds, soonest - time.monotonic())
        waiting = [self._waker.fileno(), *([self._inotify.fileno()] if self._inotify else [])]
        ready, *_none = select.select(waiting, [], [], max(0.0, seconds))
        if self._waker.fileno() in ready:
            self._waker.clear()
        self._take_notes()
        return self._now_due()

    def _watch(self, what: int, watched: _Watched) -> None:
        if self._inotify is None or watched.path in self._paths:
            return
        try:
            number = self._inotify.watch(watched.path, what)
        except OSError as error:  # it is gone, or there are too many: looks go on
            log.debug("%s is not watched: %s", watched.path, error)
            return
        self._watched[number] = watched
        self._paths.add(watched.path)

    def _take_notes(self) -> None:
        now = time.monotonic()
        for note in self._inotify.notes() if self._inotify else ():
            watched = self._watched.get(note.watch)
            if watched is None:
                continue
            if note.what & FORGOTTEN:
                del self._watched[note.watch]
                self._paths.discard(watched.path)
                continue
            path = watched.job or f"{watched.path}/{note.name}"
            soon = now + SETTLE_SECONDS if note.what & CREATED else self._told.get(path, -PAUSE_SECONDS) + PAUSE_SECONDS
            self._due[path] = min(soon, self._due.get(path, soon))

    def _now_due(self) -> set[str]:
        now = time.monotonic()
        due = {path for path, when in self._due.items() if when <= now}
        for path in due:
            del self._due[path]
        recent = {path: when for path, when in self._told.items() if now - when < PAUSE_SECONDS}
        self._told = {**recent, **dict.fromkeys(due, now)}
        return due
