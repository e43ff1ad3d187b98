"""A directory that files are put into whole, by nobody else, and for certain eyes."""

from __future__ import annotations

import errno
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from . import access

_MODE = 0o640
# A file that is not whole yet. The name of a run never begins so.
UNFINISHED = ".unfinished."


class ShelfError(Exception):
    """The directory cannot be used now. The message is one sentence on one line."""


class Kept(NamedTuple):
    """A file on a shelf. Its time, in seconds since 1970, is that of the event that it was written for.

    ``changed`` is when the file was last touched, by its own owner too where it was given to him.
    """

    name: str
    size: int
    time: float
    changed: float


class Shelf:
    """A directory of the archive.

    ``min_free`` is the percentage of its file system that stays free. Files belong to this process, and to the group
    of the directory where that has the setgid bit: that group, and whoever ``readers`` (access.CHOICES) lets in, read
    them. Nobody else may write to the directory, so nothing in it can be a user's link.
    """

    def __init__(self, path: Path, min_free: float, readers: str) -> None:
        self.path = path
        self._min_free = min_free
        self._readers = readers

    def put(self, name: str, content: bytes, owner: int, time: float) -> bool:
        """Write a file, or replace it. Return whether ``owner`` may read it. Raises ShelfError.

        The file has all of its content from the moment that it has its name.
        """
        with self._opened() as directory:
            self._check_room(directory, len(content))
            unfinished = f"{UNFINISHED}{name}.{secrets.token_hex(8)}"
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            try:
                descriptor = os.open(unfinished, flags, 0o600, dir_fd=directory)
                try:
                    readable = self._write(descriptor, content, owner, time)
                finally:
                    os.close(descriptor)
                os.rename(unfinished, name, src_dir_fd=directory, dst_dir_fd=directory)
            except BaseException:
                with suppress(OSError):
                    os.unlink(unfinished, dir_fd=directory)
                raise
        return readable

    def files(self) -> list[Kept]:
        """Return the whole files. Raises ShelfError."""
        found = []
        with self._opened() as directory, os.scandir(directory) as entries:
            for entry in entries:
                if entry.name.startswith(UNFINISHED) or not entry.is_file(follow_symlinks=False):
                    continue
                with suppress(FileNotFoundError):
                    status = entry.stat(follow_symlinks=False)
                    found.append(Kept(entry.name, status.st_size, status.st_mtime, status.st_ctime))
        return found

    def time(self, name: str) -> float | None:
        """Return the time of a file, None where there is none. Raises ShelfError."""
        with self._opened() as directory:
            try:
                return os.stat(name, dir_fd=directory, follow_symlinks=False).st_mtime
            except FileNotFoundError:
                return None

    def take(self, name: str) -> bytes:
        """Return the content of a file. Raises ShelfError."""
        with self._opened() as directory:
            descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=directory)
            with os.fdopen(descriptor, "rb") as file:
                return file.read()

    def remove(self, name: str) -> None:
        """Remove a file. Raises ShelfError."""
        with self._opened() as directory, suppress(FileNotFoundError):
            os.unlink(name, dir_fd=directory)

    def _write(self, descriptor: int, content: bytes, owner: int, time: float) -> bool:
        left = memoryview(content)
        while left:
            left = left[os.write(descriptor, left) :]
        os.fchmod(descriptor, _MODE)
        os.utime(descriptor, (time, time))
        readable = access.grant(self._readers, descriptor, owner)
        os.fsync(descriptor)
        return readable

    def _check_room(self, directory: int, length: int) -> None:
        status = os.fstatvfs(directory)
        free = max(0, status.f_bavail * status.f_frsize - length)
        if status.f_blocks and free * 100 < status.f_blocks * status.f_frsize * self._min_free:
            raise ShelfError(f"less than {self._min_free:g} % of the file system of {self.path} is free")

    @contextmanager
    def _opened(self) -> Iterator[int]:
        """Open the directory, and turn what goes wrong in it into ShelfError."""
        try:
            directory = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                status = os.fstat(directory)
                if status.st_uid != os.geteuid() or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
                    raise ShelfError(
                        f"{self.path} has to belong to the archive's user, and nobody else may write to it"
                    )
                yield directory
            finally:
                os.close(directory)
        except OSError as error:
            reason = os.strerror(error.errno) if error.errno else str(error)
            hint = "; create it first" if error.errno == errno.ENOENT else ""
            raise ShelfError(f"{self.path} cannot be used ({reason}{hint})") from error
