"""Have files read with the rights of a user, in bounded time."""

from __future__ import annotations

import os
import pwd
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from . import reader

# A reader that a dead file server holds cannot even be killed. So many are left behind before the next one has to wait.
MOST_STUCK = 8
_KILL_SECONDS = 1.0


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
            answer, _nothing = process.communicate(request, self._timeout)
        except subprocess.TimeoutExpired:
            self._end(process)
            raise NotNow(f"{Path(paths[0]).parent} did not answer within {self._timeout:g} seconds") from None
        return _contents(answer, len(paths))

    def _start(self, user: User) -> subprocess.Popen[bytes]:
        other = user.uid != os.geteuid()
        return subprocess.Popen(
            self._command,
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

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        process.kill()
        with suppress(subprocess.TimeoutExpired):
            process.wait(_KILL_SECONDS)
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()
        self._stuck.append(process)


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
