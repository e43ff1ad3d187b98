"""The directory that hooks write their events to, one file an event.

A file is written as ``.tmp.PID.RANDOM`` and then renamed to ``MICROSECONDS.JOB.KIND.PID.event``, so that names sort by
time. Whoever reads it removes it when it is done with, or moves it to ``refused/`` where nobody can use it.
"""

from __future__ import annotations

import heapq
import itertools
import os
import re
import shutil
import stat
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from .event import KINDS, JobEvent
from .hook_event import record_of
from .hook_record import RecordError, read_record, write_record

# Longer than any record: Linux gives a variable 128 KiB, and users choose only some of them.
MAX_RECORD_BYTES = 1 << 20
MAX_REFUSED_FILES = 1000
MAX_REFUSED_BYTES = 16 << 20
# File systems note a change with the clock's tick: one in the same tick as the last look could be missed.
_TICK_NANOSECONDS = 50_000_000

_SUFFIX, _TEMPORARY, _REFUSED = ".event", ".tmp.", "refused"
_NAME = re.compile(rf"(\d{{16}})\.(\d{{1,10}})\.({'|'.join(KINDS)})\.(\d{{1,10}})\.event", re.ASCII)


class EventName(NamedTuple):
    """What the name of a file says. ``microseconds`` since 1970."""

    microseconds: int
    job_id: int
    kind: str


class Listing(NamedTuple):
    """What the directory holds: the oldest events of a ``total``, and files that are being written."""

    events: list[str]
    total: int
    temporary: list[str]


def parse_name(name: str) -> EventName | None:
    """Return what a name says; None where it is none of an event."""
    match = _NAME.fullmatch(name)
    return EventName(int(match[1]), int(match[2]), match[3]) if match else None


class Spool:
    """One spool. Methods raise OSError where the file system does; a file that has gone is no error.

    ``errors`` is how to decode what is no UTF-8: ``surrogateescape`` keeps paths of files as they are.
    """

    def __init__(self, directory: Path, errors: str = "replace") -> None:
        self.directory = directory
        self._errors = errors
        self.refused = directory / _REFUSED
        self._seen: tuple[int, int] | None = None
        self._numbers = itertools.count()

    def changed(self) -> bool:
        """Return whether the directory may hold something that the last :meth:`look` did not show. Costs one stat."""
        return self._stamp() != self._seen

    def look(self, limit: int) -> Listing:
        """Return the oldest events, and the oldest files that are being written, at most ``limit`` of each."""
        stamp = self._stamp()
        # What was changed just now may be changed once more under the same stamp. A stamp of the future is from before
        # the clock was set back.
        settled = abs(time.time_ns() - stamp[0]) > _TICK_NANOSECONDS if stamp else False
        temporary: list[str] = []
        counted = _Counted(self._names(temporary, limit))
        events = heapq.nsmallest(limit, counted)
        self._seen = stamp if settled else None
        return Listing(events, counted.total, temporary)

    def size(self, name: str) -> int:
        """Return the bytes that a file takes, 0 when it has gone."""
        with suppress(FileNotFoundError):
            return (self.directory / name).lstat().st_blocks * 512
        return 0

    def read(self, name: str) -> dict[str, str]:
        """Return the values of a record. Raises RecordError, or OSError when it cannot be read now."""
        descriptor = os.open(self.directory / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise RecordError("it is no file")
            if status.st_size > MAX_RECORD_BYTES:
                raise RecordError("it is too long")
            content = os.read(descriptor, status.st_size)
        finally:
            os.close(descriptor)
        return read_record(content, self._errors)

    def put(self, event: JobEvent) -> None:
        """Write an event as a hook does."""
        number = next(self._numbers)  # of two nodes on one host the events may have all else in common
        name = f"{round(event.time * 1_000_000):016}.{event.job_id}.{event.kind}.{number}{_SUFFIX}"
        temporary = self.directory / f"{_TEMPORARY}{os.getpid()}.{number}"
        try:
            temporary.write_bytes(write_record(record_of(event)))
            temporary.replace(self.directory / name)
        except OSError:
            with suppress(OSError):
                temporary.unlink()
            raise

    def adopt(self, name: str) -> None:
        """Give a complete file whose writer has left it behind the name of an event. Raises RecordError."""
        values = self.read(name)
        new = f"{values.get('TIME', '').zfill(16)}.{values.get('SLURM_JOB_ID')}.{values.get('KIND')}.0{_SUFFIX}"
        if parse_name(new) is None:
            raise RecordError("it does not say of what it is")
        with suppress(FileNotFoundError):  # its writer was only slow
            (self.directory / name).rename(self.directory / new)

    def remove(self, name: str) -> None:
        """Remove a file."""
        (self.directory / name).unlink(missing_ok=True)

    def refuse(self, name: str) -> None:
        """Move a file to where nobody reads it; of those that are there the oldest have to go."""
        self.refused.mkdir(mode=0o700, exist_ok=True)
        with suppress(FileNotFoundError):
            (self.directory / name).rename(self.refused / name)
        kept = sorted(self.refused_files().items(), reverse=True)
        total = 0
        for number, (old, size) in enumerate(kept, 1):
            total += size
            if number > MAX_REFUSED_FILES or total > MAX_REFUSED_BYTES:
                _delete(self.refused / old)

    def refused_files(self) -> Mapping[str, int]:
        """Return the names of what was refused, and the bytes that each takes; none where they cannot be read."""
        with suppress(OSError), os.scandir(self.refused) as entries:
            return {entry.name: entry.stat(follow_symlinks=False).st_blocks * 512 for entry in entries}
        return {}

    def _names(self, temporary: list[str], limit: int) -> Iterator[str]:
        with os.scandir(self.directory) as entries:
            for entry in entries:
                if entry.name.endswith(_SUFFIX):
                    yield entry.name
                elif entry.name.startswith(_TEMPORARY) and len(temporary) < limit:
                    temporary.append(entry.name)

    def _stamp(self) -> tuple[int, int] | None:
        try:
            found = self.directory.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_ino


class _Counted:
    """Passes names on, and counts them."""

    def __init__(self, names: Iterator[str]) -> None:
        self._names = names
        self.total = 0

    def __iter__(self) -> Iterator[str]:
        for name in self._names:
            self.total += 1
            yield name


def _delete(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):
            path.unlink()
