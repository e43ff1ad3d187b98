"""A request, the response to it, and a refusal in the forms in which Grafana refuses."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .organisation import Organisation
    from .sign_in import Who

Document = dict[str, Any]


@dataclass(frozen=True)
class Response:
    """A response. ``document`` goes out as JSON, a text as a page for people."""

    status: int
    document: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


class Refusal(Exception):
    """A request that is refused: the status, and the message and the rest of the body."""

    def __init__(self, status: int, message: str, headers: Mapping[str, str] | None = None, /, **more: Any) -> None:
        super().__init__(message)
        self.response = Response(status, {"message": message, **more}, headers or {})


def status_of(status: int, reason: str, message: str) -> Refusal:
    """A refusal of an API under ``/apis``."""
    failure = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure"}
    return Refusal(status, message, **failure, reason=reason, code=status)


@dataclass(frozen=True)
class Request:
    """A request. ``names`` are the parts of the path that the route names."""

    method: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    body: bytes
    names: Mapping[str, str]
    who: Who
    organisation: Organisation

    def asked(self, name: str, default: str = "") -> str:
        """The value of a name in the query."""
        return self.query.get(name, [default])[0]

    def document(self) -> Document:
        """The body as a JSON object. Raises Refusal when it is none."""
        try:
            document = json.loads(self.body) if self.headers.get("Content-Type") == "application/json" else None
        except ValueError:
            document = None
        if not isinstance(document, dict):
            raise Refusal(400, "bad request data")
        return document

    def page(self, entries: list[Any], default: int = 1000) -> list[Any]:
        """The page of a list that is asked for."""
        limit = int(self.asked("limit", str(default)))
        begin = (int(self.asked("page", "1")) - 1) * limit
        return entries[begin : begin + limit]
