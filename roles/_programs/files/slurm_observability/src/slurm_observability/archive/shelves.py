"""Two shelves: the archive itself, and one on a local disk for the time that the archive cannot be written to."""

from __future__ import annotations

import logging
import re
from contextlib import suppress

from . import names
from .shelf import Kept, Shelf, ShelfError

log = logging.getLogger(__name__)

# On the second shelf a file's name says whose it is.
_HELD_NAME = re.compile(r"(\d+)\.(.+)", re.ASCII)

ARCHIVED, HELD, DROPPED = "archived", "held", "dropped"
# A run that was reported again has the same files; one with the same id so much later is another (MaxJobId).
_ANOTHER_RUN_SECONDS = 3600.0


class Shelves:
    """Puts files into the archive, or holds them until it can be written to again.

    ``max_held_bytes`` bounds what is held; beyond it files are dropped.
    """

    def __init__(self, archive: Shelf, held: Shelf, max_held_bytes: int) -> None:
        self._archive = archive
        self._held = held
        self._max_held_bytes = max_held_bytes
        self.unreadable = 0  # files that their owners were to read, and cannot
        self.held_files = 0
        self.held_bytes = 0
        self.usable = True

    def put(self, name: str, content: bytes, owner: int, time: float) -> str:
        """Return what became of the file: ARCHIVED, HELD or DROPPED."""
        try:
            self._put_away(name, content, owner, time)
            return ARCHIVED
        except ShelfError as error:
            self._notice(error)
        try:
            held = self._held.files()
            if sum(file.size for file in held) + len(content) > self._max_held_bytes:
                raise ShelfError(f"{self._max_held_bytes} bytes are held already")
            self._held.put(f"{owner}.{name}", content, owner, time)
        except ShelfError as error:
            log.error("%s is lost: %s", name, error)
            return DROPPED
        return HELD

    def bring_home(self) -> None:
        """Put what is held into the archive, as far as that can be written to; count what is still held."""
        with suppress(ShelfError):
            waiting = self._held.files()
            self._count(waiting)
            for number, file in enumerate(waiting, 1):
                if match := _HELD_NAME.fullmatch(file.name):
                    try:
                        self._put_away(match[2], self._held.take(file.name), int(match[1]), file.time)
                    except ShelfError as error:
                        self._notice(error)
                        return
                self._held.remove(file.name)
                self._count(waiting[number:])

    def time(self, run: str, suffix: str, owner: int) -> float | None:
        """Return the time of a file of the run, on either shelf; None where there is none."""
        for shelf, name in ((self._archive, run + suffix), (self._held, f"{owner}.{run}{suffix}")):
            with suppress(ShelfError):
                time = shelf.time(name)
                if time is not None:
                    return time
        return None

    def run_name(self, job_id: int, restart: int | None, started: float | None, owner: int) -> str:
        """Return the name of the run that began then; None is for the newest run with that id.

        Slurm's job ids begin anew after MaxJobId: files that are older than the run are those of another one, and stay.
        """
        era = 0
        while (newest := self._newest(run := names.run_name(job_id, restart, era), owner)) is not None:
            if started is not None and newest >= started - _ANOTHER_RUN_SECONDS:
                return run
            era += 1
        return run if started is not None else names.run_name(job_id, restart, max(era - 1, 0))

    def _newest(self, run: str, owner: int) -> float | None:
        times = (self.time(run, suffix, owner) for suffix in names.SUFFIXES)
        return max((time for time in times if time is not None), default=None)

    def _put_away(self, name: str, content: bytes, owner: int, time: float) -> None:
        if not self._archive.put(name, content, owner, time):
            if not self.unreadable:
                log.warning(
                    "%s cannot let owners of jobs read their files; see --readers in job-archive --help",
                    self._archive.path,
                )
            self.unreadable += 1
        if not self.usable:
            log.info("%s can be written to again", self._archive.path)
        self.usable = True

    def _notice(self, error: ShelfError) -> None:
        """Say once that the archive cannot be written to."""
        if self.usable:
            log.error("%s; files are held in %s for now", error, self._held.path)
        self.usable = False

    def _count(self, held: list[Kept]) -> None:
        self.held_files = len(held)
        self.held_bytes = sum(file.size for file in held)
