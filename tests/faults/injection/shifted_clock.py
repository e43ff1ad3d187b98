"""Run azslurm-exporter with a clock that is wrong by the seconds in a file: python -m injection.shifted_clock FILE ...

Only the calendar's clock: the monotonic one does not jump on a real machine either.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

_true_time = time.time


def shift(offset: Path) -> None:
    """Let time.time() be wrong from now on."""
    time.time = lambda: _true_time() + float(offset.read_text())


if __name__ == "__main__":
    shift(Path(sys.argv.pop(1)))
    from slurm_observability.exporter.cli import main

    sys.exit(main())
