"""Processes that ask a driver, and that are never waited for: one that hangs in the driver cannot even be killed.

A process in uninterruptible sleep dies when the driver lets go of it, which may be never. So it is left behind, and
none is started beside it.
"""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress

from ...slurm.command import one_line
from .reading import ABSENT, FAILED, HANG, NONSENSE, GpuError

MAX_BYTES = 16 << 20
_PIECE = 1 << 16


class Child:
    """A process with its output. ``talks`` gives it an input too; the end of that tells the process to end."""

    def __init__(self, argv: Sequence[str], name: str = "", *, talks: bool = False) -> None:
        self.name = name or argv[0].rpartition("/")[2]
        try:
            self._process = subprocess.Popen(
                argv,
                stdin=subprocess.PIPE if talks else subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={**os.environ, "LC_ALL": "C"},
                start_new_session=True,
            )
        except OSError as error:
            raise GpuError(f"{argv[0]} cannot be run: {error.strerror or error}", ABSENT) from error

    @property
    def is_gone(self) -> bool:
        """Whether the process has ended and left nothing."""
        return self._process.poll() is not None

    def send(self, line: bytes) -> None:
        """Write to its input. If it has ended, that shows when its last words are read."""
        assert self._process.stdin is not None
        with suppress(OSError):
            self._process.stdin.write(line)
            self._process.stdin.flush()

    def line(self, seconds: float) -> bytes:
        """Return the next line of output. Raises GpuError when it does not come in time, or the process ends."""
        data = self._receive(time.monotonic() + seconds, b"\n")
        if not data.endswith(b"\n"):
            raise GpuError(f"{self.name} has ended", FAILED)
        return data

    def output(self, seconds: float) -> bytes:
        """Return all output of a process that succeeds. Raises GpuError when it fails or takes too long."""
        deadline = time.monotonic() + seconds
        data = self._receive(deadline, None)
        try:
            status = self._process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            raise GpuError(f"{self.name} did not end within {seconds:g} seconds", HANG) from None
        if status:
            reason = one_line(data.decode(errors="replace")) or "it gave no reason"
            raise GpuError(f"{self.name} failed with status {status}: {reason}", FAILED)
        return data

    def end(self) -> None:
        """Kill it, and do not wait for that."""
        if self._process.poll() is None:  # else its number may be another's
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                with suppress(OSError):
                    pipe.close()

    def _receive(self, deadline: float, until: bytes | None) -> bytes:
        assert self._process.stdout is not None
        data = bytearray()
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            while not (until and data.endswith(until)):
                if not selector.select(max(0.0, deadline - time.monotonic())):
                    raise GpuError(f"{self.name} does not answer: the driver may hang", HANG)
                piece = os.read(self._process.stdout.fileno(), _PIECE)
                if not piece:
                    break
                data += piece
                if len(data) > MAX_BYTES:
                    raise GpuError(f"{self.name} printed more than {MAX_BYTES} bytes", NONSENSE)
        return bytes(data)


class Children:
    """Starts processes, one after the other."""

    def __init__(self) -> None:
        self._last: Child | None = None

    def start(self, argv: Sequence[str], name: str = "", *, talks: bool = False) -> Child:
        """Start a process. Raises GpuError while the one before is still there."""
        if self._last and not self._last.is_gone:
            raise GpuError(f"{self._last.name} hangs in the driver, and cannot be ended", HANG)
        self._last = Child(argv, name, talks=talks)
        return self._last

    def output(self, argv: Sequence[str], seconds: float) -> str:
        """Return what a command prints. Raises GpuError when it fails or takes longer than that."""
        child = self.start(argv)
        try:
            return child.output(seconds).decode(errors="replace")
        finally:
            child.end()
