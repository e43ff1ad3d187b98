# -*- coding: utf-8 -*-
# Copyright: slurm.observability contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Azure Resource Manager, as the modules of this collection speak with it.

The pipeline (signing in, retries that heed Retry-After, proxies, logs without tokens) is that of azure-mgmt-monitor,
versions 6.0.2 and 7. Documents go through it as they are: the models of the SDK drop keys that they do not know without
a word, in what is sent and in what is answered.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlsplit

from ansible_collections.slurm.observability.plugins.module_utils.azure.errors import (
    ArmError,
    CredentialError,
    PatienceError,
    UnreachableError,
)

Document = dict[str, Any]

# Codes of a 404 that says: there is none. Others mean that something above is missing, such as the resource group.
_NOTHING = ("ResourceNotFound", "NotFound", "PolicyAssignmentNotFound", "")
_SAFE = "/!$&'()*+,;=:@"  # in a path
_DONE = ("succeeded",)
_FAILED = ("failed", "canceled")
# Azure names no interval for operations on tables (no Retry-After), and ends them within seconds.
_PAUSE_SECONDS = 2.0
_LONGEST_PAUSE_SECONDS = 30.0


@dataclass
class Patience:
    """How long to wait for Azure. ``now`` and ``sleep`` are the clock, in seconds."""

    seconds: float = 600.0
    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    _begun: float = field(init=False)

    def __post_init__(self) -> None:
        self._begun = self.now()

    def pause(self, seconds: float, what: str) -> None:
        """Sleep; raises PatienceError when the time is over before."""
        left = self._begun + self.seconds - self.now()
        if left <= 0:
            raise PatienceError(
                f"{what}: not done after {self.seconds:.0f} s. Azure goes on with it: run this again, or raise timeout"
            )
        self.sleep(min(seconds, left))


