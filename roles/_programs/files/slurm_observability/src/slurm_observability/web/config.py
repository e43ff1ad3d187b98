"""The file that says who may ask the exporter, and over what: TLS and passwords in the format of Prometheus' exporters.

The format is that of the exporter-toolkit (docs/web-configuration.md there). Paths are relative to the file.
"""

from __future__ import annotations

import os
import re
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from ..settings_file import Faults, SettingsFileError, Table, read_table
from ..slurm.command import one_line

# Go's names of the cipher suites up to TLS 1.2, and OpenSSL's.
CIPHER_SUITES = {
    f"TLS_ECDHE_{key}_WITH_{ours}": f"ECDHE-{key}-{theirs}"
    for key in ("ECDSA", "RSA")
    for ours, theirs in (
        ("AES_128_CBC_SHA", "AES128-SHA"),
        ("AES_256_CBC_SHA", "AES256-SHA"),
        ("AES_128_GCM_SHA256", "AES128-GCM-SHA256"),
        ("AES_256_GCM_SHA384", "AES256-GCM-SHA384"),
        ("CHACHA20_POLY1305_SHA256", "CHACHA20-POLY1305"),
    )
}
# Those of TLS 1.3 may be named; neither Go nor Python lets anybody choose among them.
TLS13_CIPHER_SUITES = ("TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256")
CURVES = {"CurveP256": "prime256v1", "CurveP384": "secp384r1", "CurveP521": "secp521r1", "X25519": "X25519"}
VERSIONS = {"TLS10": None, "TLS11": None, "TLS12": ssl.TLSVersion.TLSv1_2, "TLS13": ssl.TLSVersion.TLSv1_3}
CLIENT_AUTH = {
    "NoClientCert": ssl.CERT_NONE,
    "RequestClientCert": ssl.CERT_NONE,  # asks for a certificate and looks at none
    "VerifyClientCertIfGiven": ssl.CERT_OPTIONAL,
    "RequireAndVerifyClientCert": ssl.CERT_REQUIRED,
}
# What the toolkit also knows; whoever has any certificate would be let in.
UNVERIFIED_CLIENT_AUTH = ("RequireAnyClientCert", "RequireClientCert")
# The response headers that the format allows, and their values where it allows some only.
HEADERS: Mapping[str, tuple[str, ...]] = {
    "Content-Security-Policy": (),
    "Strict-Transport-Security": (),
    "X-Content-Type-Options": ("nosniff",),
    "X-Frame-Options": ("deny", "sameorigin"),
    "X-XSS-Protection": (),
}

_VERSION_KEYS = {"min_version": "TLS12", "max_version": "TLS13"}
_BCRYPT = re.compile(r"\$2[aby]?\$(0[4-9]|[12]\d|3[01])\$[./A-Za-z0-9]{53}")
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)")
_DURATION_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}

# What a file was when it was read: another stamp means that it has to be read again. None: it cannot be read.
Stamp = tuple[int, int, int] | None


@dataclass(frozen=True)
class RateLimit:
    """One request per ``interval`` seconds on average, and ``burst`` of them at once."""

    interval: float
    burst: int


@dataclass(frozen=True)
class WebConfig:
    """Who may ask, and over what. Without a file: everybody, over plain HTTP.

    ``users`` holds bcrypt hashes by name; ``allowed_sans`` the names of which a client's certificate has to bear one,
    None for any; ``files`` all files that this was made from, as they were; ``notices`` what is asked for in vain.
    """

    users: Mapping[str, bytes] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    rate_limit: RateLimit | None = None
    tls: ssl.SSLContext | None = None
    allowed_sans: frozenset[str] | None = None
    files: Mapping[Path, Stamp] = field(default_factory=dict)
    notices: tuple[str, ...] = ()


def read_web_config(path: Path) -> WebConfig:
    """Read the file, and the certificates it names. Raises SettingsFileError."""
    return _Reader(path).read()


def stamp(path: Path) -> Stamp:
    """Return what tells a file from the same file after a change."""
    try:
        return _stamp(path.stat())
    except OSError:
        return None


