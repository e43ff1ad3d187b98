"""What squeue prints when it is asked with a mark: recorded lines have MARK where it stands."""

from __future__ import annotations

import re

from slurm_observability.slurm.marks import Mark

MARK = b"|MARK|"


def mark_in(option: str) -> bytes:
    """Return the mark that squeue was given with --Format."""
    match = re.search(r":(\|[\w-]{8}\|)", option)
    assert match, option
    return match[1].encode()


def marked(mark: Mark, text: bytes) -> list[bytes]:
    """Return the lines as squeue prints them when it is asked with this mark."""
    return text.replace(MARK, mark_in(mark.option(("first", "second"), ()))).split(b"\n")
