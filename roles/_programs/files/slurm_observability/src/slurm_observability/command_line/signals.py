"""Wait for the signal that ends a program."""

from __future__ import annotations

import os
import signal
from types import FrameType


class EndSignal:
    """Catches SIGTERM and SIGINT from the moment that it is made, in the main thread."""

    def __init__(self) -> None:
        # Not an Event: a signal that comes while the main thread is about to wait for one is noticed only after the
        # wait.
        self._signalled, self._on_signal = os.pipe()
        os.set_blocking(self._on_signal, False)
        signal.set_wakeup_fd(self._on_signal)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, _pass)

    def wait(self) -> None:
        """Return when a signal has come, or the program is told to end."""
        os.read(self._signalled, 1)

    def end(self) -> None:
        """End the program, as a signal does. From any thread."""
        os.write(self._on_signal, b"\0")


def _pass(number: int, frame: FrameType | None) -> None:
    """Do nothing: the interpreter has written to the file of set_wakeup_fd."""
