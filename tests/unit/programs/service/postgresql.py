"""A PostgreSQL server of its own for a test or a benchmark: in a temporary directory, on the loopback address."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

_ACCOUNT = "postgres"


def programs() -> Path | None:
    """Return the directory of the newest server that is installed here, None where there is none."""
    found = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    if found:
        return max(found, key=lambda path: int(path.parent.name))
    on_path = shutil.which("initdb")
    return Path(on_path).resolve().parent if on_path else None


class PostgreSQL:
    """A server that runs until it is told to stop. Root runs it as the user postgres, for it refuses to run as root."""

    def __init__(self, settings: Sequence[str] = ("fsync=off",)) -> None:
        bin_directory = programs()
        assert bin_directory is not None, "there is a PostgreSQL here"
        self._bin = bin_directory
        self._directory = Path(tempfile.mkdtemp(prefix="job-observability-"))
        self._as_root = os.geteuid() == 0
        if self._as_root:
            shutil.chown(self._directory, _ACCOUNT)
        self._data = self._directory / "data"
        with socket.create_server(("127.0.0.1", 0)) as free:
            self._port = free.getsockname()[1]
        self._run("initdb", "--auth=trust", "--username=postgres", "--no-sync", "--encoding=UTF8", "--locale=C")
        lines = ["listen_addresses='127.0.0.1'", f"port={self._port}", f"unix_socket_directories='{self._directory}'"]
        with (self._data / "postgresql.conf").open("a") as configuration:
            configuration.write("\n".join([*lines, *settings, ""]))
        self.start()

    def url(self, database: str = "postgres") -> str:
        """Return the URL of a database, as the service takes it."""
        return f"postgres://postgres:secret@127.0.0.1:{self._port}/{database}?sslmode=disable"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self._run("pg_ctl", "start", "--wait", "--silent", f"--log={self._directory}/log")

    def stop(self, mode: str = "fast") -> None:
        """Stop it: ``fast`` cuts connections, ``immediate`` is a crash."""
        self._run("pg_ctl", "stop", "--wait", "--silent", f"--mode={mode}")

    def sql(self, statement: str) -> str:
        """Run a statement, and return what psql prints."""
        arguments = ["--host=127.0.0.1", f"--port={self._port}", "--username=postgres", "--tuples-only", "--no-align"]
        argv = [str(self._bin / "psql"), *arguments, "--quiet", f"--command={statement}"]
        return subprocess.run(argv, check=True, capture_output=True, text=True).stdout.strip()

    def close(self) -> None:
        """Stop it and leave nothing."""
        self.stop("immediate")
        shutil.rmtree(self._directory)

    def _run(self, program: str, *arguments: str) -> None:
        argv = [str(self._bin / program), f"--pgdata={self._data}", *arguments]
        if self._as_root:
            argv = ["runuser", "-u", _ACCOUNT, "--", *argv]
        subprocess.run(argv, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd=self._directory)
