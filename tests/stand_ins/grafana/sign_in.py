"""Who may do what: users with passwords, tokens of service accounts, and roles."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field

from .exchange import Refusal

# What a role may do, beyond those before it.
ROLES = {"Viewer": 0, "Editor": 1, "Admin": 2}


@dataclass(frozen=True)
class Who:
    """Somebody who has signed in."""

    name: str
    role: str
    organisations: tuple[int, ...]


@dataclass
class Accounts:
    """The users, by name with their password, and the tokens. A token is of one organisation."""

    users: dict[str, tuple[str, Who]] = field(default_factory=dict)
    tokens: dict[str, Who] = field(default_factory=dict)

    def who(self, headers: Mapping[str, str]) -> Who:
        """Who has sent a request. Raises Refusal when nobody knows them."""
        kind, _blank, value = headers.get("Authorization", "").partition(" ")
        if kind == "Bearer":
            if value not in self.tokens:
                raise _unauthorized("Invalid API key", "api-key.invalid")
            return self.tokens[value]
        if kind == "Basic":
            return self._user(value)
        raise _unauthorized("Unauthorized", "auth.unauthorized")

    def organisation(self, who: Who, headers: Mapping[str, str]) -> int:
        """The organisation that a request is for. Raises Refusal when it is none of theirs."""
        asked = headers.get("X-Grafana-Org-Id")
        number = int(asked) if asked else who.organisations[0]
        if number not in who.organisations:
            raise _unauthorized("Unauthorized", "auth.unauthorized")
        return number

    def user(self, name: str, password: str) -> Who | None:
        """The user of a name with a password, None where there is no such one."""
        known = self.users.get(name)
        return known[1] if known and known[0] == password else None

    def _user(self, value: str) -> Who:
        try:
            name, _colon, password = base64.b64decode(value).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            name = password = ""
        who = self.user(name, password)
        if who is None:
            raise _unauthorized("Invalid username or password", "password-auth.failed")
        return who


def check(who: Who, role: str, permission: str) -> None:
    """Raise Refusal unless somebody has a role, or more."""
    if ROLES[who.role] < ROLES[role]:
        raise Refusal(
            403,
            f"You'll need additional permissions to perform this action. Permissions needed: {permission}",
            title="Access denied",
            accessErrorId="ACE0000000001",
        )


def check_reader(who: Who, private: bool) -> None:
    """Raise Refusal unless somebody may see a dashboard."""
    check(who, "Admin" if private else "Viewer", "dashboards:read")


def _unauthorized(message: str, identifier: str) -> Refusal:
    return Refusal(401, message, messageId=identifier, statusCode=401, traceID="", extra=None)
