"""A moment, by both clocks."""

from __future__ import annotations

import time
from typing import NamedTuple


class Moment(NamedTuple):
    """``wall`` is in seconds since 1970; ``steady`` only goes forward, and is for what lies between two moments."""

    wall: float
    steady: float


def moment() -> Moment:
    """Return the present moment."""
    return Moment(time.time(), time.monotonic())
