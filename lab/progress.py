"""Says on standard error what is being done and how long it has taken."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Iterator

# A step that takes longer than this says that it is still at work, once per interval.
_STILL_AT_WORK_S = 15.0
_START = time.monotonic()


def say(text: str) -> None:
    """Print one line with the seconds since the command began."""
    print(f"[{time.monotonic() - _START:6.1f} s] {text}", file=sys.stderr, flush=True)


@contextlib.contextmanager
def step(text: str) -> Iterator[None]:
    """Announce a step, repeat it every 15 s while it lasts."""
    say(text)
    began = time.monotonic()
    finished = threading.Event()

    def remind() -> None:
        while not finished.wait(_STILL_AT_WORK_S):
            say(f"  … {text} ({time.monotonic() - began:.0f} s)")

    reminder = threading.Thread(target=remind, daemon=True)
    reminder.start()
    try:
        yield
    finally:
        finished.set()
        reminder.join()
