"""Why a run ended, as one sentence without a full stop."""

from __future__ import annotations

import signal
from collections.abc import Sequence

from ...jobs.sample import JobSample
from .. import states
from ..run import Run

# Shells say by an exit code above this that a signal ended their command.
SHELL_SIGNAL = 128

_SENTENCES = {
    states.NODE_FAIL: "a node failed",
    states.PREEMPTED: "preempted by another job",
    states.DEADLINE: "its deadline passed",
    states.BOOT_FAIL: "a node did not boot",
    states.REVOKED: "revoked: a sibling of it runs in another cluster",
    states.REQUEUED: "requeued",
    states.CANCELLED: "cancelled",
    states.ENDED_SOMEHOW: "it ended with exit code 0; Slurm did not say how",
    states.UNKNOWN: "nobody reported its end",
}


def why_ended(run: Run, newest: Sequence[JobSample]) -> str:
    """Return why a run ended. ``newest`` are the last samples of it, one for each node that sent any."""
    killed = _out_of_memory(newest)
    if run.state == states.OUT_OF_MEMORY:
        return killed or "out of memory"
    if run.state == states.TIMEOUT:
        return "time limit" + (f" {duration(run.time_limit)}" if run.time_limit else "")
    if run.state == states.FAILED:
        return "; ".join(filter(None, (_failure(run), killed)))
    if run.state == states.COMPLETED:
        step = run.derived_exit_code
        ended = "completed" + (f"; a step of it ended with exit code {step}" if step else "")
        return "; ".join(filter(None, (ended, killed)))
    return run.reason or _SENTENCES.get(run.state, run.state)


def duration(seconds: float) -> str:
    """Return a time as Slurm writes it: ``01:00:00``, ``1-00:00:00``."""
    minutes, second = divmod(int(seconds), 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    return (f"{days}-" if days else "") + f"{hour:02d}:{minute:02d}:{second:02d}"


def size(count: int) -> str:
    """Return an amount of memory for people: ``3.2 GiB``."""
    value, unit = float(count), "B"
    for larger in ("KiB", "MiB", "GiB", "TiB"):
        if value < 1024:
            break
        value, unit = value / 1024, larger
    return f"{value:.1f} {unit}" if unit != "B" else f"{count} B"


def _failure(run: Run) -> str:
    if run.exit_signal:
        return f"signal {_named(run.exit_signal)}"
    if run.exit_code:
        shown = f"exit code {run.exit_code}"
        by_signal = run.exit_code - SHELL_SIGNAL
        return f"{shown} (signal {_named(by_signal)} in a shell)" if 0 < by_signal < signal.NSIG else shown
    return f"failed: {run.reason}" if run.reason else "failed; Slurm does not say why"


def _named(number: int) -> str:
    try:
        return f"{number} ({signal.Signals(number).name})"
    except ValueError:
        return str(number)


def _out_of_memory(newest: Sequence[JobSample]) -> str:
    places = []
    for sample in newest:
        if sample.oom_kills:
            place = f"on {sample.node}"
            if sample.memory_peak_bytes is not None and sample.memory_limit_bytes is not None:
                place += f" at {size(sample.memory_peak_bytes)} of {size(sample.memory_limit_bytes)}"
            places.append(place)
    return f"out of memory {', '.join(places)}" if places else ""
