"""Asking a web server: time limits, floods, broken answers, refusals."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import time
from email.utils import formatdate

import pytest
from slurm_observability.slurm.command import SlurmError
from slurm_observability.slurm.endpoint import Endpoint


def read(server_or_url, path="/page", timeout=10.0, **more):
    url = server_or_url if isinstance(server_or_url, str) else server_or_url.url
    with Endpoint("slurmrestd", url, timeout, **more).get(path, {"X-Test": "yes"}) as answer:
        return answer.status, b"".join(answer.chunks())


def test_a_page_and_its_headers(web_server):
    web_server.pages["/page"] = (200, b"x" * 1_000_000)
    assert read(web_server) == (200, b"x" * 1_000_000)
    path, headers = web_server.requests[0]
    assert (path, headers["X-Test"], headers["Connection"]) == ("/page", "yes", "close")


def test_a_url_may_have_a_path(web_server):
    web_server.pages["/behind/proxy/page"] = (200, b"here")
    assert read(f"{web_server.url}/behind/proxy/") == (200, b"here")


def test_a_unix_socket(make_web_server, tmp_path):
    server = make_web_server(tmp_path / "socket")
    server.pages["/page"] = (200, b"here")
    assert read(server) == (200, b"here")
    with pytest.raises(SlurmError, match=r"slurmrestd at unix:/nowhere/socket cannot be asked: No such file"):
        read("unix:/nowhere/socket")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    folder = tmp_path_factory.mktemp("tls")
    command = (
        "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -keyout key.pem -out cert.pem "
        "-subj /CN=localhost -addext subjectAltName=DNS:localhost"
    )
    subprocess.run(command.split(), cwd=folder, check=True, capture_output=True)
    return folder


def test_tls_checks_the_certificate(make_web_server, certificate, monkeypatch):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")
    server = make_web_server(context=context)
    server.pages["/page"] = (200, b"secret")
    with pytest.raises(SlurmError, match="certificate verify failed"):
        read(server)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate / "cert.pem"))
    assert read(server) == (200, b"secret")


def test_tls_that_hangs_in_the_middle_is_given_up(make_web_server, certificate, monkeypatch):
    def hang(handler):
        handler.send_response(200)
        handler.end_headers()
        handler.wfile.write(b"begin")
        handler.wfile.flush()
        time.sleep(1.5)

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate / "cert.pem"))
    server = make_web_server(context=context)
    server.pages["/page"] = hang
    with pytest.raises(SlurmError, match=r"did not answer within 0\.5 seconds"):
        read(server, timeout=0.5)


@pytest.mark.parametrize(
    "url",
    ["", "head:6820", "ftp://head", "http://", "http://head:port", "http://head?x=1", "http://head#x", "unix:socket"],
)
def test_what_is_no_url_is_refused(url):
    with pytest.raises(ValueError, match=r"^('.*' is no URL of a server; give|'.*' names no Unix socket)"):
        Endpoint("slurmrestd", url, 1.0)


def test_a_password_in_the_url_is_refused_and_not_shown():
    with pytest.raises(ValueError, match="others could read") as refusal:
        Endpoint("slurmrestd", "http://user:secret@head:6820", 1.0)
    assert "secret" not in str(refusal.value)


def test_nobody_listens():
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    with pytest.raises(SlurmError, match=rf"slurmrestd at http://127.0.0.1:{port} cannot be asked: Connection refused"):
        read(f"http://127.0.0.1:{port}")


def test_a_server_that_says_nothing_is_given_up():
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        began = time.monotonic()
        with pytest.raises(SlurmError, match=r"slurmrestd did not answer within 0\.3 seconds"):
            read(f"http://127.0.0.1:{silent.getsockname()[1]}", timeout=0.3)
        assert time.monotonic() - began < 3


@pytest.mark.parametrize("place", ["headers", "body"])
def test_a_byte_now_and_then_does_not_hold_the_connection_open(web_server, place):
    def drip(handler):
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n" + (b"\r\n" if place == "body" else b""))
        for _turn in range(60):
            handler.wfile.write(b"X: y\r\n")
            handler.wfile.flush()
            time.sleep(0.1)

    web_server.pages["/page"] = drip
    began = time.monotonic()
    with pytest.raises(SlurmError, match=r"did not answer within 0\.5 seconds"):
        read(web_server, timeout=0.5)
    assert time.monotonic() - began < 4


def test_a_flood_is_cut(web_server):
    web_server.pages["/page"] = (200, b"x" * 2_000_000)
    with pytest.raises(SlurmError, match="slurmrestd sent more than 1000000 bytes"):
        read(web_server, max_answer_bytes=1_000_000)


def test_an_answer_that_breaks_off_is_none(web_server):
    web_server.pages["/page"] = lambda handler: handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")
    with pytest.raises(SlurmError, match="slurmrestd broke off in the middle of its answer"):
        read(web_server)


def test_what_is_no_http_is_none(web_server):
    web_server.pages["/page"] = lambda handler: handler.wfile.write(b"\xff\xfe\x00 hello\r\n\r\n")
    with pytest.raises(SlurmError, match=r"cannot be asked: HTTP/1\.0|cannot be asked"):
        read(web_server)


def refusal(server):
    with Endpoint("slurmrestd", server.url, 10.0).get("/page") as answer:
        return answer.refusal(answer.beginning())


@pytest.mark.parametrize(
    ("status", "retry_after", "seconds"),
    [
        (429, "120", 120.0),
        (503, "7", 7.0),
        (503, None, None),
        (429, "soon", None),
        (429, "-5", None),
        (429, "Thu, 01 Jan 1970 00:00:00 GMT", 0.0),
        (500, "120", None),
    ],
)
def test_a_server_that_wants_to_be_left_alone(web_server, status, retry_after, seconds):
    web_server.pages["/page"] = (status, b"too\nmuch")
    web_server.headers = {"Retry-After": retry_after} if retry_after else {}
    error = refusal(web_server)
    assert str(error).startswith(f"slurmrestd answers {status} ")
    assert str(error).endswith(": too much")
    assert error.retry_after == seconds


def test_a_date_to_come_back_at(web_server):
    web_server.pages["/page"] = (429, b"")
    web_server.headers = {"Retry-After": formatdate(time.time() + 60, usegmt=True)}
    error = refusal(web_server)
    assert 55 < error.retry_after <= 60
    assert str(error).endswith(": it gave no reason")
