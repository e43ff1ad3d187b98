"""What a client cannot do to the service: send too much, send or take too slowly, come too often."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from slurm_observability.service.http import intake
from slurm_observability.service.http.protocol import BoundedProtocol
from slurm_observability.service.store.errors import StoreError

from tests.unit.programs.service.api.conftest import Client, Running, event

STARTED, BATCH = "/v1/events/job-started", "/v1/events"
TOO_LARGE = {"detail": f"the request is larger than {intake.MAX_BODY_BYTES} bytes; send less at a time"}


def pieces(count: int) -> Iterator[bytes]:
    for _ in range(count):
        yield b" " * 65536


def test_a_body_that_is_too_large(client: Client) -> None:
    """Announced or not, it is taken in full and thrown away, so that the client reads why."""
    large = b" " * (intake.MAX_BODY_BYTES + 1)
    assert client.post(BATCH, large)[:2] == (413, TOO_LARGE)
    chunked = client.ask("POST", BATCH, pieces(160), {"Content-Type": "application/json"})
    assert chunked[:2] == (413, TOO_LARGE)
    assert client.post(BATCH, b'{"events": []}' + b" " * (intake.MAX_BODY_BYTES - 14)).status == 200


def test_a_chunked_body(client: Client) -> None:
    answer = client.ask("POST", BATCH, iter([b'{"events"', b": []}"]), {"Content-Type": "application/json"})
    assert answer.status == 200


def test_no_body_is_taken_without_end(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "DISCARDED_BYTES", 1 << 20)
    with socket.create_connection(("127.0.0.1", client.port), timeout=60) as connection:
        connection.sendall(b"POST /v1/events HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999\r\n\r\n")
        sent = 0
        with pytest.raises(OSError):
            while sent < 1 << 30:
                sent += connection.send(b" " * 65536)
        assert sent < 1 << 29


def test_without_a_token_nothing_is_kept(guarded: tuple[Client, Client, Client]) -> None:
    _writer, _reader, nobody = guarded
    assert nobody.post(BATCH, b" " * intake.MAX_BODY_BYTES).status == 401


def test_a_stranger_hears_of_it_before_it_has_sent_anything(guarded: tuple[Client, Client, Client]) -> None:
    _writer, _reader, nobody = guarded
    with socket.create_connection(("127.0.0.1", nobody.port), timeout=60) as connection:
        connection.sendall(b"POST /v1/events HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999\r\n\r\n")
        assert connection.recv(65536).startswith(b"HTTP/1.1 401 ")
        sent = 0
        with pytest.raises(OSError):
            while sent < 1 << 30:
                sent += connection.send(b" " * 65536)
        assert sent < 10 * intake.STRANGERS_BYTES


def test_a_client_that_goes_away(client: Client) -> None:
    with socket.create_connection(("127.0.0.1", client.port), timeout=60) as connection:
        connection.sendall(b"POST /v1/events HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{")
    assert client.get("/v1/jobs").status == 200


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(BoundedProtocol, "exchange_seconds", 0.3)


SLOW = [
    b"",
    b"GET /v1/health HT",
    b"POST /v1/events HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{",
    b"POST /v1/events HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{",
]


@pytest.mark.usefixtures("hurried")
def test_a_request_that_does_not_end(client: Client) -> None:
    for words in SLOW:
        with socket.create_connection(("127.0.0.1", client.port), timeout=60) as connection:
            connection.sendall(words)
            assert wait_for_end(connection) == b"", words


def test_an_answer_that_nobody_takes(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    client.post(BATCH, {"events": [event(number, name="x" * 500) for number in range(1, 901)]})
    monkeypatch.setattr(BoundedProtocol, "exchange_seconds", 0.3)
    accept = BoundedProtocol.connection_made

    def with_a_small_buffer(protocol: BoundedProtocol, transport: asyncio.Transport) -> None:
        # The kernel may take the whole answer otherwise, and delivers what it took.
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        accept(protocol, transport)

    monkeypatch.setattr(BoundedProtocol, "connection_made", with_a_small_buffer)
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect(("127.0.0.1", client.port))
        connection.sendall(b"GET /v1/jobs?limit=1000 HTTP/1.1\r\nHost: a\r\n\r\n")
        connection.settimeout(60)
        connection.recv(1)  # the answer is on its way, and does not fit into the buffers
        time.sleep(2.0)  # longer than the exchange may take
        answer = wait_for_end(connection)
        assert b'"next":null' not in answer


def test_no_answer_waits_for_the_client_to_confirm_its_beginning(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_on, accept = [], BoundedProtocol.connection_made

    def connection_made(protocol: BoundedProtocol, transport: asyncio.Transport) -> None:
        connection = transport.get_extra_info("socket")
        set_on.append(connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        accept(protocol, transport)

    monkeypatch.setattr(BoundedProtocol, "connection_made", connection_made)
    assert client.get("/v1/jobs").status == 200
    assert set_on and all(set_on)


def wait_for_end(connection: socket.socket) -> bytes:
    received = b""
    try:
        while piece := connection.recv(1 << 20):
            received += piece
    except ConnectionResetError:
        pass
    return received


def test_too_many_connections(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that asks gets an answer, however many there are that say nothing."""
    monkeypatch.setattr(BoundedProtocol, "max_connections", 5)
    idle = [socket.create_connection(("127.0.0.1", client.port), timeout=60) for _ in range(20)]
    try:
        for connection in idle[:15]:
            assert wait_for_end(connection) == b""
        assert client.get("/v1/jobs").status == 200
    finally:
        for connection in idle:
            connection.close()


