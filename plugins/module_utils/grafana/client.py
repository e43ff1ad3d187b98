# -*- coding: utf-8 -*-
# Copyright: slurm.observability contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Grafana's HTTP API, as the modules of this collection speak with it: signing in, TLS, retries, plain errors."""

from __future__ import annotations

import base64
import email.utils
import http.client
import json
import ssl
from collections.abc import Iterator, Mapping
from time import sleep, time
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlencode, urlsplit
from urllib.request import Request

from ansible_collections.slurm.observability.plugins.module_utils.grafana.errors import (
    DocumentError,
    GrafanaError,
    RefusedError,
    StrangeAnswerError,
    UnreachableError,
)
from ansible_collections.slurm.observability.plugins.module_utils.grafana.transport import AGENT, opener

# What passes by itself: too many requests, and a server that starts, stops or has a bad moment.
_PASSING = (429, 500, 502, 503, 504)
_LONGEST_PAUSE_SECONDS = 60.0
_PAGE_SIZE = 500


def credential(params: Mapping[str, Any]) -> str:
    """The header that signs in with the options: a token of a service account, or a name and a password."""
    if params["token"]:
        token = params["token"].strip()  # of the line that it was read from
        if not (token.isascii() and token.isprintable()):
            raise DocumentError("token has characters in it that no token has: was it encrypted, or cut out wrongly?")
        return f"Bearer {token}"
    if not params["url_username"] or not params["url_password"]:
        raise DocumentError("there is no credential: set token, or url_username and url_password")
    pair = f"{params['url_username']}:{params['url_password']}".encode()
    return f"Basic {base64.b64encode(pair).decode()}"


def checked_address(address: str) -> str:
    """The address of a Grafana without a slash at its end. Raises DocumentError when it is none."""
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise DocumentError("grafana_url is no address: it starts with https:// and has the name of a host")
    if parts.username or parts.password:
        raise DocumentError("grafana_url has a name or a password in it: put them into url_username and url_password")
    return address.rstrip("/")


class GrafanaClient:
    """Sends requests to one Grafana, in one organisation.

    Every method raises RefusedError for a refusal, UnreachableError without an answer, and StrangeAnswerError for one
    of something else. No error and no result has a header in it: they hold the credential.
    """

    def __init__(self, params: Mapping[str, Any]) -> None:
        self.address = checked_address(params["grafana_url"])
        self._headers = {
            "Accept": "application/json",
            "Authorization": credential(params),
            "User-Agent": AGENT,
        }
        if params["org_id"]:
            self._headers["X-Grafana-Org-Id"] = str(params["org_id"])
        self._opener = opener(params)
        self._timeout = params["timeout"]
        self._retries = params["retries"]

    def get(self, path: str, **query: Any) -> Any:
        """The document at a path; None when there is none."""
        try:
            return self.send("GET", path, **query)
        except RefusedError as error:
            if error.status == 404:
                return None
            raise

    def pages(self, path: str, **query: Any) -> Iterator[Any]:
        """The entries of a list that Grafana hands out in pages."""
        page = 1
        while True:
            entries = self.send("GET", path, limit=_PAGE_SIZE, page=page, **query)
            yield from entries
            if len(entries) < _PAGE_SIZE:
                return
            page += 1

    def send(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
        """Send one request, again where that helps; return the document of the answer.

        ``path`` is quoted, by ``part`` where names are in it.
        """
        what = f"{method} {path}"
        data = None if body is None else json.dumps(body).encode()
        headers = {**self._headers, **({} if data is None else {"Content-Type": "application/json"})}
        url = self.address + path + (f"?{urlencode(query, doseq=True)}" if query else "")
        request = Request(url, data, headers, method=method)  # noqa: S310  # checked_address has looked at the scheme
        for attempt in range(self._retries + 1):
            try:
                with self._opener.open(request, timeout=self._timeout) as response:
                    return _document(what, response.read())
            except HTTPError as error:
                if error.code not in _PASSING or attempt == self._retries:
                    raise self._refusal(what, error, attempt > 0) from None
                sleep(_pause(error.headers.get("Retry-After"), attempt))
            except (OSError, http.client.HTTPException) as error:
                if not _may_be_sent_again(method, error) or attempt == self._retries:
                    raise UnreachableError(f"{self.address} does not answer: {_reason(error)}") from error
                sleep(_pause(None, attempt))
        raise AssertionError("the last attempt returns or raises")

    def _refusal(self, what: str, error: HTTPError, retried: bool) -> GrafanaError:
        if 300 <= error.code < 400:
            target = error.headers.get("Location", "elsewhere")
            return StrangeAnswerError(
                f"{self.address} sends us on to {target}: set grafana_url to where Grafana itself is"
            )
        return RefusedError(what, error.code, _explanation(error), retried=retried)


def part(text: str) -> str:
    """A name as one part of a path, whatever is in it."""
    return quote(text, safe="")


def _explanation(error: HTTPError) -> str:
    """The body of a refusal; empty where it does not come through whole."""
    try:
        return error.read().decode("utf-8", "replace")
    except (OSError, http.client.HTTPException):
        return ""


def _document(what: str, body: bytes) -> Any:
    if not body.strip():
        return {}
    try:
        return json.loads(body)
    except ValueError:
        beginning = " ".join(body[:80].decode("utf-8", "replace").split())
        raise StrangeAnswerError(
            f"{what}: the answer is not Grafana's, but: {beginning}; is grafana_url right, with its sub-path?"
        ) from None


def _pause(retry_after: str | None, attempt: int) -> float:
    """Seconds until the next attempt: those that Grafana asks for, else twice as many each time."""
    seconds = float(2**attempt)
    try:
        seconds = float(retry_after or seconds)
    except ValueError:
        date = email.utils.parsedate_tz(retry_after)
        seconds = email.utils.mktime_tz(date) - time() if date else seconds
    return min(max(seconds, 0.0), _LONGEST_PAUSE_SECONDS)


def _may_be_sent_again(method: str, error: Exception) -> bool:
    """Whether a request that got no answer may go out once more: what may have been taken on does not."""
    reason = error.reason if isinstance(error, URLError) else error
    if isinstance(reason, ssl.SSLError):
        return False
    return method == "GET" or isinstance(reason, ConnectionRefusedError)


def _reason(error: Exception) -> str:
    reason = error.reason if isinstance(error, URLError) else error
    text = " ".join(str(reason).split()) or type(reason).__name__
    if isinstance(reason, ssl.SSLCertVerificationError):
        text += "; set ca_path to the certificate of the authority that signed Grafana's"
    return text