class _Reader:
    """Reads one file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._faults = Faults(path)
        self._files: dict[Path, Stamp] = {}
        self._notices: list[str] = []

    def read(self) -> WebConfig:
        try:
            text = self._bytes(self._path)
        except OSError as error:
            raise SettingsFileError(f"{self._path}:1: cannot be read: {error.strerror or error}") from error
        root = read_table(text, self._faults, "the web configuration")
        server, answers, limit = (
            root.table(name) for name in ("tls_server_config", "http_server_config", "rate_limit")
        )
        sans = server.texts("client_allowed_sans")
        config = WebConfig(
            users=self._users(root.table("basic_auth_users")),
            headers=self._headers(answers),
            rate_limit=self._rate_limit(limit),
            tls=self._tls(server),
            allowed_sans=frozenset(sans) if "client_allowed_sans" in server else None,
            files=self._files,
            notices=tuple(self._notices),
        )
        for table in (root, server, answers, limit):
            table.end()
        self._faults.raise_any()
        return config

    def _users(self, table: Table) -> dict[str, bytes]:
        users = {}
        for name in table:
            users[name] = table.text(name).encode()
            if not _BCRYPT.fullmatch(users[name].decode()):
                table.fault("basic_auth_users takes bcrypt hashes; make one with: htpasswd -nBC 12 USER", name)
        return users

    def _headers(self, table: Table) -> dict[str, str]:
        if table.flag("http2", False):
            self._notices.append("http2 is not offered; clients are answered in HTTP/1.1")
        headers = table.table("headers")
        values = {name: headers.text(name) for name in HEADERS if name in headers}
        for name, value in values.items():
            allowed = HEADERS[name]
            if (allowed and value not in allowed) or not value.isprintable() or not value.isascii():
                headers.fault(f"{name} has to be {' or '.join(allowed) or 'one line of ASCII'}", name)
        headers.end()
        return {name: value for name, value in values.items() if value}

    def _rate_limit(self, table: Table) -> RateLimit | None:
        interval = _seconds(table.word("interval", "0"))
        burst = table.integer("burst", 0, 0, 1_000_000)
        if interval is None:
            table.fault("interval has to be a time like 1s or 500ms", "interval")
        if interval and not burst:
            table.fault("with a burst of 0 nobody would be answered; give how many requests may come at once", "burst")
        return RateLimit(interval, burst) if interval else None

    def _tls(self, table: Table) -> ssl.SSLContext | None:
        """Return what the server says in a handshake; None when it is to speak plain HTTP."""
        certificate, key, authority = (self._pem(table, name) for name in ("cert", "key", "client_ca"))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.set_alpn_protocols(["http/1.1"])
        self._versions(table, context)
        self._ciphers(table, context)
        self._curves(table, context)
        self._clients(table, context, authority)
        if not table:
            return None
        for name, content in (("cert", certificate), ("key", key)):
            if not content and name not in table and f"{name}_file" not in table:
                table.fault(f"{name}_file is missing in tls_server_config")
        if certificate and key:
            try:
                _load(context, certificate, key)
            except ssl.SSLError as error:
                reason = (error.reason or "they are not in the format PEM").replace("_", " ").lower()
                table.fault(
                    f"certificate and key cannot be used: {reason}", "key_file" if "key_file" in table else "key"
                )
        return context

    def _versions(self, table: Table, context: ssl.SSLContext) -> None:
        low, high = (table.choice(key, VERSIONS, default) for key, default in _VERSION_KEYS.items())
        if VERSIONS[low] is None:
            self._notices.append(f"min_version {low} is not offered; the oldest is TLS12")
        if VERSIONS[high] is None or high < low:
            table.fault("max_version has to be TLS12 or TLS13, and not below min_version", "max_version")
        context.minimum_version = VERSIONS[low] or ssl.TLSVersion.TLSv1_2
        context.maximum_version = VERSIONS[high] or ssl.TLSVersion.TLSv1_3

    def _ciphers(self, table: Table, context: ssl.SSLContext) -> None:
        names = table.texts("cipher_suites")
        unknown = [name for name in names if name not in (*CIPHER_SUITES, *TLS13_CIPHER_SUITES)]
        if unknown:
            known = ", ".join((*CIPHER_SUITES, *TLS13_CIPHER_SUITES))
            table.fault(f"cipher_suites: {one_line(', '.join(unknown))} unknown; known are {known}", "cipher_suites")
        chosen = [CIPHER_SUITES[name] for name in names if name in CIPHER_SUITES]
        if chosen:
            context.set_ciphers(":".join(chosen))
        elif names:
            context.minimum_version = ssl.TLSVersion.TLSv1_3
        if table.flag("prefer_server_cipher_suites", True):
            context.options |= ssl.OP_CIPHER_SERVER_PREFERENCE
        else:
            context.options &= ~ssl.OP_CIPHER_SERVER_PREFERENCE

    def _curves(self, table: Table, context: ssl.SSLContext) -> None:
        names = table.texts("curve_preferences")
        if not names:
            return
        unknown = [name for name in names if name not in CURVES]
        if unknown:
            known = ", ".join(CURVES)
            table.fault(
                f"curve_preferences: {one_line(', '.join(unknown))} unknown; known are {known}", "curve_preferences"
            )
            return
        if len(names) > 1:
            self._notices.append(f"of curve_preferences only the first is offered, {names[0]}")
        try:
            context.set_ecdh_curve(CURVES[names[0]])
        except ValueError:  # OpenSSL 1.1.1 knows X25519, and cannot be told to choose it
            table.fault(f"curve_preferences: this host's OpenSSL cannot choose {names[0]}", "curve_preferences")

    def _clients(self, table: Table, context: ssl.SSLContext, authority: bytes) -> None:
        mode = table.choice("client_auth_type", (*CLIENT_AUTH, *UNVERIFIED_CLIENT_AUTH), "NoClientCert")
        if mode in UNVERIFIED_CLIENT_AUTH:
            table.fault(
                f"{mode} accepts any certificate and protects nothing, and is not supported; take "
                "RequireAndVerifyClientCert",
                "client_auth_type",
            )
            return
        verified = CLIENT_AUTH[mode] != ssl.CERT_NONE
        if verified and not ("client_ca" in table or "client_ca_file" in table):
            table.fault(f"{mode} needs client_ca_file", "client_auth_type")
        if not verified and ("client_ca" in table or "client_ca_file" in table or "client_allowed_sans" in table):
            table.fault(
                "client_ca_file and client_allowed_sans need client_auth_type: RequireAndVerifyClientCert",
                "client_auth_type",
            )
        context.verify_mode = CLIENT_AUTH[mode]
        if authority:
            try:
                context.load_verify_locations(cadata=authority.decode("ascii", "replace"))
            except (ssl.SSLError, ValueError):
                table.fault("client_ca_file holds no certificate in the format PEM", "client_ca_file")

    def _pem(self, table: Table, name: str) -> bytes:
        """Return what is given under the name itself, or is in the file given under ``name_file``."""
        inline, path = table.text(name), table.text(f"{name}_file")
        if inline and path:
            table.fault(f"{name} and {name}_file exclude each other", name)
        if not path:
            return inline.encode()
        try:
            return self._bytes(self._path.parent / path)
        except OSError as error:
            table.fault(f"{name}_file: {one_line(path)} cannot be read: {error.strerror or error}", f"{name}_file")
            return b""

    def _bytes(self, path: Path) -> bytes:
        with path.open("rb") as file:
            self._files[path] = _stamp(os.fstat(file.fileno()))
            return file.read()


def _load(context: ssl.SSLContext, certificate: bytes, key: bytes) -> None:
    """Give the context its certificate: just what was read, so that a file that changes meanwhile does no harm."""
    with _memory_file(certificate) as first, _memory_file(key) as second:
        # Without a password an encrypted key would be asked for on the terminal.
        context.load_cert_chain(first, second, password="")


@contextmanager
def _memory_file(content: bytes) -> Iterator[str]:
    """The path of a file that exists in memory only: a key that was given inline reaches no disk."""
    descriptor = os.memfd_create("pem")
    with os.fdopen(descriptor, "wb", buffering=0) as file:
        file.write(content)
        yield f"/proc/self/fd/{descriptor}"


def _seconds(text: str) -> float | None:
    """Return a duration of Go in seconds: 1s, 500ms, 1m30s, and 0. None for anything else."""
    if text == "0":
        return 0.0
    parts = _DURATION.findall(text)
    if not parts or "".join(map("".join, parts)) != text:
        return None
    return sum(float(number) * _DURATION_UNITS[unit] for number, unit in parts)


def _stamp(status: os.stat_result) -> Stamp:
    return status.st_mtime_ns, status.st_size, status.st_ino
