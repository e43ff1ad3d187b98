"""Data sources and dashboards of files, as Grafana reads them: the first at its start, the second again and again."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import yaml

from ..datasources import added
from ..exchange import Document, Refusal
from ..organisation import Dashboard, Folder, Organisation, Owner
from .settings import KNOWN, SettingsError, expanded


def add_datasources(organisation: Organisation, folder: Path) -> None:
    """Add the data sources of all files. Nobody changes them but through the files."""
    for path in sorted((folder / "datasources").glob("*.yml")):
        document = _document(path, "datasources")
        for entry in document.get("datasources") or []:
            _check(path, entry, "datasources", "entry")
            if entry.get("type") not in KNOWN["datasources"]["types"]:
                raise SettingsError(f"{path}: there is no plugin of the type {entry.get('type')}")
            try:
                source = added(organisation, _interpolated(entry))
            except Refusal as refusal:
                raise SettingsError(f"{path}: {entry.get('name')}: {refusal}") from refusal
            source.read_only = not entry.get("editable", False)


class DashboardFiles:
    """The dashboards of files. `read` puts those in that are there, and takes those out that are no more."""

    def __init__(self, folder: Path) -> None:
        self._providers: list[Document] = []
        for path in sorted((folder / "dashboards").glob("*.yml")):
            for entry in _document(path, "dashboards").get("providers") or []:
                _check(path, entry, "dashboards", "entry")
                _check(path, entry.get("options", {}), "dashboards", "options")
                if not Path(entry["options"]["path"]).is_dir():
                    raise SettingsError(f"{path}: {entry['options']['path']} is no directory")
                self._providers.append(_interpolated(entry))

    def read(self, organisation: Organisation) -> None:
        """Look at the files."""
        for provider in self._providers:
            files = sorted(Path(provider["options"]["path"]).glob("*.json"))
            for uid, one in list(organisation.dashboards.items()):
                gone = (
                    one.owner and one.owner.name == provider["name"] and one.owner.file not in [f.name for f in files]
                )
                if gone:
                    del organisation.dashboards[uid]
            for file in files:
                self._put(organisation, provider, file)

    def _put(self, organisation: Organisation, provider: Document, file: Path) -> None:
        content = json.loads(file.read_text())
        if not content.get("uid") or not content.get("title"):
            raise SettingsError(f"{file} has no uid, or no title")
        owner = Owner(name=provider["name"], file=file.name, shares=provider.get("allowUiUpdates", False))
        old = organisation.dashboards.get(content["uid"])
        if old and old.owner != owner:
            raise SettingsError(f"{file}: the uid {content['uid']} is that of another dashboard")
        if old is None or old.content != content:
            number = old.id if old else organisation.next_id()
            folder = _folder(organisation, provider)
            version = old.version + 1 if old else 1
            organisation.dashboards[content["uid"]] = Dashboard(
                number, content["uid"], content, folder, version, owner=owner
            )


def _folder(organisation: Organisation, provider: Document) -> str:
    """The uid of the folder that a provider names, made where it is missing. Empty for none."""
    title, uid = provider.get("folder", ""), provider.get("folderUid", "")
    if title and uid not in organisation.folders:
        organisation.folders[uid] = Folder(organisation.next_id(), uid, title, "")
    return uid if title else ""


def _document(path: Path, kind: str) -> Document:
    document = yaml.safe_load(path.read_text()) or {}
    _check(path, document, kind, "file")
    if document.get("apiVersion") != 1:
        raise SettingsError(f"{path}: apiVersion is not 1")
    return dict(document)


def _check(path: Path, entry: Document, kind: str, part: str) -> None:
    strange = set(entry) - set(KNOWN[kind][part])
    if strange:
        raise SettingsError(f"{path}: {', '.join(sorted(strange))} is not known")


def _interpolated(value: Any) -> Any:
    """A value with what its variables stand for. A dollar sign is written twice."""
    if isinstance(value, dict):
        return {key: _interpolated(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_interpolated(inner) for inner in value]
    if not isinstance(value, str):
        return value
    return "$".join(_variables(expanded(part)) for part in value.split("$$"))


def _variables(text: str) -> str:
    """A text with the variables of the environment, as Go's os.ExpandEnv: $NAME and ${NAME}, and nothing for others."""
    return re.sub(r"\$(?:\{(\w+)\}|(\w+)|.)?", lambda match: os.environ.get(match[1] or match[2] or "", ""), text)
