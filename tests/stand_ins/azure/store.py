"""What there is, by id. Ids match in any case, and are answered in the case of their creation."""

from __future__ import annotations

import copy
from collections.abc import Iterator

from .exchange import Document


def key(identifier: str) -> str:
    """The form in which two ids of one resource are equal."""
    return identifier.rstrip("/").casefold()


def name_of(identifier: str) -> str:
    """The last part of an id."""
    return identifier.rstrip("/").rpartition("/")[2]


def type_of(identifier: str) -> str:
    """The type in an id, in its case, such as ``Microsoft.Insights/dataCollectionRules``."""
    marker = identifier.casefold().rfind("/providers/")
    if marker < 0:
        group = "resourcegroups" in key(identifier).split("/")
        return "Microsoft.Resources/" + ("resourceGroups" if group else "subscriptions")
    namespace, *parts = identifier[marker + len("/providers/") :].strip("/").split("/")
    return "/".join([namespace, *parts[::2]])


def group_of(identifier: str) -> str:
    """The id of the resource group of a resource; empty outside of any."""
    parts = identifier.split("/")
    inside = len(parts) > 4 and parts[3].casefold() == "resourcegroups"
    return "/".join(parts[:5]) if inside else ""


def subscription_of(identifier: str) -> str:
    """The subscription in an id, without what is before it."""
    return identifier.split("/")[2]


class Store:
    """Documents by id. What goes in and what comes out are copies."""

    def __init__(self) -> None:
        self._documents: dict[str, Document] = {}

    def get(self, identifier: str) -> Document | None:
        """The document of an id, if there is one."""
        return copy.deepcopy(self._documents.get(key(identifier)))

    def __contains__(self, identifier: str) -> bool:
        return key(identifier) in self._documents

    def ids(self) -> list[str]:
        """The ids of all documents, in the order of their creation."""
        return [document["id"] for document in list(self._documents.values())]

    def put(self, document: Document) -> None:
        """Keep a document under its ``id``."""
        self._documents[key(document["id"])] = copy.deepcopy(document)

    def remove(self, identifier: str) -> None:
        """Remove a resource and what is below it: its extensions, its associations."""
        gone = key(identifier)
        for other in [other for other in self._documents if other == gone or other.startswith(f"{gone}/")]:
            del self._documents[other]

    def of_type(self, resource_type: str, below: str = "") -> Iterator[Document]:
        """All resources of a type, in the order of their creation; with ``below``, those under this id."""
        prefix = f"{key(below)}/" if below else ""
        for identifier, document in list(self._documents.items()):
            if identifier.startswith(prefix) and type_of(identifier).casefold() == resource_type.casefold():
                yield copy.deepcopy(document)
