"""Read the accounting database: one bounded sacct, every run of every job it selects."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from .command import SlurmError, SlurmRunner
from .states import FINISHED_JOB_STATES
from .tres import Tres, parse_tres

# States in which slurmdbd stores a run that has ended. Asked for by name, sacct selects by the time of the end; asked
# for none, it selects the runs that were eligible and not ended before the window.
ENDED_STATES = tuple(sorted(FINISHED_JOB_STATES | {"REQUEUED", "RESIZING"}))

_SACCT = ("sacct", "--allusers", "--allocations", "--duplicates", "--noheader", "--parsable2", "--noconvert")
_FIELDS = "JobIDRaw,Submit,Eligible,Start,End,ElapsedRaw,State,AllocTRES,Partition"

# Slurm prints Unknown, None or 0 for a time that is not set.
_TIME = rb"(?:([1-9]\d{0,11})|0|[A-Z][a-z]+)"
# A line's end, from the state on, is the same in many lines. So many of them are kept with what they mean.
_KNOWN_KINDS = 1 << 15


class RunKind(NamedTuple):
    """What many runs have in common. ``user`` and ``account`` are empty unless they were asked for.

    ``partition`` is a list with commas while the run waits for several, and stays one when it never begins.
    """

    state: str
    partition: str
    allocated: Tres = Tres()
    user: str = ""
    account: str = ""


class Run(NamedTuple):
    """One run of a job: a row of the accounting database. Times in seconds since 1970, None where there is none yet.

    ``job_id`` and ``submit`` name the run: slurmdbd's own table allows each pair once. A job that is requeued gets a
    new time of submission, a later one even when the second is the same; so does each piece of a job that is resized.
    ``elapsed`` is in seconds, without the time for which the job was suspended.
    """

    job_id: int
    submit: int
    eligible: int | None
    start: int | None
    end: int | None
    elapsed: int
    kind: RunKind

    @property
    def has_begun(self) -> bool:
        """Whether it was ever given resources. Slurm 22.05 says a start too of what was cancelled while it waited."""
        return self.start is not None and self.kind.allocated.cpus > 0


@dataclass
class RunReader:
    """Runs sacct. Counts the lines that are no run, which it passes over.

    ``labels`` may name ``user`` and ``account``. Without AccountingStorageEnforce an account is whatever the user
    typed, line breaks included. So it is asked for only by name, stands last, and the fields are then separated by
    what nobody can guess.
    """

    runner: SlurmRunner
    labels: Sequence[str] = ()
    rejected_lines: int = 0
    _parse: Callable[[bytes], Run | None] = field(init=False)
    _command: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        typed = "account" in self.labels
        delimiter = f"\x1f{secrets.token_hex(4)}\x1f" if typed else "\x1f"
        fields = ",".join([_FIELDS, *(["User"] if "user" in self.labels else []), *(["Account"] if typed else [])])
        self._command = (*_SACCT, f"--delimiter={delimiter}", f"--format={fields}")
        self._parse = run_parser(delimiter.encode(), self.labels)

    def ended(self, start: int, end: int) -> Iterator[Run]:
        """Yield the runs that ended from ``start`` to ``end``, both included. Raises SlurmError."""
        return self._read(start, end, f"--state={','.join(ENDED_STATES)}")

    def active(self, start: int, end: int) -> Iterator[Run]:
        """Yield the runs that became eligible before ``end`` and had not ended before ``start``. Raises SlurmError."""
        return self._read(start, end)

    def _read(self, start: int, end: int, *options: str) -> Iterator[Run]:
        parse = self._parse
        good = bad = 0
        for chunk in self.runner.lines([*self._command, f"--starttime=uts{start}", f"--endtime=uts{end}", *options]):
            for line in chunk:
                run = parse(line)
                if run is None:
                    bad += 1
                else:
                    good += 1
                    yield run
        self.rejected_lines += bad
        if bad and not good:
            raise SlurmError(f"sacct printed {bad} lines, and none of them is a job")


def run_parser(delimiter: bytes, labels: Sequence[str] = ()) -> Callable[[bytes], Run | None]:
    """Return what makes a run of one line of sacct, or None when it is not one.

    ``CANCELLED by 1000`` is ``CANCELLED``; ``?`` is a state that this sacct has no word for.
    """
    between = re.escape(delimiter)
    text = rb"([^\x1f]*)"
    times = [rb"(\d{1,12})", _TIME, _TIME, _TIME, rb"(\d{1,12})"]
    user = [text] if "user" in labels else []
    account = [rb"(.*)"] if "account" in labels else []
    match_line = re.compile(between.join([rb"(\d{1,10})", *times, rb"(.*)"]), re.DOTALL).fullmatch
    match_kind = re.compile(
        between.join([rb"([A-Z_]+|\?)(?: by \d+)?", text, text, *user, *account]), re.DOTALL
    ).fullmatch
    named = [name for name in ("user", "account") if name in labels]

    @lru_cache(_KNOWN_KINDS)
    def parse_kind(rest: bytes) -> RunKind | None:
        match = match_kind(rest)
        if match is None:
            return None
        state, tres, partition, *more = (value.decode("utf-8", "replace") for value in match.groups())
        return RunKind(state, partition, parse_tres(tres), **dict(zip(named, more, strict=True)))

    def parse(line: bytes) -> Run | None:
        match = match_line(line)
        if match is None:
            return None
        job_id, submit, eligible, start, end, elapsed, rest = match.groups()
        kind = parse_kind(rest)
        if kind is None:
            return None
        return Run(
            int(job_id),
            int(submit),
            int(eligible) if eligible else None,
            int(start) if start else None,
            int(end) if end else None,
            int(elapsed),
            kind,
        )

    return parse
