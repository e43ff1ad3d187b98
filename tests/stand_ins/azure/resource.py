"""What the resources of all services have in common: how they are found, listed, and not found."""

from __future__ import annotations

import uuid
from abc import ABC, abstractmethod
from collections.abc import Iterable
from urllib.parse import urlencode

from .estate import Estate
from .exchange import Document, Refusal, Request, Response
from .operations import now
from .router import Router
from .store import group_of, name_of, type_of

GROUP = "/subscriptions/{subscription}/resourceGroups/{group}"
ANY_DATE = r"20\d\d-\d\d-\d\d(-preview)?"


class Resources(ABC):
    """One type of resource. A subclass says where it is, and how it is made."""

    def __init__(self, estate: Estate) -> None:
        self.estate = estate
        self.store = estate.store

    @abstractmethod
    def register(self, router: Router) -> None:
        """Add the paths."""

    def get(self, request: Request) -> Response:
        """Answer with the resource."""
        return Response(200, self.require(request.path))

    def delete(self, request: Request) -> Response:
        """Remove the resource: 200, or 204 when there is none."""
        if request.path not in self.store:
            return Response(204)
        self.store.remove(request.path)
        return Response(200)

    def require(self, identifier: str) -> Document:
        """The document of an id. Raises Refusal, 404, as Resource Manager tells it."""
        document = self.store.get(identifier)
        if document is None:
            raise self.not_found(identifier)
        return document

    def not_found(self, identifier: str) -> Refusal:
        """How Resource Manager says that something does not exist: its group, or itself."""
        group = group_of(identifier)
        if group and group not in self.store:
            return Refusal(404, "ResourceGroupNotFound", f"Resource group '{name_of(group)}' could not be found.")
        text = (
            f"The Resource '{type_of(identifier)}/{name_of(identifier)}' under resource group '{name_of(group)}' was "
            "not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix"
        )
        return Refusal(404, "ResourceNotFound", text)

    def require_group(self, identifier: str) -> None:
        """Raises Refusal, 404, when the resource group of an id does not exist."""
        if group_of(identifier) not in self.store:
            raise self.not_found(identifier)

    def page(self, request: Request, entries: Iterable[Document], *, null_link: bool = False) -> Response:
        """One page of a list. Some services write ``nextLink: null`` on the last, the others leave it out."""
        everything = list(entries)
        size = self.estate.behaviour.page_size or max(1, len(everything))
        start = int(request.query.get("$skiptoken", "0"))
        document: Document = {"value": everything[start : start + size]}
        if start + size < len(everything):
            query = urlencode({**request.query, "$skiptoken": start + size})
            document["nextLink"] = f"{request.origin}{request.path}?{query}"
        elif null_link:
            document["nextLink"] = None
        return Response(200, document)


def identified(identifier: str, document: Document, known: Document | None) -> Document:
    """A document with the id, name and type of the resource, in the case in which it was made first."""
    own = (known or {}).get("id") or identifier
    return {**document, "id": own, "name": name_of(own), "type": type_of(own)}


def stamped(document: Document, principal: str, known: Document | None) -> Document:
    """A document with its etag, which has quotes within, and with who wrote it."""
    made = {"createdBy": principal, "createdByType": "Application", "createdAt": now()}
    before = (known or {}).get("systemData") or {}
    changed = {"lastModifiedBy": principal, "lastModifiedByType": "Application", "lastModifiedAt": now()}
    return {
        **document,
        "etag": f'"{uuid.uuid4()}"',
        "systemData": {**made, **before, **changed},
    }


def without_empty(value: object) -> object:
    """A document without the sections that have nothing in them, at any depth: the service leaves them out."""
    if isinstance(value, dict):
        kept = {name: without_empty(part) for name, part in value.items()}
        return {name: part for name, part in kept.items() if part not in ({}, [], None)}
    if isinstance(value, list):
        return [without_empty(part) for part in value]
    return value
