"""The HTTP side: pages, methods, clients that misbehave."""

from __future__ import annotations

import socket
import time
from contextlib import suppress
from http.client import HTTPConnection

import pytest
from slurm_observability.web import server


@pytest.fixture
def client(start, eventually):
    client = start(interval=3600)
    eventually(lambda: client.get("/-/ready")[0] == 200 and "slurm_nodes" in client.metrics())
    return client


def raw(client, request: bytes) -> bytes:
    """Return what the server answers; it may hang up on a request before it has read all of it."""
    answer = b""
    with suppress(OSError), socket.create_connection(("127.0.0.1", client.port), timeout=10) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        while chunk := connection.recv(65536):
            answer += chunk
    return answer


@pytest.mark.parametrize(
    ("path", "status", "content_type"),
    [
        ("/", 200, "text/plain"),
        ("/metrics", 200, "text/plain; version="),
        ("/metrics?name=x", 200, "text/plain"),
        ("/-/healthy", 200, "text/plain"),
        ("/-/ready", 200, "text/plain"),
        ("/sd/node_exporter", 200, "application/json"),
        ("/sd/dcgm_exporter", 200, "application/json"),
        ("/sd/job_agent", 200, "application/json"),
        ("/sd/other", 404, "text/plain"),
        ("/sd/", 404, "text/plain"),
        ("/node_exporter", 404, "text/plain"),
        ("/metrics/", 404, "text/plain"),
        ("/../etc/passwd", 404, "text/plain"),
    ],
)
def test_pages(client, path, status, content_type):
    got, body, headers = client.get(path)
    assert got == status
    assert headers["Content-Type"].startswith(content_type)
    assert int(headers["Content-Length"]) == len(body) > 0


def test_head_has_the_headers_and_no_body(client):
    status, body, headers = client.get("/-/healthy", "HEAD")
    assert (status, body, headers["Content-Length"]) == (200, b"", "8")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "BREW"])
def test_other_methods_are_refused(client, method):
    status, body, headers = client.get("/metrics", method)
    assert (status, headers["Allow"]) == (405, "GET, HEAD")
    assert b"only GET and HEAD" in body


def test_not_ready_before_the_first_answers(start, fake_slurm):
    fake_slurm.hangs("squeue")
    client = start()
    assert client.get("/-/ready")[0] == 503
    assert client.get("/-/healthy")[0] == 200
    assert client.metrics()["process_resident_memory_bytes"] > 0


def test_a_connection_is_used_again(client):
    request = b"GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n"
    assert raw(client, request * 3).count(b"200 OK") == 3


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"\x00\xff\xfe\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 500 + b"\r\n",
        b"GET / HTTP/1.1\r\nX: " + b"y" * 100_000 + b"\r\n\r\n",
    ],
)
def test_a_request_that_is_none_is_refused_and_the_next_one_answered(client, request_bytes):
    answer = raw(client, request_bytes)
    assert b" 200 " not in answer
    assert client.get("/-/healthy")[0] == 200


def test_a_slow_client_keeps_nobody_waiting(client):
    with socket.create_connection(("127.0.0.1", client.port)) as slow:
        slow.sendall(b"GET /metrics HT")
        began = time.monotonic()
        assert client.get("/-/healthy")[0] == 200
        assert time.monotonic() - began < 5


def test_a_connection_without_a_thread_loses_no_room(start, monkeypatch):
    monkeypatch.setattr(server, "MAX_CONNECTIONS", 1)
    client = start()
    with monkeypatch.context() as patch:

        def no_thread(*arguments, **more):
            raise RuntimeError("can't start new thread")

        patch.setattr("socketserver.ThreadingMixIn.process_request", no_thread)
        with pytest.raises(OSError):
            client.get("/-/healthy")
    assert client.get("/-/healthy")[0] == 200


def test_clients_that_take_all_the_room_and_say_little_keep_nobody_out(start, monkeypatch):
    monkeypatch.setattr(server, "MAX_CONNECTIONS", 3)
    client = start()
    scraper = HTTPConnection("127.0.0.1", client.port, timeout=10)
    scraper.request("GET", "/-/healthy")
    assert scraper.getresponse().read() == b"healthy\n"
    slow = [socket.create_connection(("127.0.0.1", client.port), timeout=10) for _ in range(2)]
    scraper.request("GET", "/-/healthy")
    assert scraper.getresponse().read() == b"healthy\n"
    for connection in slow:
        connection.sendall(b"GET / HTTP/1.1\r\n")
    for _ in range(5):
        assert client.get("/-/healthy")[0] == 200
    assert slow[0].recv(1) == b"", "the one that was not heard of for longest had to leave"
    scraper.close()
    for connection in slow:
        connection.close()


def test_connections_that_ended_take_no_room(start, eventually, monkeypatch):
    monkeypatch.setattr(server, "MAX_CONNECTIONS", 2)
    client = start()

    def an_idle_one_may_stay():
        with socket.create_connection(("127.0.0.1", client.port), timeout=0.5) as idle:
            for _ in range(3):
                client.get("/-/healthy")
                try:
                    return idle.recv(1) != b""
                except TimeoutError:  # meanwhile the server has seen the end of the other
                    continue
        return True

    eventually(an_idle_one_may_stay)
