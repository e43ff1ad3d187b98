"""Let in whom the web configuration lets in. The file and its certificates are read again when one of them changes."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import ipaddress
import logging
import os
import socket
import ssl
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from http import HTTPStatus
from pathlib import Path

import bcrypt

from ..settings_file import SettingsFileError
from ..slurm.command import one_line
from .config import RateLimit, WebConfig, read_web_config, stamp

log = logging.getLogger(__name__)

CHECK_SECONDS = 1.0
HANDSHAKE_SECONDS = 10.0
SILENT_SECONDS = 60.0
# What bcrypt looks at of a password.
BCRYPT_BYTES = 72

_PLAIN_HTTP_ANSWER = b"HTTP/1.0 400 Bad Request\r\n\r\nthis is an HTTPS server, and the request came in plain HTTP\n"


class Guard:
    """Stands before the pages: secures a connection, and says which requests get no page.

    Safe to use from several threads.
    """

    def __init__(self, path: Path | None = None) -> None:
        """Read the file; without one everybody is let in. Raises SettingsFileError."""
        self._path = path
        self._config = WebConfig() if path is None else read_web_config(path)
        self._passwords = Passwords()
        self._bucket = _Bucket(self._config.rate_limit)
        self._lock = threading.Lock()
        self._checked = time.monotonic()
        self._refused = ""
        self._silent_until = 0.0
        for notice in self._config.notices:
            log.warning("%s: %s", path, notice)

    @property
    def config(self) -> WebConfig:
        """The configuration as it is on disk, or was a second ago. One that cannot be used changes nothing."""
        if self._path is not None:
            with self._lock:
                if time.monotonic() - self._checked >= CHECK_SECONDS:
                    self._reread(self._path)
                    self._checked = time.monotonic()
        return self._config

    def wrap(self, connection: socket.socket) -> socket.socket:
        """Return the connection as it is, or in TLS, where there is to be some. Waits for nothing. Raises OSError."""
        tls = self.config.tls
        return tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False) if tls else connection

    def shake_hands(self, secured: socket.socket, address: Sequence[object]) -> None:
        """Make the handshake of a connection in TLS. Raises OSError and closes it.

        ``address`` is that of the client. It takes no longer than HANDSHAKE_SECONDS.
        """
        if not isinstance(secured, ssl.SSLSocket):
            return
        secured.settimeout(HANDSHAKE_SECONDS)
        try:
            secured.do_handshake()
            _check_names(secured, self.config)
        except OSError as error:
            in_plain_http = isinstance(error, ssl.SSLError) and error.reason == "HTTP_REQUEST"
            _end(secured, _PLAIN_HTTP_ANSWER if in_plain_http else b"")
            self._note_failure(address, error)
            raise

    def refusal(self, authorization: str | None) -> HTTPStatus | None:
        """Return what a request with this header is refused with, or None when it is let in."""
        config = self.config
        if not self._bucket.take():
            return HTTPStatus.TOO_MANY_REQUESTS
        if config.users and not self._passwords.accept(config.users, authorization):
            return HTTPStatus.UNAUTHORIZED
        return None

    def _note_failure(self, address: Sequence[object], error: OSError) -> None:
        # One line a minute says what is wrong; whoever scans the port should not fill the journal. A connection that
        # only looks whether the port is open is no event at all.
        said_nothing = isinstance(error, (ssl.SSLEOFError, ssl.SSLZeroReturnError, ConnectionError))
        level = logging.WARNING if time.monotonic() >= self._silent_until and not said_nothing else logging.DEBUG
        if level == logging.WARNING:
            self._silent_until = time.monotonic() + SILENT_SECONDS
        log.log(level, "no TLS with %s: %s", address[0], one_line(str(error)))

    def _reread(self, path: Path) -> None:
        if all(stamp(file) == before for file, before in self._config.files.items()):
            self._refused = ""
            return
        try:
            config = read_web_config(path)
        except SettingsFileError as error:
            if str(error) != self._refused:
                log.error("the web configuration as it was stays valid: %s", "; ".join(str(error).splitlines()))
            self._refused = str(error)
            return
        log.info("%s was read again", path)
        if config.rate_limit != self._config.rate_limit:
            self._bucket = _Bucket(config.rate_limit)
        self._refused = ""
        self._config = config


class Passwords:
    """Checks basic authentication against bcrypt hashes. A password that was right once costs no bcrypt again."""

    def __init__(self) -> None:
        self._salt = os.urandom(32)
        self._accepted: dict[str, bytes] = {}
        # One at a time: bcrypt is made to be slow, and guessers should not get all processors.
        self._slow = threading.Lock()

    def accept(self, users: Mapping[str, bytes], authorization: str | None) -> bool:
        """Return whether the header names one of the users, with the right password.

        Neither the answer nor its time tells an unknown user from a wrong password.
        """
        credentials = _credentials(authorization)
        if credentials is None:
            return False
        user, password = credentials
        # An unknown name is checked against the hash of a user, for one name always the same.
        stand_in = sorted(users.values())[self._digest(user.encode())[0] % len(users)]
        hashed = users.get(user, stand_in)
        digest = self._digest(hashed, password)
        if user in users and hmac.compare_digest(self._accepted.get(user, b""), digest):
            return True
        with self._slow:
            right = _matches(password, hashed)
        if user in users and right:
            self._accepted[user] = digest
        return user in users and right

    def _digest(self, *parts: bytes) -> bytes:
        """Return a digest that says nothing to whoever lacks the salt, which leaves this process nowhere."""
        lengths = b"".join(len(part).to_bytes(8, "big") for part in parts)
        return hmac.digest(self._salt, lengths + b"".join(parts), hashlib.sha256)


class _Bucket:
    """A token bucket: each request takes a token, and one comes back per interval."""

    def __init__(self, limit: RateLimit | None) -> None:
        self._limit = limit
        self._tokens = float(limit.burst) if limit else 0.0
        self._filled = time.monotonic()
        self._lock = threading.Lock()

    def take(self) -> bool:
        """Return whether there was a token to take."""
        if self._limit is None:
            return True
        with self._lock:
            now = time.monotonic()
            self._tokens = min(self._limit.burst, self._tokens + (now - self._filled) / self._limit.interval)
            self._filled = now
            if self._tokens < 1:
                return False
            self._tokens -= 1
            return True


def _credentials(authorization: str | None) -> tuple[str, bytes] | None:
    """Return user and password of a header of basic authentication, or None when it is none."""
    scheme, _space, encoded = (authorization or "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, colon, password = base64.b64decode(encoded.strip(), validate=True).partition(b":")
        return (user.decode(), password) if colon else None
    except (binascii.Error, ValueError):
        return None


def _matches(password: bytes, hashed: bytes) -> bool:
    try:
        return bcrypt.checkpw(password[:BCRYPT_BYTES], hashed)
    except ValueError:  # a password with a zero byte is nobody's
        return False


def _check_names(secured: ssl.SSLSocket, config: WebConfig) -> None:
    """Raise OSError when the client shows a certificate that bears none of the allowed names."""
    certificate = secured.getpeercert()
    if not certificate or config.allowed_sans is None:
        return
    names: Iterable[tuple[str, str]] = certificate.get("subjectAltName", ())  # type: ignore[assignment]
    if not config.allowed_sans.intersection(_plain(kind, name) for kind, name in names):
        raise OSError("the client's certificate bears none of client_allowed_sans")


def _plain(kind: str, name: str) -> str:
    """Return a name of a certificate as Prometheus' exporters write it: an IPv6 address in its short form."""
    if kind == "IP Address":
        with suppress(ValueError):
            return str(ipaddress.ip_address(name.strip()))
    return name


def _end(secured: ssl.SSLSocket, words: bytes) -> None:
    """Close a connection whose handshake failed, with some last words in plain text."""
    with socket.socket(fileno=secured.detach()) as plain, suppress(OSError):
        plain.settimeout(1.0)
        plain.sendall(words)
        plain.shutdown(socket.SHUT_WR)
