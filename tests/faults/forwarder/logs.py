"""A log that grows while it is rotated: numbered lines, or records of several lines, that can be counted at the end."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path


class Log:
    """A log and the thread that writes it, from ``start`` to ``stop``.

    ``record`` are the further lines of each record. The thread writes ``rate`` records a second.
    """

    def __init__(self, path: Path, rate: int, record: Sequence[str] = ()) -> None:
        self.path = path
        self.written = 0
        self._rate = rate
        self._record = record
        self._lock = threading.Lock()
        self._end = threading.Event()
        self._file = path.open("ab", buffering=0)
        self._thread = threading.Thread(target=self._grow, daemon=True)

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def stop(self) -> None:
        """Write no more. Returns when the last record is in the file."""
        self._end.set()
        if self._thread.is_alive():
            self._thread.join()

    def write(self, records: int) -> None:
        """Write so many records at once."""
        with self._lock:
            numbers = range(self.written, self.written + records)
            self._file.write("".join(self._text(number) for number in numbers).encode())
            self.written += records

    def rename(self) -> None:
        """Rotate as logrotate does by default: the file gets another name, and the program opens a new one."""
        with self._lock:
            old = self.path.with_suffix(".log.1")
            self.path.rename(old)
            self._file.close()
            self._file = self.path.open("ab", buffering=0)

    def copytruncate(self) -> None:
        """Rotate as logrotate does with copytruncate; no line is written between the copy and the end of the file."""
        with self._lock:
            shutil.copy(self.path, self.path.with_suffix(".log.1"))
            self._file.truncate(0)

    def _grow(self) -> None:
        while not self._end.wait(0.1):
            self.write(self._rate // 10)

    def _text(self, number: int) -> str:
        first = f"{datetime.now():%Y-%m-%d %H:%M:%S},000 record {number} of {self.path} {'.' * 60}"
        return "".join(f"{line}\n" for line in (first, *self._record))
