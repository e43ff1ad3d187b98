"""The client of the service: one connection, bounded in time and size."""

from __future__ import annotations

import socket
import ssl

import pytest
from cryptography import x509
from slurm_observability.agent.forward import client as module
from slurm_observability.agent.forward.client import (
    BUSY,
    FAILED,
    LATE,
    REJECTED,
    UNAUTHORISED,
    UNREACHABLE,
    Client,
    ServiceError,
)
from slurm_observability.agent.forward.forwarding import Forwarding

from tests.unit.programs.agent.service import answers, breaks_off, closes, hangs, says_goodbye, trickles
from tests.unit.programs.exporter.certificates import Authority

EMPTY = b'{"events": []}'
NOTHING = {"stored": 0, "repeated": 0, "refused": []}


def post(client):
    return client.post("/v1/events", EMPTY)


def refused(client):
    with pytest.raises(ServiceError) as raised:
        post(client)
    return raised.value


def test_the_connection_is_kept(make_settings, service):
    client = Client(make_settings())
    assert [post(client) for _turn in range(5)] == [NOTHING] * 5
    assert service.connections == 1
    assert client.get("/v1/health") == {"status": "ok"}
    client.close()
    assert post(client) == NOTHING
    assert service.connections == 2


def test_a_kept_connection_that_was_closed_meanwhile_is_no_failure(make_settings, service):
    client = Client(make_settings())
    service.faults = [says_goodbye, says_goodbye]
    assert [post(client) for _turn in range(3)] == [NOTHING] * 3
    assert service.connections == 3


def test_a_service_that_says_it_closes_is_asked_anew(make_settings, service):
    client = Client(make_settings())
    service.faults = [answers(200, b'{"a": 1}', Connection="close")]
    assert post(client) == {"a": 1}
    assert post(client) == NOTHING


def test_a_prefix_is_kept(make_settings, service):
    client = Client(make_settings(url=f"{service.url}/jobs/"))
    assert "404" in str(refused(client))
    assert service.requests[0][0] == "/jobs/v1/events"


@pytest.mark.parametrize(
    ("fault", "outcome", "words"),
    [
        (closes, UNREACHABLE, "cannot be asked"),
        (breaks_off, UNREACHABLE, "broke off"),
        (answers(500, b"<b>oh\nno</b>"), FAILED, "answers 500: <b>oh no</b>"),
        (answers(404, b""), FAILED, "answers 404: it gave no reason"),
        (answers(302, Location="http://elsewhere/"), FAILED, "answers 302"),
        (answers(499), FAILED, "answers 499"),
        (answers(408), FAILED, "answers 408"),
        (answers(401), UNAUTHORISED, "answers 401"),
        (answers(403), UNAUTHORISED, "answers 403"),
        (answers(400), REJECTED, "answers 400"),
        (answers(413), REJECTED, "answers 413"),
        (answers(422), REJECTED, "answers 422"),
        (answers(503), BUSY, "answers 503"),
        (answers(200, b"<html>log in</html>"), FAILED, "something else than job-observability"),
        (answers(200, b"[1, 2]"), FAILED, "something else"),
        (answers(200, b"[" * 100_000), FAILED, "something else"),
    ],
)
def test_what_goes_wrong_is_told_apart(make_settings, service, fault, outcome, words):
    client = Client(make_settings())
    service.faults = [fault]
    error = refused(client)
    assert error.outcome == outcome
    assert words in str(error)
    assert post(client) == NOTHING


@pytest.mark.parametrize(("header", "seconds"), [("7", 7.0), ("soon", None), ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0)])
def test_how_long_the_service_wants_to_be_left_alone(make_settings, service, header, seconds):
    service.faults = [answers(503, Retry_After=header)]
    assert refused(Client(make_settings())).retry_after == seconds


@pytest.mark.parametrize("fault", [hangs, trickles])
def test_a_service_that_hangs_is_given_up(make_settings, service, fault):
    client = Client(make_settings(timeout=0.3))
    service.faults = [fault]
    error = refused(client)
    assert (error.outcome, "within 0.3 seconds" in str(error)) == (LATE, True)


def test_a_service_that_hangs_on_a_kept_connection_is_asked_once(make_settings, service):
    client = Client(make_settings(timeout=0.3))
    post(client)
    service.faults = [hangs]
    assert refused(client).outcome == LATE
    assert service.connections == 1


def test_nobody_listens(make_settings):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        error = refused(Client(make_settings(url=f"http://127.0.0.1:{probe.getsockname()[1]}")))
    assert error.outcome == UNREACHABLE
    assert "Connection refused" in str(error)


