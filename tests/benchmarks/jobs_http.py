"""The service as a process of its own, senders that post to it as agents do, and a reader."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jobs_events import Deliver
from slurm_observability.agent.forward.client import Client, ServiceError
from slurm_observability.agent.forward.event_sender import EVENTS_PATH
from slurm_observability.agent.settings import Settings
from slurm_observability.jobs.document import document
from slurm_observability.jobs.event import JobEvent
from slurm_observability.service.tokens import ADMIN, new_token

SOURCE = Path(__file__).parents[2] / "roles/_programs/files/slurm_observability/src"
START_SECONDS = 60.0
TICKS = os.sysconf("SC_CLK_TCK")


class RunningService:
    """job-observability on loopback, with a token and an audit log, and without Slurm. Ends with the ``with`` block."""

    def __init__(self, database_url: str, directory: Path | None) -> None:
        self._database_url = database_url
        self._directory = Path(tempfile.mkdtemp(dir=directory))
        self._token_file = self._directory / "token"
        with socket.create_server(("127.0.0.1", 0)) as free:
            self._port = free.getsockname()[1]
        self._clients: list[Client] = []

    def __enter__(self) -> RunningService:
        """Start it, and wait until it can use its database."""
        token, line = new_token("bench", ADMIN)
        self._token_file.write_text(token)
        self._token_file.chmod(0o600)
        tokens = self._directory / "tokens.yml"
        tokens.write_text(f"tokens:\n{line}\n")
        tokens.chmod(0o600)
        options = ("--port", str(self._port), "--token-file", str(tokens), "--scheduler-backend", "none")
        options += ("--audit-log", str(self._directory / "audit.log"), "--retention-runs", "36500")
        environment = {**os.environ, "PYTHONPATH": str(SOURCE), "DATABASE_URL": self._database_url}
        argv = [sys.executable, "-m", "slurm_observability.service", "--log-level", "WARNING", *options]
        self._process = subprocess.Popen(argv, env=environment)
        try:
            self._wait()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *exception: object) -> None:
        """Stop it, and leave nothing."""
        for client in self._clients:
            client.close()
        self._process.terminate()
        self._process.wait()
        shutil.rmtree(self._directory)

    def sender(self, number: int, size: int) -> Deliver:
        """Return what posts batches as the agent of a node does, on a connection that is kept.

        A batch of one is posted to the path of its kind, as whoever has no agent does.
        """
        client = self._client(f"n{number}")

        def post_batch(batch: list[JobEvent]) -> None:
            answer = client.post(EVENTS_PATH, json.dumps({"events": [document(event) for event in batch]}).encode())
            assert answer == {"stored": size, "repeated": 0, "refused": []}, answer

        def post_one(batch: list[JobEvent]) -> None:
            answer = client.post(f"{EVENTS_PATH}/{batch[0].kind}", json.dumps(document(batch[0])).encode())
            assert answer["outcome"] == "stored", answer

        return post_one if size == 1 else post_batch

    def reader(self) -> Callable[[str], Any]:
        """Return what gets a path, with its query, and reads the document, on a connection that is kept."""
        return self._client("reader").get

    def cpu_seconds(self) -> float:
        """Return the CPU time that the service has used."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def _client(self, node: str) -> Client:
        self._clients.append(
            Client(Settings(node=node, url=f"http://127.0.0.1:{self._port}", token_file=self._token_file))
        )
        return self._clients[-1]

    def _wait(self) -> None:
        client, deadline = self._client("bench"), time.monotonic() + START_SECONDS
        while True:
            try:
                client.get("/v1/health")
            except ServiceError:
                assert self._process.poll() is None, "the service has ended; its own words are above"
                assert time.monotonic() < deadline, f"the service answers within {START_SECONDS:g} seconds"
                time.sleep(0.1)
            else:
                return
