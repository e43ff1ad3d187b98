"""The checkers of this node: those that are installed, found and not assumed."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from ..moment import Moment
from .adapters import dcgm, healthagent, nhc, script
from .answers import Answer, Runner, read_end
from .check import ANSWER, Check, NotInUse, Report, Status, Unreadable, tidy

log = logging.getLogger(__name__)

SOURCES = (healthagent.SOURCE, nhc.SOURCE, nhc.AZNHC, dcgm.SOURCE, script.SOURCE)


class Found(NamedTuple):
    """What a checker answered, and when it looked, where that was not now."""

    checks: Iterable[Check]
    time: float | None = None


class Checker(NamedTuple):
    """One checker, and how it is asked. Asking raises Unreadable and NotInUse."""

    source: str
    ask: Callable[[Runner], Found]


def installed(
    sources: Sequence[str], aznhc_log: Path | None = None, scripts: Mapping[str, Sequence[str]] | None = None
) -> Iterator[Checker]:
    """Yield those of the sources that this node has."""
    if healthagent.SOURCE in sources and Path(healthagent.BELONGS_TO).is_dir():
        yield _program(healthagent.SOURCE, (healthagent.PROGRAM, *healthagent.ARGUMENTS), healthagent.read)
    if nhc.SOURCE in sources and shutil.which(nhc.PROGRAM):
        yield _program(nhc.SOURCE, (nhc.PROGRAM, *nhc.ARGUMENTS), nhc.read)
    if nhc.AZNHC in sources and aznhc_log is not None and aznhc_log.exists():
        yield Checker(nhc.AZNHC, partial(_read_aznhc, aznhc_log))
    if dcgm.SOURCE in sources and shutil.which(dcgm.PROGRAM):
        yield _program(dcgm.SOURCE, (dcgm.PROGRAM, *dcgm.ARGUMENTS), dcgm.read)
    if script.SOURCE in sources and scripts:
        yield Checker(script.SOURCE, partial(_run_scripts, scripts))


def report(checker: Checker, runner: Runner, clock: Callable[[], Moment]) -> Report | None:
    """Ask a checker. None for one that was not told to check anything."""
    begun = clock()
    time = begun.wall
    try:
        found = checker.ask(runner)
        checks = tidy((*found.checks, Check(*ANSWER, Status.OK)))
        time = found.time or time
    except NotInUse as reason:
        log.info("%s: %s", checker.source, reason)
        return None
    except Unreadable as error:
        log.warning("%s: %s", checker.source, error)
        checks = (Check(*ANSWER, Status.UNKNOWN, str(error)),)
    return Report(checker.source, time, clock().steady - begun.steady, checks)


def _program(source: str, argv: Sequence[str], read: Callable[[Answer], Iterable[Check]]) -> Checker:
    return Checker(source, lambda runner: Found(read(runner.ask(argv))))


def _read_aznhc(path: Path, _runner: Runner) -> Found:
    written = read_end(path)
    return Found(nhc.read_aznhc(written.text), written.time)


def _run_scripts(scripts: Mapping[str, Sequence[str]], runner: Runner) -> Found:
    return Found([check for name, argv in scripts.items() for check in _run_script(name, argv, runner)])


def _run_script(name: str, argv: Sequence[str], runner: Runner) -> Iterator[Check]:
    """One script that hangs or is missing says nothing about the others."""
    try:
        yield from script.read(name, runner.ask(argv))
    except Unreadable as error:
        yield Check(script.SOURCE, name, Status.UNKNOWN, str(error))
