"""A script of the site's, with the exit status of a Nagios plugin: 0 is well, 1 a warning, 2 critical."""

from __future__ import annotations

from collections.abc import Iterator

from ..answers import Answer
from ..check import Check, Status

SOURCE = "script"


def read(name: str, answer: Answer) -> Iterator[Check]:
    """Yield the one check. Its message is the first line, without the performance data behind the bar."""
    known = 0 <= answer.exit_status <= 3
    said = answer.text.partition("\n")[0].partition("|")[0]
    yield Check(SOURCE, name, Status(answer.exit_status) if known else Status.UNKNOWN, said)
