"""Wakes a thread that waits for files."""

from __future__ import annotations

import os


class Waker:
    """A file that can be read once it was woken. :meth:`wake` may be called from any thread, as often as wanted."""

    def __init__(self) -> None:
        self._file = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)

    def fileno(self) -> int:
        """Return what can be waited for."""
        return self._file

    def wake(self) -> None:
        """Make the file readable."""
        os.eventfd_write(self._file, 1)

    def clear(self) -> None:
        """Make it unreadable until the next time."""
        os.eventfd_read(self._file)

    def __del__(self) -> None:
        """Close the file when nobody can wake it any more."""
        os.close(self._file)