class ArmClient:
    """Sends documents to Resource Manager and waits for the true end of what it takes on.

    Every method raises ArmError for a refusal, CredentialError when nobody can sign in, UnreachableError without an
    answer. ``timeout`` is the seconds that one change may take in all.
    """

    def __init__(
        self,
        credential: Any,
        subscription: str,
        endpoint: str,
        scope: str,
        *,
        ca_file: str | None = None,
        timeout: float = 600.0,
        patience: Callable[[float], Patience] = Patience,
    ) -> None:
        from azure.mgmt.monitor import MonitorManagementClient

        self.subscription = subscription
        self.requests = 0
        self._counting = threading.Lock()  # associations are made by several threads
        self._endpoint = endpoint.rstrip("/")
        self._timeout = timeout
        self._patience = patience
        self.monitor = MonitorManagementClient(
            credential,
            subscription,
            base_url=self._endpoint,
            credential_scopes=[scope],
            user_agent="slurm-observability",
            **({"connection_verify": ca_file} if ca_file else {}),
        )

    def get(self, path: str, api_version: str) -> Document | None:
        """The document at a path; None when there is none."""
        return self._document(self._send("GET", self._url(path), api_version, none=True))

    def get_settled(self, path: str, api_version: str) -> Document | None:
        """The document at a path, once Azure works on it no more; None when there is none."""
        patience = self._patience(self._timeout)
        document = self.get(path, api_version)
        while document is not None and not _is_final(document):
            patience.pause(_PAUSE_SECONDS, path)
            document = self.get(path, api_version)
        return document

    def ask(self, operation: Callable[..., Any], *arguments: str, api_version: str) -> Document | None:
        """What an operation of azure-mgmt-monitor is answered, as Azure said it; None when there is none.

        ``operation`` is a get or a delete, such as ``client.monitor.data_collection_rules.get``.
        """
        from azure.core.exceptions import HttpResponseError

        self._count()
        try:
            with self._plain_errors(f"{operation.__name__} {'/'.join(arguments)}"):
                return operation(
                    *arguments,
                    api_version=api_version,
                    cls=lambda answer, *_more: self._document(answer.http_response),
                    error_map={401: HttpResponseError},  # else it looks as if signing in had failed
                )
        except ArmError as error:
            if error.status == 404 and error.code in _NOTHING:
                return None
            raise

    def list(self, path: str, api_version: str, **query: str) -> Iterator[Document]:
        """All entries of a list, page by page."""
        url: str | None = self._url(path)
        first: tuple[str | None, Mapping[str, str]] = (api_version, query)
        while url:
            version, more = first
            page = self._document(self._send("GET", url, version, query=more)) or {}
            yield from page.get("value") or ()
            # A page's own link has its query with it. The token must not follow a link that leads elsewhere.
            url, first = page.get("nextLink"), (None, {})
            if url:
                self._check_origin(url)

    def put(
        self,
        path: str,
        api_version: str,
        body: Mapping[str, Any],
        *,
        method: str = "PUT",
        again_on: Collection[str] = (),
    ) -> Document:
        """Make or change what is at a path; return it as it is when Azure is done with it.

        ``again_on`` are codes of refusals that pass by themselves, such as that of a rule whose table is not visible
        yet: until the time is over, the same is sent again.
        """
        patience = self._patience(self._timeout)
        while True:
            try:
                response = self._send(method, self._url(path), api_version, body)
                break
            except ArmError as error:
                if not error.codes.intersection(again_on):
                    raise
                try:
                    patience.pause(_PAUSE_SECONDS * 2, str(error))
                except PatienceError:
                    raise error from None
        self._wait(response, path, patience)
        return self._settled(path, api_version, response, patience)

    def post(self, path: str, api_version: str | None, body: Mapping[str, Any]) -> Document | None:
        """Ask for an action, and wait for its end; return what was answered at first, if anything."""
        response = self._send("POST", self._url(path), api_version, body)
        self._wait(response, path, self._patience(self._timeout))
        return self._document(response)

    def delete(self, path: str, api_version: str, **query: str) -> bool:
        """Remove what is at a path; return whether there was anything."""
        response = self._send("DELETE", self._url(path), api_version, none=True, query=query)
        if response is None or response.status_code == 204:
            return False
        self._wait(response, path, self._patience(self._timeout))
        return True

    def _settled(self, path: str, api_version: str, response: Any, patience: Patience) -> Document:
        """The document after a change: that of the answer, where it is final, else asked for until it is."""
        document = self._document(response) if response.status_code in (200, 201) else None
        while document is None or not _is_final(document):
            if document is not None:
                patience.pause(_PAUSE_SECONDS, path)
            document = self.get(path, api_version)
            if document is None:
                raise ArmError(path, 404, {"code": "ResourceNotFound", "message": "gone again after it had been made"})
        state = _state(document)
        if state.lower() in _FAILED:
            raise ArmError(path, 200, {"code": state, "message": "Azure could not bring it into this form"})
        return document

    def _wait(self, response: Any, path: str, patience: Patience) -> None:
        """Follow an operation to its end. It says that it failed with status 200."""
        operation = response.headers.get("Azure-AsyncOperation")
        location = response.headers.get("Location") if response.status_code == 202 else None
        pause = _seconds(response)
        while operation or location:
            patience.pause(pause, path)
            url = operation or location
            self._check_origin(url)
            answer = self._send("GET", url, None)
            if not operation:
                location = location if answer.status_code == 202 else None
                continue
            document = self._document(answer) or {}
            state = str(document.get("status") or "")
            if state.lower() in _FAILED:
                raise ArmError(path, answer.status_code, document.get("error") or {"code": state})
            if state.lower() in _DONE:
                return
            pause = max(_seconds(answer), min(pause * 1.5, _LONGEST_PAUSE_SECONDS))

    def _send(
        self,
        method: str,
        url: str,
        api_version: str | None,
        body: Mapping[str, Any] | None = None,
        *,
        none: bool = False,
        query: Mapping[str, str] | None = None,
    ) -> Any:
        """One request, with the pipeline's retries. With ``none``, a 404 is an answer: None."""
        from azure.core.rest import HttpRequest

        params = {**({"api-version": api_version} if api_version else {}), **(query or {})}
        request = HttpRequest(method, url, params=params, json=body)
        what = f"{method} {urlsplit(url).path}"
        self._count()
        with self._plain_errors(what):
            # pylint: disable=protected-access  # 6.0.2 has no other way to its pipeline, and 7 only another such one
            response = self.monitor._client.send_request(request)
        if response.status_code < 400:
            return response
        error = ArmError.of_body(what, response.status_code, response.text())
        if none and response.status_code == 404 and (error.code in _NOTHING or method == "DELETE"):
            return None
        raise error

    def _count(self) -> None:
        with self._counting:
            self.requests += 1

    @contextmanager
    def _plain_errors(self, what: str) -> Iterator[None]:
        """Turn the SDK's exceptions into ours."""
        from azure.core import exceptions

        try:
            yield
        except exceptions.ClientAuthenticationError as error:
            raise CredentialError(_first_sentences(error)) from error
        except (exceptions.ServiceRequestError, exceptions.ServiceResponseError) as error:
            raise UnreachableError(f"{self._endpoint} does not answer: {_first_sentences(error)}") from error
        except exceptions.HttpResponseError as error:
            if error.response is not None and error.response.status_code >= 400:
                raise ArmError.of_body(what, error.response.status_code, error.response.text()) from error
            raise UnreachableError(f"{what}: {_first_sentences(error)}") from error  # such as too many redirects

    def _url(self, path: str) -> str:
        # Whatever a name has in it, it stays a part of the path on this server.
        return f"{self._endpoint}/{quote(path.lstrip('/'), safe=_SAFE)}"

    def _check_origin(self, url: str) -> None:
        """Refuse a link to another server: the token of the operator would go with the request."""
        ours, theirs = urlsplit(self._endpoint), urlsplit(url)
        if (ours.scheme, ours.netloc.lower()) != (theirs.scheme, theirs.netloc.lower()):
            raise UnreachableError(
                f"{self._endpoint} sends us on to {theirs.scheme}://{theirs.netloc}, which is refused"
            )

    @staticmethod
    def _document(response: Any) -> Document | None:
        text = response.text() if response is not None else ""
        if not text.strip():
            return None
        try:
            document = json.loads(text)  # the answers of 6.0.2's operations have no json()
        except ValueError:
            raise UnreachableError(f"the answer is not Azure's, but: {' '.join(text.split())[:200]}") from None
        return document if isinstance(document, dict) else None


def _state(document: Mapping[str, Any]) -> str:
    return str((document.get("properties") or {}).get("provisioningState") or "Succeeded")


def _is_final(document: Mapping[str, Any]) -> bool:
    return _state(document).lower() in (*_DONE, *_FAILED)


def _seconds(response: Any) -> float:
    """The pause that an answer asks for, else ours."""
    try:
        return max(0.0, float(response.headers.get("Retry-After", "")))
    except ValueError:
        return _PAUSE_SECONDS


def _first_sentences(error: Exception) -> str:
    """The beginning of an error's text: azure-identity appends pages of advice for developers."""
    return " ".join(str(error).split())[:400]
