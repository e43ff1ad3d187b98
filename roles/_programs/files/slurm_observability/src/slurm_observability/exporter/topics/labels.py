"""Label values that people chose, cut to a length fit for a label."""

from __future__ import annotations

from functools import lru_cache

from ...slurm.command import one_line

LABEL_LENGTH = 128


# Many jobs and nodes share these texts.
@lru_cache(maxsize=4096)
def short_label(text: str) -> str:
    """Return the text on one line, without control characters; dots end one that was cut."""
    return one_line(text, LABEL_LENGTH)
