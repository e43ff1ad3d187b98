"""The directory of results: a file ``CHECK.FORMAT`` for the last run of each active check, as its tool printed it.

Who runs the checks writes there, and may be a user without rights: a file is what its reader makes of it, and no more.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from ..answers import read_end
from ..check import Unreadable
from . import dcgm_diag, nccl
from .result import Result

log = logging.getLogger(__name__)

MAX_FILES = 50
FORMATS: dict[str, Callable[[str, str], Iterable[Result]]] = {nccl.FORMAT: nccl.read, dcgm_diag.FORMAT: dcgm_diag.read}

_FILE = re.compile(rf"([a-z0-9_]{{1,40}})\.({'|'.join(FORMATS)})", re.ASCII)


class Run(NamedTuple):
    """The results of one run, and when it ended, in seconds since 1970."""

    time: float
    results: tuple[Result, ...]


def runs(directory: Path, now: float) -> Iterator[Run]:
    """Yield the last run of each check. A time that lies ahead is taken for now."""
    try:
        names = sorted(path.name for path in directory.iterdir() if _FILE.fullmatch(path.name))
    except OSError as error:
        log.warning("%s cannot be read: %s", directory, error.strerror or error)
        return
    if len(names) > MAX_FILES:
        log.warning("%s has %d results; the first %d are read", directory, len(names), MAX_FILES)
    for name in names[:MAX_FILES]:
        check, kind = name.rsplit(".", 1)
        try:
            file = read_end(directory / name)
        except Unreadable as error:
            log.warning("%s", error)
            continue
        yield Run(min(file.time, now), tuple(FORMATS[kind](check, file.text)))
