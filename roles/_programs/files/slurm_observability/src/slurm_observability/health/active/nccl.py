"""nccl-tests 2.19 and rccl-tests (2024): the end of what ``all_reduce_perf`` and its siblings print.

    # Out of bounds values : 0 OK
    # Avg bus bandwidth    : 481.52

The average is over all sizes: a test that is to be compared with a bar runs one size.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from .result import Result

FORMAT = "nccl"
UNIT = "GBps"

_NUMBER = r"(\d{1,9}(?:\.\d{1,9})?(?:e[+-]?\d{1,2})?)"
_BANDWIDTH = re.compile(rf"^# *Avg bus bandwidth *: {_NUMBER}(?: (OK|FAILED))? *$", re.MULTILINE)
_OUT_OF_BOUNDS = re.compile(r"^# *Out of bounds values *: \d{1,18} (OK|FAILED) *$", re.MULTILINE)


def read(check: str, text: str) -> Iterator[Result]:
    """Yield the one result. A test without its last lines broke off: it failed, and measured nothing."""
    bandwidths, verdicts = _BANDWIDTH.findall(text), _OUT_OF_BOUNDS.findall(text)
    if not bandwidths or not verdicts:
        yield Result(check, False)
        return
    value, verdict = bandwidths[-1]
    yield Result(check, verdicts[-1] == "OK" and verdict != "FAILED", {UNIT: float(value)})
