"""Writes hours of samples into the blocks of a Prometheus."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from pathlib import Path

from tests import prometheus

from .cluster import Cluster, Labels

BLOCK_S = 7200  # as Prometheus cuts its blocks
PATTERNS = 16  # courses of values; series take them in turn
# What is zero on a cluster where nothing is wrong.
QUIET = re.compile(
    r"ECC|REMAP|RETIRED|XID|HEALTH|CLOCKS_EVENT|REPLAY|RECOVERY|BER_FLOAT|VIOLATION"
    r"|ecc|remap|repair|xid|health|errors|_errs_|_drop_|failed|link_downed|oom_kill|_down$|_drain$|readonly"
    r"|without_process|timex_offset|slurm_node_gpus"
)


def write(cluster: Cluster, names: Iterable[str], data: Path, *, start: int, end: int, step: int) -> int:
    """Write the series of these metrics, from start to before end. Returns how many samples were written."""
    names = sorted(names)
    written = 0
    samples = data.with_name("samples")
    while start < end:
        until = min(end, (start // BLOCK_S + 1) * BLOCK_S)
        times = range(-(-start // step) * step, until, step)
        with samples.open("w") as file:
            for name in names:
                courses = [_course(name, pattern, times) for pattern in range(PATTERNS)]
                for number, labels in enumerate(cluster.series(name)):
                    # One call writes a series: its name and labels stand before each value.
                    head = text(name, labels) + " "
                    file.write(head + head.join(courses[number % PATTERNS]))
                    written += len(times)
            file.write("# EOF\n")
        prometheus.fill(data, samples)
        start = until
    samples.unlink(missing_ok=True)
    return written


def text(name: str, labels: Labels) -> str:
    """A series as it is written in a page of metrics."""
    pairs = ",".join(f'{key}="{value}"' for key, value in labels.items())
    return f"{name}{{{pairs}}}"


def value(name: str, pattern: int) -> Callable[[int], float]:
    """The value of a metric by the time: a counter rises, a ratio is below 1, a flag is set, an error is 0."""
    if QUIET.search(name):
        return lambda time: 0
    if name.endswith(("_total", ":total", "_bucket")):
        return lambda time: (time % 1_000_000) * (1 + pattern)
    if name.endswith((":bool", "_info", ":info", "_up", "up")):
        return lambda time: 1
    scale = 1 if "ratio" in name or "_PROF_" in name else 80 if "TEMP" in name else 100
    return lambda time: round(scale * (0.5 + 0.49 * math.sin(time / 900 + pattern)), 3)


def _course(name: str, pattern: int, times: range) -> list[str]:
    at = value(name, pattern)
    return [f"{at(time)} {time}\n" for time in times]