def test_a_connection_is_kept_from_one_request_to_the_next(client: Client) -> None:
    connection = client.connect()
    for _ in range(3):
        connection.request("GET", "/v1/jobs")
        assert client.read(connection.getresponse()).status == 200
    ends = connection.sock.getsockname()
    connection.request("GET", "/v1/jobs")
    assert client.read(connection.getresponse()).status == 200
    assert connection.sock.getsockname() == ends
    connection.close()


def test_more_requests_than_there_are_threads(service: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are sent away at once, with a time to come again; nothing waits in a queue, and health is answered."""
    monkeypatch.setattr(intake, "MAX_REQUESTS", 2)
    go_on, asked = threading.Event(), threading.Semaphore(0)

    def hang(*_arguments: object) -> list[object]:
        asked.release()
        go_on.wait(60)
        return []

    monkeypatch.setattr(service.parts.store, "nodes", hang)
    with ThreadPoolExecutor(2) as pool:
        hanging = [pool.submit(service.client.get, "/v1/nodes") for _ in range(2)]
        try:
            assert all(asked.acquire(timeout=60) for _ in range(2))
            answer = service.client.post(STARTED, event())
            assert answer[:2] == (503, {"detail": "too many requests at a time; come again"})
            assert 1 <= int(answer.headers["retry-after"]) <= 5
            assert service.client.get("/v1/health").status == 503  # nobody has asked the database in this test
        finally:
            go_on.set()
        assert [each.result().status for each in hanging] == [200, 200]
    assert service.client.post(STARTED, event()).status == 201


def test_a_stop_lets_running_requests_end(service: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    go_on, asked = threading.Event(), threading.Event()

    def slow(*_arguments: object) -> list[object]:
        asked.set()
        go_on.wait(60)
        return []

    monkeypatch.setattr(service.parts.store, "nodes", slow)
    with ThreadPoolExecutor(2) as pool:
        running = pool.submit(service.client.get, "/v1/nodes")
        assert asked.wait(60)
        stopped = pool.submit(service.server.stop)
        go_on.set()
        assert running.result().status == 200
        stopped.result()
    assert not service.server.failed
    with pytest.raises(OSError):
        service.client.get("/v1/nodes")


def test_a_database_that_is_busy(service: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(*_arguments: object) -> None:
        raise StoreError("the database is locked")

    monkeypatch.setattr(service.parts.store, "add_events", busy)
    for path, body in ((STARTED, event()), (BATCH, {"events": [event()]})):
        answer = service.client.post(path, body)
        assert answer[:2] == (503, {"detail": "the database is locked"})
        assert 1 <= int(answer.headers["retry-after"]) <= 5


def test_a_fault_of_the_program(service: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    def fault(*_arguments: object) -> None:
        raise RuntimeError("secret words")

    monkeypatch.setattr(service.parts.store, "nodes", fault)
    answer = service.client.get("/v1/nodes")
    assert answer.status == 500
    assert b"secret" not in answer.body
    metrics = service.client.get("/metrics").body.decode()
    assert 'job_observability_requests_total{method="GET",path="/v1/nodes",status="500"} 1\n' in metrics


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n",
        b"POST /v1/events HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        b"POST /v1/events HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}",
        b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"y" * 100_000 + b"\r\n\r\n",
        b"GET /v1/jobs HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
        b"CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n",
    ],
)
def test_what_is_no_http(client: Client, request_bytes: bytes) -> None:
    with socket.create_connection(("127.0.0.1", client.port), timeout=60) as connection:
        connection.sendall(request_bytes)
        connection.shutdown(socket.SHUT_WR)
        wait_for_end(connection)
    assert client.get("/v1/jobs").status == 200
