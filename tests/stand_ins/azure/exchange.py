"""A request, the response to it, and a refusal in the form of Azure Resource Manager."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Document = dict[str, Any]


class Refusal(Exception):
    """A request that is refused: the HTTP status, and the error object of the body."""

    def __init__(self, status: int, code: str, message: str, *details: Document, headers: Mapping[str, str] = {}):
        super().__init__(f"{code}: {message}")
        self.status = status
        self.headers = dict(headers)
        self.error: Document = {"code": code, "message": message}
        if details:
            self.error["details"] = list(details)

    def response(self) -> Response:
        """What the client gets."""
        return Response(self.status, {"error": self.error}, self.headers)


@dataclass(frozen=True)
class Request:
    """A request. ``path`` is without its query, ``origin`` the scheme, host and port that the client used.

    ``names`` are the parts of the path that the route names, ``principal`` is the object id of who signed in.
    """

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    origin: str
    names: Mapping[str, str] = field(default_factory=dict)
    principal: str = ""

    def document(self) -> Document:
        """The body as a JSON object. Raises Refusal when it is none."""
        try:
            document = json.loads(self.body)
        except ValueError as error:
            raise Refusal(400, "InvalidRequestContent", f"The request content was invalid: {error}") from error
        if not isinstance(document, dict):
            raise Refusal(400, "InvalidRequestContent", "The request content was invalid: it is no JSON object")
        return document


@dataclass(frozen=True)
class Response:
    """A response. ``document`` goes out as JSON; without one the body is empty."""

    status: int
    document: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
