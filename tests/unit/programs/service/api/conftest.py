"""A service that answers on loopback, with a database of its own."""

from __future__ import annotations

import json
import shutil
import ssl
from collections.abc import Callable, Iterator, Mapping
from http.client import HTTPConnection, HTTPResponse, HTTPSConnection
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from slurm_observability.jobs.event import FINISHED, STARTED
from slurm_observability.service.app import create_app
from slurm_observability.service.http.server import HttpServer
from slurm_observability.service.serve import Prepared, prepare
from slurm_observability.service.settings import Settings
from slurm_observability.service.store.store import Store
from slurm_observability.service.tokens import READER, WRITER, new_token

NOW = 1_700_000_000.0


class Answer(NamedTuple):
    """What the service answered."""

    status: int
    body: Any
    headers: Mapping[str, str]


class Client:
    """Asks a service. ``token`` is sent along when there is one."""

    def __init__(self, port: int, token: str = "", tls: ssl.SSLContext | None = None) -> None:
        self.port = port
        self.token = token
        self._tls = tls

    def get(self, path: str) -> Answer:
        return self.ask("GET", path)

    def post(self, path: str, document: Any, **headers: str) -> Answer:
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        return self.ask("POST", path, body, {"Content-Type": "application/json", **headers})

    def ask(self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None) -> Answer:
        connection = self.connect()
        try:
            sent = {**({"Authorization": f"Bearer {self.token}"} if self.token else {}), **(headers or {})}
            connection.request(method, path, body, sent)
            return self.read(connection.getresponse())
        finally:
            connection.close()

    def connect(self) -> HTTPConnection:
        if self._tls is not None:
            return HTTPSConnection("127.0.0.1", self.port, timeout=60, context=self._tls)
        return HTTPConnection("127.0.0.1", self.port, timeout=60)

    @staticmethod
    def read(response: HTTPResponse) -> Answer:
        body = response.read()
        is_json = response.headers.get_content_type() == "application/json"
        return Answer(response.status, json.loads(body) if is_json else body, dict(response.headers.items()))


class Running(NamedTuple):
    """A service that runs."""

    parts: Prepared
    server: HttpServer
    client: Client

    def with_token(self, token: str) -> Client:
        return Client(self.client.port, token)


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with all its tables, to be copied."""
    path = tmp_path_factory.mktemp("database") / "jobs.db"
    store = Store(f"sqlite:///{path}")
    store.migrate()
    store.close()
    return path


@pytest.fixture
def start(tmp_path: Path, empty_database: Path) -> Iterator[Callable[..., Running]]:
    """Start services that end with the test. Background tasks do not run; the database is ready, unless told."""
    running: list[Running] = []

    def make(ready: bool = True, **settings: Any) -> Running:
        if ready:
            shutil.copy(empty_database, tmp_path / "jobs.db")
        given = Settings(
            **{"database_url": f"sqlite:///{tmp_path}/jobs.db", "audit_log": tmp_path / "audit", **settings}
        )
        parts = prepare(given)
        if ready:
            parts.service.readiness.migrated.set()
        server = HttpServer(create_app(parts.service), "127.0.0.1", 0, parts.certificate and parts.certificate.context)
        server.start()
        running.append(Running(parts, server, Client(server.address[1])))
        return running[-1]

    yield make
    for each in running:
        each.server.stop()
        each.parts.store.close()


@pytest.fixture
def service(start: Callable[..., Running]) -> Running:
    return start()


@pytest.fixture
def client(service: Running) -> Client:
    return service.client


@pytest.fixture
def guarded(start: Callable[..., Running], tmp_path: Path) -> tuple[Client, Client, Client]:
    """Clients of a service with tokens: one that writes, one that reads, and one without a token."""
    tokens, path = token_file(tmp_path, WRITER, READER)
    running = start(token_file=path)
    return running.with_token(tokens[WRITER]), running.with_token(tokens[READER]), running.client


def token_file(directory: Path, *roles: str) -> tuple[dict[str, str], Path]:
    """Write a file of tokens, one for each role and of the same name. Return the tokens, and the file."""
    made = {role: new_token(role, role) for role in roles}
    path = directory / "tokens"
    path.write_text("\n".join(["tokens:", *(line for _token, line in made.values())]) + "\n")
    path.chmod(0o600)
    return {role: token for role, (token, _line) in made.items()}, path


def event(number: int = 1, **more: Any) -> dict[str, Any]:
    """Return an event as it is sent: a job that started on node n1, and its own name."""
    return {
        "event_id": f"n1-{number}-started",
        "kind": STARTED,
        "origin": "prolog",
        "time": NOW + number,
        "job_id": number,
        "node": "n1",
        "nodes": "n1",
        "user": "alice",
        "restart": 0,
        **more,
    }


def end(number: int = 1, **more: Any) -> dict[str, Any]:
    """Return the end of it."""
    given = {
        "event_id": f"n1-{number}-finished",
        "kind": FINISHED,
        "origin": "epilog",
        "exit_code": 0,
        "exit_signal": 0,
    }
    return event(number, **{**given, "time": NOW + number + 60, **more})
