"""How much the made-up GPUs do, and the energy that they take for it."""

from __future__ import annotations

import math
import os
import threading
from pathlib import Path
from typing import Any

from .fields import FIELDS, Load

JOB_MAP = Path(os.environ.get("DCGM_STAND_IN_JOB_MAP", "/run/slurm-observability/gpu-jobs"))


class Meter:
    """Knows what each GPU does at each moment that it is asked for. Energy is counted from one question to the next."""

    def __init__(self) -> None:
        self._asked: dict[int, tuple[float, float]] = {}
        self._lock = threading.Lock()

    def load(self, index: int, known: dict[str, Any], now: float) -> Load:
        """Return what a GPU does, by its part of the state."""
        level = _level(index, now) * known.get("load", 1) if has_job(index) else 0.0
        with self._lock:
            before, millijoules = self._asked.get(index, (now, 0.0))
            watts = float(FIELDS["DCGM_FI_DEV_POWER_USAGE"].healthy(Load(level)))
            millijoules += max(0.0, now - before) * watts * 1000
            self._asked[index] = now, millijoules
        return Load(level, int(millijoules))


def _level(index: int, now: float) -> float:
    """Between 0.9 and 1, up and down over some minutes, at each GPU a little later."""
    return 0.95 + 0.05 * math.sin(now / 60 + index)


def has_job(index: int) -> bool:
    """Return whether the map of the hooks has a job on a GPU."""
    try:
        return bool((JOB_MAP / str(index)).read_text().split())
    except OSError:
        return False
