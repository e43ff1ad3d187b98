"""Who may send and who may ask: bearer tokens, of which only the SHA-256 is kept in a file."""

from __future__ import annotations

import hashlib
import hmac
import logging
import os
import re
import secrets
import stat
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..settings_file import Faults, SettingsFileError, Table, read_table
from ..web.config import Stamp, stamp

log = logging.getLogger(__name__)

READER, WRITER, ADMIN = "reader", "writer", "admin"
ROLES = (READER, WRITER, ADMIN)
CHECK_SECONDS = 1.0

_SHA256 = re.compile(r"[0-9a-f]{64}")
_NAME = re.compile(r"[\w.@-]{1,64}", re.ASCII)


@dataclass(frozen=True)
class Sender:
    """Who sends a request: the name and the role of the token."""

    name: str
    role: str

    @property
    def may_read(self) -> bool:
        """Whether it may ask."""
        return self.role in (READER, ADMIN)

    @property
    def may_write(self) -> bool:
        """Whether it may send events and samples."""
        return self.role in (WRITER, ADMIN)


# Without a file of tokens, where the service listens on a loopback address only.
ANYBODY = Sender("-", ADMIN)


class Tokens:
    """The tokens of a file, which is read again when it changes. Safe to use from several threads."""

    def __init__(self, path: Path | None = None) -> None:
        """Read the file; without one everybody is let in. Raises SettingsFileError."""
        self._path = path
        self._stamp: Stamp = None
        self._senders: Mapping[str, Sender] = {}
        self._lock = threading.Lock()
        self._checked = time.monotonic()
        self._refused = ""
        if path is not None:
            self._stamp, self._senders = _read(path)

    @property
    def count(self) -> int:
        """How many tokens there are."""
        return len(self._senders)

    def sender(self, authorization: str | None) -> Sender | None:
        """Return who sends a request with this header, or None when nobody known does."""
        if self._path is None:
            return ANYBODY
        with self._lock:
            if time.monotonic() - self._checked >= CHECK_SECONDS:
                self._reread(self._path)
                self._checked = time.monotonic()
            senders = self._senders
        scheme, _space, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        digest = sha256(token.strip())
        # All are compared, each in constant time: how long it takes says nothing about any of them.
        found = [sender for known, sender in senders.items() if hmac.compare_digest(known, digest)]
        return found[0] if found else None

    def _reread(self, path: Path) -> None:
        if stamp(path) == self._stamp:
            self._refused = ""
            return
        try:
            self._stamp, self._senders = _read(path)
        except SettingsFileError as error:
            if str(error) != self._refused:
                log.error("the tokens as they were stay valid: %s", "; ".join(str(error).splitlines()))
            self._refused = str(error)
            return
        self._refused = ""
        log.info("%s was read again", path)


def new_token(name: str, role: str) -> tuple[str, str]:
    """Return a token of 256 random bits, and the line of the file that lets its bearer in. Raises ValueError."""
    if not _NAME.fullmatch(name):
        raise ValueError(f"'{name}' is no name for a token; give up to 64 of the characters A-Z a-z 0-9 _ . @ -")
    token = secrets.token_urlsafe(32)
    return token, f'  - {{name: "{name}", role: {role}, sha256: "{sha256(token)}"}}'


def sha256(token: str) -> str:
    """Return the digest of a token. It needs no salt and no slow hash: nobody guesses 256 random bits."""
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()


def _read(path: Path) -> tuple[Stamp, dict[str, Sender]]:
    faults = Faults(path)
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            text = file.read()
    except OSError as error:
        raise SettingsFileError(f"{path}:1: cannot be read: {error.strerror or error}") from error
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        faults.add(1, "others may write to this file, and so let themselves in: chmod go-w")
    root = read_table(text, faults, "the file of tokens")
    senders: dict[str, Sender] = {}
    for table in root.tables("tokens"):
        digest, sender = _token(table)
        if digest in senders:
            table.fault("this token is given twice", "sha256")
        senders[digest] = sender
    root.end()
    faults.raise_any()
    return (status.st_mtime_ns, status.st_size, status.st_ino), senders


def _token(table: Table) -> tuple[str, Sender]:
    name = table.text("name", required=True)
    if name and not _NAME.fullmatch(name):
        table.fault("name has to be up to 64 of the characters A-Z a-z 0-9 _ . @ -", "name")
    role = table.choice("role", ROLES, "", required=True)
    digest = table.text("sha256", required=True)
    if digest and not _SHA256.fullmatch(digest):
        table.fault("sha256 has to be 64 hexadecimal digits; make a token with: job-observability token new", "sha256")
    table.end()
    return digest, Sender(name, role)
