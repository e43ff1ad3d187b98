"""What happens to old files: packed by weeks, and one day removed.

A run's files become one ``weeks/2026-W46/job_7.tar.gz``, which whoever might read the files can read. It is in a folder
of its own because log collectors read whatever lies in the archive itself.
"""

from __future__ import annotations

import io
import logging
import os
import tarfile
import time
import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import NamedTuple

from . import access
from .names import parse_name
from .shelf import UNFINISHED, Kept, Shelf, ShelfError

log = logging.getLogger(__name__)

WEEKS = "weeks"
_PACKED = ".tar.gz"
_DAY = 86_400.0
# A file that was not whole after a day never will be.
_UNFINISHED_SECONDS = _DAY


# What the owner of a file has made larger than any that the archive writes is not read into memory.
_MOST_BYTES = 128 << 20

# The content of a file, and its time in seconds since 1970.
_Member = tuple[bytes, float]


@dataclass(frozen=True)
class Limits:
    """Ages in days, size in bytes; 0 in ``keep_days`` and ``keep_bytes`` is no limit."""

    pack_after: int
    keep_days: int
    keep_bytes: int


@dataclass
class Done:
    """What was done: runs packed, files removed, bytes that are left."""

    packed: int = 0
    removed: int = 0
    bytes_kept: int = 0


class _Old(NamedTuple):
    """A file that may have to go."""

    time: float
    path: Path
    size: int


def tidy(archive: Path, limits: Limits, readers: str, now: float | None = None) -> Done:
    """Pack and remove. Killed at any moment, it loses nothing, and the next one goes on. Raises ShelfError.

    ``readers`` is how owners get to read what is packed (access.CHOICES). ``now`` is in seconds since 1970.
    """
    now = time.time() if now is None else now
    done = Done()
    shelf = Shelf(archive, 0.0, readers)
    for run, files in _runs(shelf.files()):
        if max(map(_age_from, files)) < now - limits.pack_after * _DAY:
            try:
                _pack(archive, run, files, readers)
                done.packed += 1
            except (OSError, EOFError, tarfile.TarError, zlib.error, ShelfError) as error:
                log.error("%s is not packed: %s", run, error)
    _remove(archive, limits, now, done)
    return done


def _age_from(file: Kept) -> float:
    """Return the time of a file: not one of the future, to which its owner may have set it."""
    return min(file.time, file.changed)


def _runs(files: Iterable[Kept]) -> Iterator[tuple[str, list[Kept]]]:
    runs = defaultdict(list)
    for file in files:
        if name := parse_name(file.name):
            runs[name.run].append(file)
    yield from runs.items()


def _pack(archive: Path, run: str, files: Sequence[Kept], readers: str) -> None:
    """Make one file of a run's. One that is there, from a tidying that was killed or for a late output, is added to."""
    newest = max(map(_age_from, files))
    week = archive / WEEKS / datetime.fromtimestamp(newest, timezone.utc).strftime("%G-W%V")
    _make_folders(week.parent, week)
    packed = week / f"{run}{_PACKED}"
    members = {**_members(packed), **{file.name: _member(archive, file) for file in files}}
    owners = (access.owner(archive / file.name) for file in files)
    owner = next((uid for uid in owners if uid is not None), os.geteuid())
    Shelf(week, 0.0, readers).put(packed.name, _tar(members), owner, newest)
    for file in files:
        (archive / file.name).unlink(missing_ok=True)


def _member(archive: Path, file: Kept) -> _Member:
    if file.size > _MOST_BYTES:
        raise ShelfError(f"{file.name} has {file.size} bytes: somebody has written to it")
    access.restore(archive / file.name)
    return (archive / file.name).read_bytes(), _age_from(file)


def _make_folders(*folders: Path) -> None:
    # Owners of jobs may pass, and only the group may look around.
    before = os.umask(0o026)
    try:
        for folder in folders:
            folder.mkdir(exist_ok=True)
    finally:
        os.umask(before)


def _members(packed: Path) -> dict[str, _Member]:
    """Return the files in a packed one, none where there is none."""
    members: dict[str, _Member] = {}
    with suppress(FileNotFoundError), tarfile.open(packed, "r:gz") as tar:
        for member in tar:
            if (content := tar.extractfile(member)) is not None:
                members[member.name] = content.read(), float(member.mtime)
    return members


def _tar(members: Mapping[str, _Member]) -> bytes:
    result = io.BytesIO()
    with tarfile.open(fileobj=result, mode="w:gz") as tar:
        for name, (content, mtime) in members.items():
            member = tarfile.TarInfo(name)
            member.size, member.mtime, member.mode = len(content), int(mtime), 0o640
            tar.addfile(member, io.BytesIO(content))
    return result.getvalue()


def _remove(archive: Path, limits: Limits, now: float, done: Done) -> None:
    """Remove what is too old, and the oldest of what is too much."""
    kept = sorted(_everything(archive, now))
    done.bytes_kept = sum(old.size for old in kept)
    for old in kept:
        too_old = limits.keep_days and old.time < now - limits.keep_days * _DAY
        if not too_old and not (limits.keep_bytes and done.bytes_kept > limits.keep_bytes):
            break
        with suppress(OSError):
            old.path.unlink()
            done.removed += 1
            done.bytes_kept -= old.size
    for week in (archive / WEEKS).glob("*"):
        with suppress(OSError):  # it is not empty
            week.rmdir()


def _everything(archive: Path, now: float) -> Iterator[_Old]:
    """Yield the archive's files, without those that are being written; remove what will never be whole."""
    for folder in (archive, *(archive / WEEKS).glob("*")):
        latest = _end_of_week(folder.name)
        with os.scandir(folder) as entries:
            for entry in entries:
                path, status = Path(entry.path), entry.stat(follow_symlinks=False)
                if entry.name.startswith(UNFINISHED):
                    if status.st_mtime < now - _UNFINISHED_SECONDS:
                        path.unlink(missing_ok=True)
                elif parse_name(entry.name) or entry.name.endswith(_PACKED):
                    yield _Old(min(status.st_mtime, status.st_ctime, latest), path, status.st_size)


def _end_of_week(name: str) -> float:
    """Return when the week of a folder ended, in seconds since 1970: nothing in it is newer. Infinite for any other."""
    try:
        return datetime.strptime(f"{name}-7", "%G-W%V-%u").replace(tzinfo=timezone.utc).timestamp() + _DAY
    except ValueError:
        return float("inf")
