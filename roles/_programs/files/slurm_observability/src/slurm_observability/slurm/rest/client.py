"""Ask slurmrestd: the token, the version of its API, its errors."""

from __future__ import annotations

import base64
import binascii
import http
import json
import os
import re
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from ..command import SlurmError, one_line
from ..endpoint import Answer, Endpoint
from .json_stream import members

TOKEN_VARIABLE = "SLURM_JWT"  # noqa: S105 -- the name of the variable, as scontrol token prints it
# What this program can read, newest first. Slurm 22.05 has 36 to 38, 24.11 has 40 to 42, 26.05 has 42 to 45.
API_VERSIONS = tuple(f"v0.0.{number}" for number in range(45, 35, -1))
AUTO = "auto"

_TOKEN = re.compile(rf"(?:{TOKEN_VARIABLE}=)?([A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*)\s*")
# 511 is what slurmrestd says when slurmctld refuses the token.
_REFUSED = (http.HTTPStatus.UNAUTHORIZED, http.HTTPStatus.FORBIDDEN, http.HTTPStatus.NETWORK_AUTHENTICATION_REQUIRED)


class RestClient:
    """One slurmrestd. Safe to use from several threads.

    ``api_version`` is ``v0.0.41`` and so on, or ``auto`` for the newest that both sides speak. The token is read anew
    for each request from ``token_file`` (the token alone, or the line that ``scontrol token`` prints), or without one
    from the environment: it may be replaced at any time. It is shown to nobody but slurmrestd.
    """

    def __init__(self, endpoint: Endpoint, token_file: Path | None = None, api_version: str = AUTO) -> None:
        self._endpoint = endpoint
        self._token_file = token_file
        self._given_version = None if api_version == AUTO else api_version
        self._found_version: str | None = None

    def version(self) -> str:
        """Return the version of the API that requests are made with. Raises SlurmError when none fits."""
        version = self._given_version or self._found_version
        if version is None:
            version = self._found_version = self._newest_version()
        return version

    def records(self, page: str, key: str, plugin: str = "slurm") -> Iterator[Any]:
        """Yield what the list ``key`` of a page holds, such as ``jobs`` of the page ``/jobs``.

        The caller must not use what it has read before the iterator ended by itself: slurmrestd's errors come last.
        Raises SlurmError.
        """
        for name, value in self._members(page, key, plugin):
            if name == key:
                yield value

    def document(self, page: str, plugin: str = "slurm") -> dict[str, Any]:
        """Return a page as a whole. Raises SlurmError."""
        return dict(self._members(page, "", plugin))

    def _members(self, page: str, listed: str, plugin: str) -> Iterator[tuple[str, Any]]:
        path = f"/{plugin}/{self.version()}{page}"
        with self._endpoint.get(path, self._headers()) as answer:
            if answer.status == http.HTTPStatus.NOT_FOUND:
                self._found_version = None  # slurmrestd may have been upgraded: ask again next time
            if answer.status != http.HTTPStatus.OK:
                raise self._refusal(answer)
            try:
                for name, value in members(answer.chunks(), listed):
                    if name == "errors" and (reason := _reason(value)):
                        raise SlurmError(f"slurmrestd at {path} says: {reason}")
                    yield name, value
            except ValueError as error:
                raise SlurmError(f"slurmrestd at {path} gives no usable answer: {one_line(str(error))}") from error

    def _newest_version(self) -> str:
        for version in API_VERSIONS:
            with self._endpoint.get(f"/slurm/{version}/ping", self._headers()) as answer:
                if answer.status == http.HTTPStatus.OK:
                    return version
                if answer.status != http.HTTPStatus.NOT_FOUND:
                    raise self._refusal(answer)
        raise SlurmError(
            f"slurmrestd at {self._endpoint.url} speaks none of the versions from {API_VERSIONS[-1]} to "
            f"{API_VERSIONS[0]}; use another source"
        )

    def _headers(self) -> dict[str, str]:
        token = self._token()
        headers = {"Accept": "application/json", "X-SLURM-USER-TOKEN": token}
        # Before 23.02 slurmrestd does not look for the user in the token.
        user = _claims(token).get("sun")
        if isinstance(user, str) and re.fullmatch(r"[!-~]+", user):
            headers["X-SLURM-USER-NAME"] = user
        return headers

    def _token(self) -> str:
        where = str(self._token_file or f"the environment variable {TOKEN_VARIABLE}")
        try:
            text = self._token_file.read_text("ascii") if self._token_file else os.environ.get(TOKEN_VARIABLE, "")
        except (OSError, ValueError) as error:
            raise SlurmError(f"the token for slurmrestd cannot be read from {where}: {_os_reason(error)}") from error
        match = _TOKEN.fullmatch(text)
        if match is None:
            raise SlurmError(f"{where} holds no token for slurmrestd; 'scontrol token' makes one")
        return match[1]

    def _refusal(self, answer: Answer) -> SlurmError:
        text = answer.beginning()
        with suppress(ValueError, AttributeError):
            text = _reason(json.loads(text).get("errors")) or text
        if answer.status in _REFUSED:
            expiry = _claims(self._token()).get("exp")
            if isinstance(expiry, (int, float)) and expiry < time.time():
                text = f"the token expired at {datetime.fromtimestamp(expiry).astimezone().isoformat(sep=' ')}"
        return answer.refusal(text)


def _reason(errors: Any) -> str:
    """Return what slurmrestd's list of errors says, without what it says twice."""
    if not isinstance(errors, list):
        return ""
    texts = [str(value) for error in errors if isinstance(error, dict) for value in _texts(error)]
    return "; ".join(dict.fromkeys(texts)) or ("an error without a text" if errors else "")


def _texts(error: dict[str, Any]) -> Iterator[Any]:
    return (error[key] for key in ("description", "error") if error.get(key))


def _claims(token: str) -> dict[str, Any]:
    """Return what the token says about itself, unchecked; slurmctld checks it."""
    payload = token.split(".")[1]
    try:
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (binascii.Error, ValueError, RecursionError):
        return {}
    return claims if isinstance(claims, dict) else {}


def _os_reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or "it is no text"
