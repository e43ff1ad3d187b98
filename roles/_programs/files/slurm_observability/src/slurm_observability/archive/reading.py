"""Have files read with the rights of a user, in bounded time."""

from __future__ import annotations

import os
import pwd
import select
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from . import reader

# A reader that a dead file server holds cannot even be killed. So many are left behind before the next one has to wait.
MOST_STUCK = 8
# A reader that is done with, or given up, is gone within this time.
_END_SECONDS = 1.0
_PIECE_BYTES = 1 << 20


class NotNow(Exception):
    """The files cannot be read at the moment: their server does not answer. The message is one sentence."""


@dataclass(frozen=True)
class User:
    """Whose rights: user and group by number."""

    uid: int
    gid: int


@dataclass(frozen=True)
class Content:
    """What became of a file (reader.READ and so on): its size in bytes, and the parts of it that were read."""

    outcome: int
    size: int = 0
    head: bytes = b""
    tail: bytes = b""


class Reader:
    """Starts a reader for each request. ``timeout`` is in seconds."""

    def __init__(self, timeout: float, command: Sequence[str] = (sys.executable, "-I", "-S", reader.__file__)) -> None:
        self._timeout = timeout
        self._command = command
        self._stuck: list[subprocess.Popen[bytes]] = []

    def stuck(self) -> int:
        """Return how many readers hang, even though they were killed."""
        self._stuck = [process for process in self._stuck if process.poll() is None]
        return len(self._stuck)

    def read(self, user: User, paths: Sequence[str], head: int, tail: int) -> list[Content]:
        """Return the content of each path as the user may read it. Raises NotNow; without the right to become that
        user, all are DENIED.
        """
        if self.stuck() >= MOST_STUCK:
            raise NotNow(f"{MOST_STUCK} readers wait for file systems that do not answer")
        request = b"".join(part + b"\0" for part in (b"%d" % head, b"%d" % tail, *map(os.fsencode, paths)))
        try:
            process = self._start(user)
        except PermissionError:
            return [Content(reader.DENIED) for _path in paths]
        except (OSError, subprocess.SubprocessError) as error:
            raise NotNow(f"the reader cannot be started: {error}") from error
        try:
            answer = _answer(process, request, len(paths) * (reader.HEADER.size + head + tail), self._timeout)
        except TimeoutError:
            with suppress(PermissionError):  # that of another user has to end by itself, and does
                process.kill()
            raise NotNow(f"{Path(paths[0]).parent} did not answer within {self._timeout:g} seconds") from None
        finally:
            self._let_go(process)
        return _contents(answer, len(paths))

    def _start(self, user: User) -> subprocess.Popen[bytes]:
        other = user.uid != os.geteuid()
        return subprocess.Popen(
            [*self._command, f"{self._timeout + _END_SECONDS / 2:g}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd="/",
            env={},
            start_new_session=True,
            user=user.uid if other else None,
            group=user.gid if other else None,
            extra_groups=_groups(user) if other else None,
        )

    def _let_go(self, process: subprocess.Popen[bytes]) -> None:
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()
        try:
            process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self._stuck.append(process)


def _answer(process: subprocess.Popen[bytes], request: bytes, most: int, seconds: float) -> bytes:
    """Return what the reader says, up to ``most`` bytes. Raises TimeoutError.

    It is a process of the user, who may be able to make it say anything, and as much as he likes.
    """
    assert process.stdin is not None
    assert process.stdout is not None
    until = time.monotonic() + seconds
    with suppress(BrokenPipeError), process.stdin as stdin:
        stdin.write(request)
    answer = bytearray()
    while len(answer) < most:
        readable, *_none = select.select([process.stdout], [], [], max(0.0, until - time.monotonic()))
        if not readable or time.monotonic() > until:
            raise TimeoutError
        piece = os.read(process.stdout.fileno(), min(_PIECE_BYTES, most - len(answer)))
        if not piece:
            break
        answer += piece
    return bytes(answer)


def _groups(user: User) -> list[int]:
    """Return the user's groups as this host knows them; a user whom it does not know has the job's."""
    try:
        return os.getgrouplist(pwd.getpwuid(user.uid).pw_name, user.gid)
    except KeyError:
        return [user.gid]


def _contents(answer: bytes, count: int) -> list[Content]:
    """Return what the reader said of each path; FAILED for those that it did not come to."""
    found: list[Content] = []
    offset = 0
    while len(found) < count and len(answer) - offset >= reader.HEADER.size:
        outcome, size, head, tail = reader.HEADER.unpack_from(answer, offset)
        offset += reader.HEADER.size
        middle, end = offset + head, offset + head + tail
        if end > len(answer):  # the reader did not live to say all of it
            break
        found.append(Content(outcome, size, answer[offset:middle], answer[middle:end]))
        offset = end
    return found + [Content(reader.FAILED)] * (count - len(found))
