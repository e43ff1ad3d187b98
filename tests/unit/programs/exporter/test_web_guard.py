"""TLS and passwords, asked over real connections."""

from __future__ import annotations

import base64
import ipaddress
import logging
import os
import shutil
import socket
import ssl
import threading
import time
from http.client import HTTPConnection, HTTPSConnection

import bcrypt
import pytest
from cryptography import x509
from slurm_observability.exporter.exporter import Exporter
from slurm_observability.web import guard as web_guard
from slurm_observability.web import server

from tests.unit.programs.exporter.certificates import Authority

PASSWORD = "open sesame"


def hashed(password: str, cost: int = 4) -> str:
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt(cost)).decode()


def basic(user: str, password: str | bytes) -> dict[str, str]:
    secret = password if isinstance(password, bytes) else password.encode()
    return {"Authorization": "Basic " + base64.b64encode(user.encode() + b":" + secret).decode()}


@pytest.fixture(autouse=True)
def _check_each_time(monkeypatch):
    monkeypatch.setattr(web_guard, "CHECK_SECONDS", 0.0)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Certificates of two authorities."""
    directory = tmp_path_factory.mktemp("certificates")
    authority, other = Authority(directory, "ca"), Authority(directory, "other-ca")
    authority.sign("server")
    authority.sign("renewed")
    authority.sign("expired", valid_days=-1)
    authority.sign("client", x509.DNSName("prometheus.example"), x509.IPAddress(ipaddress.ip_address("::1")))
    authority.sign("stranger", x509.DNSName("stranger.example"))
    other.sign("impostor", x509.DNSName("prometheus.example"))
    return directory


@pytest.fixture
def directory(made, tmp_path):
    """A copy of the certificates, to be changed."""
    return shutil.copytree(made, tmp_path / "web")


@pytest.fixture
def serve(start, directory):
    """Start an exporter with this web configuration; returns the port and the path of the file."""

    def begin(text: str):
        path = directory / "web.yml"
        path.write_text(text)
        return start(path, interval=3600).port, path

    return begin


TLS = "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n"
CLIENT_CERTIFICATE = TLS + "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.crt\n"


def trusting(directory, client: str | None = None, authority: str = "ca") -> ssl.SSLContext:
    """What a client knows: whom it trusts, and the certificate that it shows."""
    context = ssl.create_default_context(cafile=directory / f"{authority}.crt")
    if client:
        context.load_cert_chain(directory / f"{client}.crt", directory / f"{client}.key")
    return context


def ask(port: int, context: ssl.SSLContext | None = None, path: str = "/-/healthy", **headers: str):
    """Return status, headers and body of one request on a connection of its own."""
    connection = (
        HTTPSConnection("127.0.0.1", port, context=context, timeout=10)
        if context
        else HTTPConnection("127.0.0.1", port, timeout=10)
    )
    try:
        connection.request("GET", path, headers=headers)
        response = connection.getresponse()
        return response.status, response.headers, response.read()
    finally:
        connection.close()


def served_certificate(port: int, context: ssl.SSLContext) -> bytes:
    with (
        socket.create_connection(("127.0.0.1", port)) as plain,
        context.wrap_socket(plain, server_hostname="127.0.0.1") as secured,
    ):
        return secured.getpeercert(binary_form=True)


def refused(port: int, context: ssl.SSLContext) -> bool:
    """Whether the server ends the connection of this client. With TLS 1.3 the client notices when it reads."""
    try:
        ask(port, context)
    except OSError:
        return True
    return False


def test_pages_come_over_tls(serve, directory):
    port, _path = serve(TLS)
    assert ask(port, trusting(directory))[0] == 200


def test_a_client_that_trusts_another_authority_turns_away(serve, directory):
    port, _path = serve(TLS)
    with pytest.raises(ssl.SSLCertVerificationError):
        ask(port, trusting(directory, authority="other-ca"))


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_both_versions_of_tls(serve, directory, version):
    port, _path = serve(TLS)
    context = trusting(directory)
    context.minimum_version = context.maximum_version = version
    assert ask(port, context)[0] == 200


def test_a_version_that_is_not_offered(serve, directory):
    port, _path = serve(TLS + "  min_version: TLS13\n")
    context = trusting(directory)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    assert refused(port, context)


def test_client_certificates(serve, directory):
    port, _path = serve(CLIENT_CERTIFICATE)
    assert ask(port, trusting(directory, "client"))[0] == 200
    assert refused(port, trusting(directory))
    assert refused(port, trusting(directory, "impostor"))
    assert refused(port, trusting(directory, "expired"))


def test_a_certificate_that_is_optional_has_to_be_good(serve, directory):
    port, _path = serve(CLIENT_CERTIFICATE.replace("RequireAndVerifyClientCert", "VerifyClientCertIfGiven"))
    assert ask(port, trusting(directory))[0] == 200
    assert refused(port, trusting(directory, "impostor"))


@pytest.mark.parametrize("name", ["prometheus.example", "'::1'"])
def test_names_that_a_client_has_to_bear(serve, directory, name):
    port, _path = serve(CLIENT_CERTIFICATE + f"  client_allowed_sans: [other.example, {name}]\n")
    assert ask(port, trusting(directory, "client"))[0] == 200
    assert refused(port, trusting(directory, "stranger"))


def test_plain_http_on_a_tls_port_is_told_so(serve):
    port, _path = serve(TLS)
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
        answer = connection.recv(65536)
    assert answer.startswith(b"HTTP/1.0 400 Bad Request\r\n") and b"this is an HTTPS server" in answer


@pytest.mark.parametrize(
    "junk",
    [b"\x00" * 100, os.urandom(1000), b"\x16\x03\x01\xff\xff" + b"x" * 1000, b""],
    ids=["zeros", "random", "a record that is too long", "nothing"],
)
def test_garbage_hurts_nobody(serve, directory, junk):
    port, _path = serve(TLS)
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(junk)
    assert ask(port, trusting(directory))[0] == 200


def test_a_client_that_connects_and_says_nothing_keeps_nobody_waiting(serve, directory, monkeypatch):
    monkeypatch.setattr(web_guard, "HANDSHAKE_SECONDS", 3)
    port, _path = serve(TLS)
    with socket.create_connection(("127.0.0.1", port)) as silent, socket.create_connection(("127.0.0.1", port)) as slow:
        slow.sendall(b"\x16\x03\x01")
        began = time.monotonic()
        assert ask(port, trusting(directory))[0] == 200
        assert time.monotonic() - began < 2.5
        silent.settimeout(10)
        assert silent.recv(1) == b""  # and it is shown the door


def test_failed_handshakes_are_named_once_a_minute(serve, caplog, eventually):
    port, _path = serve(TLS)
    with caplog.at_level(logging.DEBUG, logger=web_guard.__name__):
        for _attempt in range(3):
            with pytest.raises(ssl.SSLError):
                ask(port, ssl.create_default_context())
        eventually(lambda: sum("no TLS with 127.0.0.1" in record.message for record in caplog.records) == 3)
    warnings = [record.message for record in caplog.records if record.levelno == logging.WARNING]
    assert len(warnings) == 1 and "alert unknown ca" in warnings[0].lower().replace("_", " ")


def test_a_look_whether_the_port_is_open_is_no_event(serve, caplog, eventually):
    port, _path = serve(TLS)
    with caplog.at_level(logging.DEBUG, logger=web_guard.__name__):
        socket.create_connection(("127.0.0.1", port)).close()
        eventually(lambda: "no TLS with 127.0.0.1" in caplog.text)
    assert [record.levelno for record in caplog.records if "no TLS" in record.message] == [logging.DEBUG]


def test_a_renewed_certificate_is_served_without_a_restart(serve, directory):
    port, _path = serve(TLS)
    trusts = trusting(directory)
    before = served_certificate(port, trusts)
    for ending in ("crt", "key"):
        (directory / f"renewed.{ending}").replace(directory / f"server.{ending}")
    after = served_certificate(port, trusts)
    assert before != after == ssl.PEM_cert_to_DER_cert((directory / "server.crt").read_text())


def test_half_of_a_renewal_changes_nothing_and_is_said_once(serve, directory, caplog):
    port, _path = serve(TLS)
    trusts = trusting(directory)
    before = served_certificate(port, trusts)
    (directory / "renewed.crt").replace(directory / "server.crt")
    assert served_certificate(port, trusts) == served_certificate(port, trusts) == before
    said = [record.message for record in caplog.records if "stays valid" in record.message]
    assert len(said) == 1 and "key values mismatch" in said[0]
    (directory / "renewed.key").replace(directory / "server.key")
    assert served_certificate(port, trusts) != before


def test_a_file_that_is_gone_or_broken_opens_no_door(serve, directory, caplog):
    port, path = serve(f"basic_auth_users:\n  alice: {hashed(PASSWORD)}\n")
    for ruin in (path.unlink, lambda: path.write_text("basic_auth_users: [")):
        ruin()
        assert ask(port)[0] == 401
        assert ask(port, **basic("alice", PASSWORD))[0] == 200
    path.write_text("")
    assert ask(port)[0] == 200


def test_tls_can_begin_and_end_while_it_runs(serve, directory):
    port, path = serve("")
    assert ask(port)[0] == 200
    path.write_text(TLS)
    assert ask(port, trusting(directory))[0] == 200
    path.write_text("# nothing\n")
    assert ask(port)[0] == 200


def test_an_expired_certificate_is_the_clients_to_refuse(serve, directory):
    port, _path = serve(TLS.replace("server.", "expired."))
    with pytest.raises(ssl.SSLCertVerificationError, match="expired"):
        ask(port, trusting(directory))


@pytest.mark.parametrize("path", ["/metrics", "/", "/-/healthy", "/-/ready", "/sd/node_exporter", "/none"])
def test_every_page_wants_the_password(serve, path):
    port, _path = serve(f"basic_auth_users:\n  alice: {hashed(PASSWORD)}\n")
    status, headers, _body = ask(port, path=path)
    assert (status, headers["WWW-Authenticate"]) == (401, "Basic")
    assert ask(port, path=path, **basic("alice", PASSWORD))[0] != 401


@pytest.mark.parametrize(
    "headers",
    [
        basic("alice", "wrong"),
        basic("alice", ""),
        basic("alice", PASSWORD + "\0"),
        basic("bob", PASSWORD),
        basic("", PASSWORD),
        {"Authorization": "Basic"},
        {"Authorization": "Basic !!!"},
        {"Authorization": "Basic " + base64.b64encode(b"no colon").decode()},
        {"Authorization": "Basic " + base64.b64encode(b"\xff:x").decode()},
        {"Authorization": "Bearer " + base64.b64encode(f"alice:{PASSWORD}".encode()).decode()},
    ],
)
def test_wrong_credentials(serve, headers):
    port, _path = serve(f"basic_auth_users:\n  alice: {hashed(PASSWORD)}\n")
    assert ask(port, **headers)[0] == 401


def test_passwords_beyond_what_bcrypt_reads_and_with_colons(serve):
    long = "a:b" * 40
    port, _path = serve(f"basic_auth_users:\n  alice: {hashed(long[:72])}\n")
    assert ask(port, **basic("alice", long))[0] == 200


def test_a_user_who_is_taken_out_is_out_at_once(serve):
    port, path = serve(f"basic_auth_users:\n  alice: {hashed(PASSWORD)}\n  bob: {hashed('b')}\n")
    connection = HTTPConnection("127.0.0.1", port, timeout=10)

    def status() -> int:
        connection.request("GET", "/-/healthy", headers=basic("alice", PASSWORD))
        response = connection.getresponse()
        response.read()
        return response.status

    assert status() == 200
    path.write_text(f"basic_auth_users:\n  bob: {hashed('b')}\n")
    assert status() == 401
    connection.close()


@pytest.fixture
def counted(monkeypatch):
    """The hashes that bcrypt had to work on."""
    worked_on: list[bytes] = []
    check = bcrypt.checkpw

    def checkpw(password: bytes, hashed_password: bytes) -> bool:
        worked_on.append(hashed_password)
        return check(password, hashed_password)

    monkeypatch.setattr(web_guard.bcrypt, "checkpw", checkpw)
    return worked_on


def test_a_right_password_costs_bcrypt_once_and_anything_else_each_time(counted):
    users = {"alice": hashed(PASSWORD).encode(), "bob": hashed("b").encode()}
    passwords = web_guard.Passwords()
    for _scrape in range(5):
        assert passwords.accept(users, basic("alice", PASSWORD)["Authorization"])
    assert counted == [users["alice"]]
    assert not passwords.accept(users, basic("alice", "wrong")["Authorization"])
    assert not passwords.accept(users, basic("mallory", PASSWORD)["Authorization"])
    assert not passwords.accept(users, basic("mallory", PASSWORD)["Authorization"])
    assert len(counted) == 4 and counted[2] == counted[3]


def test_a_new_hash_makes_the_old_password_worthless(counted):
    passwords = web_guard.Passwords()
    header = basic("alice", PASSWORD)["Authorization"]
    assert passwords.accept({"alice": hashed(PASSWORD).encode()}, header)
    assert not passwords.accept({"alice": hashed("new").encode()}, header)


def test_unknown_users_meet_each_cost_that_there_is(counted):
    users = {"alice": hashed("a", 4).encode(), "bob": hashed("b", 5).encode()}
    passwords = web_guard.Passwords()
    for number in range(40):
        passwords.accept(users, basic(f"mallory{number}", "x")["Authorization"])
    assert set(counted) == set(users.values())


def test_guessers_do_not_hold_up_who_is_known(serve):
    port, _path = serve(f"basic_auth_users:\n  alice: {hashed(PASSWORD, 11)}\n")
    assert ask(port, **basic("alice", PASSWORD))[0] == 200
    guesses = [threading.Thread(target=ask, args=(port,), kwargs=basic("alice", str(number))) for number in range(4)]
    for guess in guesses:
        guess.start()
    began = time.monotonic()
    assert ask(port, **basic("alice", PASSWORD))[0] == 200
    took = time.monotonic() - began
    for guess in guesses:
        guess.join()
    assert took < (time.monotonic() - began) / 2


def test_a_password_that_bcrypt_refuses_is_wrong(monkeypatch):
    def checkpw(password: bytes, hashed_password: bytes) -> bool:
        raise ValueError("as bcrypt before 5.0 says of a zero byte")

    monkeypatch.setattr(web_guard.bcrypt, "checkpw", checkpw)
    users = {"alice": hashed(PASSWORD).encode()}
    assert not web_guard.Passwords().accept(users, basic("alice", PASSWORD)["Authorization"])


def test_one_password_is_worked_on_at_a_time(monkeypatch):
    at_work: list[int] = []
    busy = threading.Lock()

    def checkpw(password: bytes, hashed_password: bytes) -> bool:
        at_work.append(busy.acquire(blocking=False))
        time.sleep(0.02)
        busy.release()
        return False

    monkeypatch.setattr(web_guard.bcrypt, "checkpw", checkpw)
    passwords = web_guard.Passwords()
    arguments = ({"alice": hashed(PASSWORD).encode()}, basic("alice", "wrong")["Authorization"])
    guesses = [threading.Thread(target=passwords.accept, args=arguments) for _guess in range(5)]
    for guess in guesses:
        guess.start()
    for guess in guesses:
        guess.join()
    assert at_work == [True] * 5


def test_headers_of_the_site(serve):
    port, _path = serve("http_server_config:\n  headers:\n    X-Frame-Options: deny\n")
    assert ask(port)[1]["X-Frame-Options"] == ask(port, path="/none")[1]["X-Frame-Options"] == "deny"


def test_requests_are_limited_and_let_in_again(serve):
    port, path = serve("rate_limit:\n  interval: 1h\n  burst: 2\n")
    assert [ask(port)[0] for _request in range(3)] == [200, 200, 429]
    path.write_text("rate_limit:\n  interval: 1ms\n  burst: 1\n")
    time.sleep(0.01)
    assert [ask(port)[0], time.sleep(0.01), ask(port)[0]] == [200, None, 200]


def test_what_is_asked_for_in_vain_is_said(directory, caplog):
    path = directory / "web.yml"
    path.write_text("http_server_config:\n  http2: true\n")
    web_guard.Guard(path)
    assert "http2 is not offered" in caplog.text


def test_a_request_that_drips_in_is_ended(serve, monkeypatch):
    monkeypatch.setattr(server, "REQUEST_SECONDS", 0.3)
    port, _path = serve("")
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        began = time.monotonic()
        with pytest.raises(OSError):
            for letter in b"GET /-/healthy HTTP/1.1\r\nX: " + b"y" * 100:
                connection.sendall(bytes([letter]))
                time.sleep(0.05)
        assert time.monotonic() - began < 3


def test_a_request_that_stops_halfway_is_ended(serve, monkeypatch):
    monkeypatch.setattr(server, "REQUEST_SECONDS", 0.3)
    port, _path = serve("")
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(b"GET /-/healthy HTTP/1.1\r\nX: ")
        assert connection.recv(1) == b""


def test_between_requests_a_client_may_be_silent(serve, monkeypatch):
    monkeypatch.setattr(server, "REQUEST_SECONDS", 0.1)
    port, _path = serve("")
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        for _request in range(2):
            connection.sendall(b"GET /-/healthy HTTP/1.1\r\n\r\n")
            assert connection.recv(65536).endswith(b"healthy\n")
            time.sleep(0.3)


def test_clients_that_never_shake_hands_keep_nobody_out(serve, directory, monkeypatch):
    monkeypatch.setattr(server, "MAX_CONNECTIONS", 2)
    port, _path = serve(TLS)
    silent = [socket.create_connection(("127.0.0.1", port), timeout=5) for _ in range(4)]
    assert ask(port, trusting(directory))[0] == 200
    assert [connection.recv(1) for connection in silent[:3]] == [b""] * 3
    for connection in silent:
        connection.close()


@pytest.mark.parametrize("text", ["", TLS], ids=["plain", "tls"])
@pytest.mark.parametrize("size", [server.SMALL_BYTES // 7 - 100, 1_000_000], ids=["small", "large"])
def test_an_answer_in_pieces_is_whole(serve, directory, monkeypatch, text, size):
    monkeypatch.setattr(Exporter, "metrics", lambda self: (b"0123456" * size, b"the end"))
    port, _path = serve(text)
    status, headers, body = ask(port, trusting(directory) if text else None, path="/metrics")
    assert (status, headers["Content-Length"], len(body)) == (200, str(7 * size + 7), 7 * size + 7)
    assert body == b"0123456" * size + b"the end"


def test_an_answer_that_nobody_takes_is_given_up(serve, monkeypatch, eventually):
    monkeypatch.setattr(server, "ANSWER_SECONDS", 0.3)
    monkeypatch.setattr(Exporter, "metrics", lambda self: (b"x" * 50_000_000, b"y"))
    monkeypatch.setattr(server, "MAX_CONNECTIONS", 1)
    port, _path = serve("")
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(b"GET /metrics HTTP/1.1\r\n\r\n")

        def has_room() -> bool:
            try:
                return ask(port)[0] == 200
            except OSError:
                return False

        eventually(has_room)
