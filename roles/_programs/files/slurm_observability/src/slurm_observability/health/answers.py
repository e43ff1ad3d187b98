"""Get an answer out of a program or a file that is not to be trusted: in limited time, of limited size."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from ..slurm.command import SlurmError, SlurmRunner
from .check import Unreadable

MAX_BYTES = 1 << 20


class Answer(NamedTuple):
    """What a program printed, and its exit status."""

    text: str
    exit_status: int


class Runner(SlurmRunner):
    """Runs checkers: each in a process group of its own, ended after ``timeout`` seconds."""

    def __init__(self, timeout: float) -> None:
        super().__init__(timeout, MAX_BYTES)
        self._exit_status = 0

    def ask(self, argv: Sequence[str]) -> Answer:
        """Run the program and return what it says. Raises Unreadable."""
        try:
            lines = [line for chunk in self.lines(argv) for line in chunk]
        except SlurmError as error:
            raise Unreadable(str(error)) from error
        return Answer(b"\n".join(lines).decode("utf-8", "replace"), self._exit_status)

    def _check_exit(self, process: object, name: str, tail: object) -> None:
        """Keep the exit status: a checker says with it what it found."""
        self._exit_status = process.returncode  # type: ignore[attr-defined]


class File(NamedTuple):
    """The end of a file, and when it was written, in seconds since 1970."""

    text: str
    time: float


def read_end(path: Path) -> File:
    """Return the last MAX_BYTES of a regular file, which may be anybody's. Raises Unreadable, also for a link."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise Unreadable(f"{path} is no regular file")
            file.seek(max(0, status.st_size - MAX_BYTES))
            return File(file.read(MAX_BYTES).decode("utf-8", "replace"), status.st_mtime)
    except OSError as error:
        raise Unreadable(f"{path} cannot be read: {error.strerror or error}") from error


def json_object(text: str) -> Mapping[str, object]:
    """Return the JSON object in a text, numbers as floats. Raises Unreadable."""
    try:
        # Python makes whole numbers of any length, slowly; floats it does not.
        document = json.loads(text, parse_int=float)
    except (ValueError, RecursionError):
        raise Unreadable("it did not print JSON") from None
    return mapping(document)


def mapping(value: object) -> Mapping[str, object]:
    """Return a JSON object as what it is. Raises Unreadable for anything else."""
    if not isinstance(value, dict):
        raise Unreadable("its JSON has something else where an object belongs")
    return value


def sequence(value: object) -> Sequence[object]:
    """Return a JSON array as what it is. Raises Unreadable for anything else."""
    if not isinstance(value, list):
        raise Unreadable("its JSON has something else where an array belongs")
    return value


def text_of(value: object) -> str:
    """Return a JSON string as what it is, and an empty one for anything else."""
    return value if isinstance(value, str) else ""
