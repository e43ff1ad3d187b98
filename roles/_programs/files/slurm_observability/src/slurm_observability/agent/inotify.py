"""The kernel's notes of what happens to files (inotify(7)), which Python's library lacks."""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Iterator
from typing import NamedTuple

MODIFIED = 0x2
CREATED = 0x100
FORGOTTEN = 0x8000

_HEAD = struct.Struct("iIII")
_BUFFER_BYTES = 1 << 16


class Note(NamedTuple):
    """Something happened to what is watched under this number; ``name`` is that of an entry of a directory."""

    watch: int
    what: int
    name: str


class Inotify:
    """Watches files and directories. Raises OSError where the kernel has no more of them to give."""

    def __init__(self) -> None:
        self._library = ctypes.CDLL(None, use_errno=True)
        self._file = -1
        self._file = self._checked(self._library.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC))

    def fileno(self) -> int:
        """Return what can be waited for."""
        return self._file

    def watch(self, path: str, what: int) -> int:
        """Watch a path, and return the number of the watch: the same for the same file. Raises OSError."""
        return self._checked(self._library.inotify_add_watch(self._file, os.fsencode(path), what))

    def notes(self) -> Iterator[Note]:
        """Yield what happened since the last call. Waits for nothing."""
        try:
            data = os.read(self._file, _BUFFER_BYTES)
        except BlockingIOError:
            return
        place = 0
        while place < len(data):
            watch, what, _cookie, length = _HEAD.unpack_from(data, place)
            place += _HEAD.size + length
            yield Note(watch, what, os.fsdecode(data[place - length : place].rstrip(b"\0")))

    def __del__(self) -> None:
        """Give it back to the kernel, which has few for each user."""
        if self._file >= 0:
            os.close(self._file)

    @staticmethod
    def _checked(result: int) -> int:
        if result < 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
        return result