def test_an_answer_without_end_is_not_read_to_the_end(make_settings, service, monkeypatch):
    monkeypatch.setattr(module, "MAX_ANSWER_BYTES", 1000)
    service.faults = [answers(200, b" " * 2000)]
    assert "longer than 1000 bytes" in str(refused(Client(make_settings())))


def test_a_service_that_refuses_before_it_has_read_all_is_heard(make_settings, service):
    """The answer comes while the request is still being sent, and the connection is closed."""
    service.max_bytes = 10
    client = Client(make_settings())
    with pytest.raises(ServiceError) as raised:
        client.post("/v1/events", b" " * (8 << 20))
    assert raised.value.outcome in (REJECTED, UNREACHABLE)  # a reset may throw the answer away


def test_what_was_said_before_a_reset_is_heard(make_settings):
    class Connection:
        sock = None

        def request(self, *arguments):
            raise BrokenPipeError

        def getresponse(self):
            return "the answer"

    clock = module.Clock(1.0)
    assert module._request(Connection(), clock, "POST", "/", b"", {}) == "the answer"


def test_time_that_is_up_before_the_connection_stands_ends_it(eventually):
    clock = module.Clock(0.001)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        with pytest.raises(TimeoutError), clock:
            eventually(lambda: clock.expired)
            clock.watch(ours)
        assert ours.recv(1) == b""  # and not a wait for a peer that sends a byte now and then


def test_the_token_is_sent_and_read_anew(make_settings, make_service, tmp_path):
    service = make_service(token="one")
    token = tmp_path / "token"
    token.write_text("one\n")
    token.chmod(0o600)
    client = Client(make_settings(url=service.url, token_file=token))
    assert post(client) == NOTHING
    service.token = "two"
    assert refused(client).outcome == UNAUTHORISED
    token.write_text("two")
    assert post(client) == NOTHING


@pytest.mark.parametrize(
    ("content", "mode", "words"),
    [
        (b"hunter2", 0o604, "everybody can read or write"),
        (b"", 0o600, "has to hold one line"),
        (b"hunter2\nhunter3", 0o600, "has to hold one line"),
        (b"\xff", 0o600, "holds no plain text"),
    ],
)
def test_a_token_that_is_none(make_settings, service, tmp_path, content, mode, words):
    token = tmp_path / "token"
    token.write_bytes(content)
    token.chmod(mode)
    error = refused(Client(make_settings(token_file=token)))
    assert error.outcome == UNAUTHORISED
    assert words in str(error)
    assert "hunter2" not in str(error)
    assert service.requests == []


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://head:8080", True),
        ("https://head:8080", False),
        ("http://localhost:8080", False),
        ("http://[::1]", False),
    ],
)
def test_a_token_in_plain_text_is_warned_of(make_settings, tmp_path, caplog, url, shown):
    Forwarding(make_settings(url=url, token_file=tmp_path / "token"))
    assert ("in plain text" in caplog.text) == shown


def test_without_a_token_there_is_nothing_to_show(make_settings, caplog):
    Forwarding(make_settings(url="http://head:8080"))
    assert caplog.text == ""


def test_a_token_file_that_is_missing(make_settings, tmp_path):
    assert "cannot be read: No such file" in str(refused(Client(make_settings(token_file=tmp_path / "token"))))


def test_certificates_are_checked(make_settings, make_service, tmp_path):
    authority = Authority(tmp_path, "ca")
    pair = authority.sign("service", x509.DNSName("localhost"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.certificate, pair.key)
    service = make_service(context=context)
    unknown = refused(Client(make_settings(url=service.url)))
    assert unknown.outcome == UNREACHABLE
    assert "CERTIFICATE_VERIFY_FAILED" in str(unknown)
    trusted = Client(make_settings(url=service.url, ca_file=authority.certificate))
    assert [post(trusted), post(trusted)] == [NOTHING] * 2
    by_address = service.url.replace("localhost", "127.0.0.1")
    assert refused(Client(make_settings(url=by_address, ca_file=authority.certificate))).outcome == UNREACHABLE


def test_authorities_that_cannot_be_read(make_settings, make_service, tmp_path):
    missing = refused(Client(make_settings(url="https://localhost:1", ca_file=tmp_path / "none")))
    assert missing.outcome == UNREACHABLE


def test_the_proxies_of_the_environment_are_not_used(make_settings, service, monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert post(Client(make_settings())) == NOTHING
