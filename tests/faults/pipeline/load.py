"""Real jobs all the time, and how long one of them takes to start."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import quantiles

from tests.integration.lab.support import Jobs, Lab

from .unit import OUTPUT, running

_FOLDER = Path(__file__).parent
_PROBE = "job-faults-probe"
USER = "alice"


@contextmanager
def load(lab: Lab) -> Iterator[int]:
    """Let jobs run meanwhile; afterwards the queue is empty. Gives the time of its begin, in seconds since 1970."""
    since = int(lab.run("head", "date +%s"))
    with ExitStack() as stack:
        stack.callback(_empty_the_queue, lab)
        stack.enter_context(running(lab, "head", "job-faults-load", (_FOLDER / "load.sh").read_text(), USER))
        stack.enter_context(running(lab, "head", _PROBE, (_FOLDER / "probe.sh").read_text()))
        yield since


def starts(lab: Lab) -> tuple[float, float] | None:
    """How long jobs took from submission to end in the last load: median and 95th of a hundred, in seconds.

    None where there were too few to say.
    """
    times = [int(line) / 1000 for line in lab.run("head", f"cat {OUTPUT.format(unit=_PROBE)}").split()]
    if len(times) < 2:
        return None
    twentieths = quantiles(times, n=20, method="inclusive")
    return twentieths[9], twentieths[18]


def _empty_the_queue(lab: Lab) -> None:
    """Give what is requeued a moment to run again, and cancel the rest."""
    again = "for job in $(squeue -h -t PD -o %i); do scontrol update jobid=$job StartTime=now; done"
    lab.run("head", f"{again} 2>/dev/null || true")
    time.sleep(5)
    Jobs(lab, USER).clear()
