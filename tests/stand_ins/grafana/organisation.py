"""What there is in one organisation."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from .exchange import Document


@dataclass(frozen=True)
class Owner:
    """What looks after a dashboard or a folder, such as file provisioning of a file.

    ``shares`` is what ``allowUiUpdates`` does: others may change it, and not remove it.
    """

    kind: str = "classic-file-provisioning"
    name: str = "sidecar"
    file: str = "gpu.json"
    shares: bool = False


@dataclass
class Dashboard:
    """A dashboard. ``version`` counts its changes, in both APIs. One that is ``private`` is for administrators."""

    id: int
    uid: str
    content: Document
    folder_uid: str
    version: int = 1
    resource_version: int = 1
    message: str = ""
    private: bool = False
    owner: Owner | None = None

    @property
    def title(self) -> str:
        """The title."""
        return str(self.content["title"])


@dataclass
class Folder:
    """A folder. ``alert_rules`` is how many are in it."""

    id: int
    uid: str
    title: str
    parent_uid: str
    version: int = 1
    alert_rules: int = 0
    owner: Owner | None = None


@dataclass
class DataSource:
    """A data source. ``complaint`` is what its health check says; empty for OK."""

    id: int
    settings: Document
    secrets: dict[str, str] = field(default_factory=dict)
    version: int = 1
    read_only: bool = False
    complaint: str = ""


@dataclass
class Organisation:
    """An organisation, by its number."""

    number: int
    dashboards: dict[str, Dashboard] = field(default_factory=dict)
    folders: dict[str, Folder] = field(default_factory=dict)
    datasources: dict[str, DataSource] = field(default_factory=dict)
    _last: int = 0

    @property
    def namespace(self) -> str:
        """The name under which ``/apis`` has the organisation."""
        return "default" if self.number == 1 else f"org-{self.number}"

    def next_id(self) -> int:
        """A number that nothing has yet. Numbers also count versions of resources."""
        self._last += 1
        return self._last

    def below(self, folder_uid: str) -> list[Folder]:
        """A folder and all that are in it."""
        inside = [one for one in self.folders.values() if one.parent_uid == folder_uid]
        return [self.folders[folder_uid], *(deeper for one in inside for deeper in self.below(one.uid))]


def slug(title: str) -> str:
    """A title as it stands in addresses."""
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")


def copied(value: Any) -> Any:
    """A copy of a document that shares nothing with it."""
    if isinstance(value, dict):
        return {key: copied(inner) for key, inner in value.items()}
    return [copied(inner) for inner in value] if isinstance(value, list) else value
