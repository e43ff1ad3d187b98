"""Reads the small files by which the kernel tells of processes, control groups and the machine."""

from __future__ import annotations

import errno
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

# A cgroup.procs with a hundred thousand processes has less.
MAX_BYTES = 1 << 20
_PIECE = 1 << 16

# The control group or the process is gone: that is how they end, and no fault. ENODEV is what an open file of a control
# group says then, ESRCH one of a process.
GONE = (errno.ENOENT, errno.ENODEV, errno.ESRCH, errno.ENOTDIR)


class KernelFiles:
    """Reads files, and counts those that are there and cannot be read, by name."""

    def __init__(self) -> None:
        self.unreadable: Counter[str] = Counter()

    def text(self, path: str | Path) -> str | None:
        """Return what a file says, or None when it is not there or cannot be read."""
        try:
            return self._bytes(path).decode(errors="replace")
        except OSError as error:
            self._note(path, error)
            return None

    def number(self, path: str | Path) -> int | None:
        """Return the number that a file holds. ``max``, for no limit, is None."""
        text = self.text(path)
        if text is None or text.strip() == "max":
            return None
        return self.parsed(path, text.strip())

    def numbers(self, path: str | Path) -> dict[str, int]:
        """Return the numbers of a file with a ``KEY NUMBER`` on each line; what does not look so is passed over."""
        return {key: int(value) for key, value in map(_pair, self.lines(path)) if _is_number(value)}

    def lines(self, path: str | Path) -> list[str]:
        """Return the lines of a file; none when it is not there or cannot be read."""
        return (self.text(path) or "").splitlines()

    def parsed(self, path: str | Path, text: str) -> int | None:
        """Return a number that was read from the file, or count it as unreadable."""
        if _is_number(text):
            return int(text)
        self.unreadable[Path(path).name] += 1
        return None

    def directories(self, path: str | Path) -> Iterator[os.DirEntry[str]]:
        """Yield the directories in a directory, none when it is not there or cannot be read. Links are not followed."""
        try:
            with os.scandir(path) as entries:
                yield from [entry for entry in entries if entry.is_dir(follow_symlinks=False)]
        except OSError as error:
            self._note(path, error)

    def pids(self, group: str | Path) -> list[int]:
        """Return the processes that are in a control group itself, and not in one below it."""
        return [int(line) for line in self.lines(f"{group}/cgroup.procs") if _is_number(line)]

    def owner(self, path: str | Path) -> int | None:
        """Return the id of the user that a file or a directory belongs to, None where it is not there."""
        try:
            return Path(path).lstat().st_uid
        except OSError as error:
            self._note(path, error)
            return None

    @staticmethod
    def _bytes(path: str | Path) -> bytes:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            pieces = []
            room = MAX_BYTES
            while room > 0 and (piece := os.read(file, min(room, _PIECE))):
                pieces.append(piece)
                room -= len(piece)
            return b"".join(pieces)
        finally:
            os.close(file)

    def _note(self, path: str | Path, error: OSError) -> None:
        if error.errno not in GONE:
            self.unreadable[Path(path).name] += 1


def _pair(line: str) -> tuple[str, str]:
    key, _space, value = line.partition(" ")
    return key, value.strip()


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 20
