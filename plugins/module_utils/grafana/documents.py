# -*- coding: utf-8 -*-
# Copyright: slurm.observability contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Dashboards as they come: from a file, a folder of files, an address or a dict, bare or wrapped by an export."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ansible.module_utils.urls import open_url
from ansible_collections.slurm.observability.plugins.module_utils.grafana import inputs, normalise, uids
from ansible_collections.slurm.observability.plugins.module_utils.grafana.errors import DocumentError, refuse
from ansible_collections.slurm.observability.plugins.module_utils.grafana.transport import AGENT

Document = dict[str, Any]

_LONGEST_TITLE = 5000


@dataclass(frozen=True)
class Dashboard:
    """A dashboard that is wanted, ready to be sent: ``content`` has no input in it that is not filled.

    ``version`` is the one that it was exported with, and None where it does not say. ``requires`` is the Grafana that
    it was made with, such as ``10.4.1``.
    """

    source: str
    uid: str
    content: Document = field(repr=False)
    version: int | None = None
    requires: str = ""
    elements: bool = False

    @property
    def title(self) -> str:
        """The title."""
        return str(self.content["title"])


def read(params: Mapping[str, Any]) -> list[Dashboard]:
    """The dashboards that the options name. Raises DocumentError with everything that is wrong with any of them."""
    raw = _raw(params)
    if params["uid"] and len(raw) > 1:
        raise DocumentError(
            f"uid is of one dashboard, and {params['path']} has {len(raw)}: put the uids into the files"
        )
    values = {name: str(value) for name, value in params["inputs"].items()}
    found, faults = [], _unknown_inputs(raw, values)
    for source, name, document in raw:
        dashboard, wrong = _dashboard(source, params["uid"] or "", name, document, values)
        faults += [f"{source}: {fault}" for fault in wrong]
        found.append(dashboard)
    first: dict[str, str] = {}
    for dashboard in found:
        other = first.setdefault(dashboard.uid, dashboard.source)
        if other != dashboard.source:
            faults.append(f"{dashboard.source}: it has the uid '{dashboard.uid}', as {other} has")
    refuse(faults)
    return found


def uids_of(params: Mapping[str, Any]) -> list[str]:
    """The uids of the dashboards that the options name, whatever else is wrong with them."""
    if params["uid"]:
        return [params["uid"]]
    return [_uid(name, _unwrapped(document)) for _source, name, document in _raw(params)]


def _uid(name: str, document: Document) -> str:
    return str(document.get("uid") or uids.derived(name))


def _raw(params: Mapping[str, Any]) -> list[tuple[str, str, Document]]:
    """Where each document is from, the name that its uid is derived from, and the document, out of its wrapping."""
    if params["dashboard"] is not None:
        return [("dashboard", str(params["dashboard"].get("title") or ""), params["dashboard"])]
    if params["url"]:
        name = Path(urlsplit(params["url"]).path).stem
        return [(params["url"], name, _parsed(params["url"], _downloaded(params)))]
    path = Path(params["path"])
    files = sorted(path.glob("*.json")) if path.is_dir() else [path]
    if not files:
        raise DocumentError(f"{path} has no file *.json in it")
    return [(str(file), file.stem, _parsed(str(file), _content_of(file))) for file in files]


def _content_of(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise DocumentError(f"{file} cannot be read: {error.strerror}") from error


def _downloaded(params: Mapping[str, Any]) -> bytes:
    url = params["url"]
    try:
        with open_url(url, timeout=params["timeout"], use_proxy=params["use_proxy"], http_agent=AGENT) as answer:
            body: bytes = answer.read()
    except Exception as error:  # urllib, ssl and socket each raise their own
        raise DocumentError(f"{url} cannot be downloaded: {error}") from error
    digest = hashlib.sha256(body).hexdigest()
    if params["checksum"] and params["checksum"].lower().replace("sha256:", "") != digest:
        raise DocumentError(f"{url} has the SHA-256 {digest}, and checksum says another: look at what changed there")
    return body


def _parsed(source: str, body: bytes) -> Document:
    try:
        document = json.loads(body)
    except ValueError as error:
        raise DocumentError(f"{source} is no JSON: {error}") from None
    if not isinstance(document, dict):
        raise DocumentError(f"{source} is no dashboard: it is a {type(document).__name__}")
    return document


def _unwrapped(document: Document) -> Document:
    """The dashboard itself: the API wraps it, together with its folder, and resources have it in their spec."""
    if isinstance(document.get("spec"), dict) and isinstance(document.get("metadata"), dict):
        return {"uid": document["metadata"].get("name"), **document["spec"]}
    if isinstance(document.get("dashboard"), dict) and "title" not in document:
        return document["dashboard"]
    return document


def _dashboard(
    source: str, uid: str, name: str, raw: Document, values: Mapping[str, str]
) -> tuple[Dashboard, list[str]]:
    """One dashboard, and what is wrong with it."""
    document = _unwrapped(raw)
    filled, faults = inputs.fill(document, values)
    uid = uid or _uid(name, document)
    faults.append(uids.fault(uid))
    title = str(filled.get("title") or "").strip()
    if not title:
        faults.append("it has no title")
    elif len(title) > _LONGEST_TITLE:
        faults.append(f"its title has {len(title)} characters, and Grafana takes {_LONGEST_TITLE} at most")
    if "elements" in document and "layout" in document:
        faults.append("it is in the schema v2, which this module does not send: export it in the classic format")
    version = document.get("version")
    dashboard = Dashboard(
        source=source,
        uid=uid,
        content={**normalise.content(filled), "title": title},
        version=version if isinstance(version, int) else None,
        requires=_required_grafana(document),
        elements=bool(document.get("__elements")),
    )
    return dashboard, list(filter(None, faults))


def _required_grafana(document: Mapping[str, Any]) -> str:
    required = document.get("__requires") or ()
    return next((str(one.get("version") or "") for one in required if one.get("type") == "grafana"), "")


def _unknown_inputs(raw: list[tuple[str, str, Document]], values: Mapping[str, str]) -> list[str]:
    known = set().union(*(inputs.names(_unwrapped(document)) for _source, _name, document in raw))
    return [f"no dashboard has the input {name}" for name in sorted(set(values) - known - {"*"})]
