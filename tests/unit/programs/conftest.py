"""What the tests of the programs share."""

from __future__ import annotations

import os
import stat
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.unit.programs.web_server import WebServer

PROJECT = Path(__file__).parents[3] / "roles" / "_programs" / "files" / "slurm_observability"
sys.path.insert(0, str(PROJECT / "src"))


# Nothing is timed: the machine may be busy.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")


class FakeSlurm:
    """A directory of stand-ins for Slurm's commands, which do what a test tells them to.

    They are stand-ins: what real commands print is recorded in the tests that parse it.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._contents: dict[str, dict[str, Path]] = {}
        for command in ("squeue", "scontrol", "sacct", "sdiag", "sshare"):
            self.answers(command, "")

    def does(self, command: str, script: str) -> None:
        """Let the command run a shell script. The arguments of each call are kept."""
        path = self.directory / command
        new = path.with_suffix(".new")
        new.write_text(f'#!/bin/sh\nprintf "%s\\n" "$*" >> "{path}.calls"\n{script}\n')
        new.chmod(stat.S_IRWXU)
        new.replace(path)  # a script that runs is not changed under its reader

    def answers(self, command: str, output: str | bytes, when: str = "") -> None:
        """Let the command print this and succeed; where ``when`` is given, only if that is among its arguments.

        squeue prints the mark that it is given in place of MARK.
        """
        content = self.directory / f"{command}{when}.output"
        new = content.with_suffix(".new")
        new.write_bytes(output if isinstance(output, bytes) else output.encode())
        new.replace(content)
        contents = self._contents.setdefault(command, {})
        contents[when] = content
        cases = "".join(f'*{word}*) file="{path}";; ' for word, path in contents.items() if word)
        mark = r"s/.*--Format=[A-Za-z]*:|\([A-Za-z0-9_-]*\)|.*/\1/p"
        self.does(
            command,
            f'''file="{contents[""]}"
            case "$*" in {cases}esac
            LC_ALL=C exec sed "s/MARK/$(echo "$*" | sed -n '{mark}')/g" "$file"''',
        )

    def fails(self, command: str, message: str, status: int = 1) -> None:
        """Let the command write the message to standard error and fail."""
        self.does(command, f"echo '{message}' >&2; exit {status}")

    def hangs(self, command: str) -> None:
        """Let the command hang, as squeue does while slurmctld is stopped."""
        self.does(command, "exec sleep 600")

    def calls(self, command: str) -> list[str]:
        """Return the arguments of each call so far."""
        path = self.directory / f"{command}.calls"
        return path.read_text().splitlines() if path.exists() else []


@pytest.fixture
def fake_slurm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeSlurm:
    directory = tmp_path / "slurm-bin"
    directory.mkdir()
    monkeypatch.setenv("PATH", f"{directory}{os.pathsep}{os.environ['PATH']}")
    return FakeSlurm(directory)


@pytest.fixture
def eventually() -> Iterator[Callable[..., None]]:
    """Wait until a condition holds, or fail."""

    def wait(condition: Callable[[], object], seconds: float = 15.0) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, "it did not happen in time"
            time.sleep(0.02)

    yield wait


@pytest.fixture
def make_web_server() -> Iterator[Callable[..., WebServer]]:
    """Start web servers that end with the test."""
    servers: list[WebServer] = []

    def make(*arguments: object, **more: object) -> WebServer:
        servers.append(WebServer(*arguments, **more))  # type: ignore[arg-type]
        return servers[-1]

    yield make
    for server in servers:
        server.close()


@pytest.fixture
def web_server(make_web_server: Callable[..., WebServer]) -> WebServer:
    return make_web_server()
