# -*- coding: utf-8 -*-
# Copyright: slurm.observability contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Dashboards through the API under ``/api/dashboards``, which every Grafana has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.slurm.observability.plugins.module_utils.grafana import normalise
from ansible_collections.slurm.observability.plugins.module_utils.grafana.client import GrafanaClient, part
from ansible_collections.slurm.observability.plugins.module_utils.grafana.stored import Stored

Document = dict[str, Any]


class ClassicDashboards:
    """The dashboards of one organisation."""

    name = "/api"

    def __init__(self, client: GrafanaClient) -> None:
        self._client = client

    def get(self, uid: str) -> Stored | None:
        """The dashboard of a uid; None when there is none."""
        answer = self._client.get(f"/api/dashboards/uid/{part(uid)}")
        if answer is None:
            return None
        document, meta = answer["dashboard"], answer["meta"]
        manager = ""
        if meta.get("provisioned"):
            manager = f"file provisioning ({meta.get('provisionedExternalId') or 'no file named'})"
        return Stored(
            uid=uid,
            content=normalise.content(document),
            folder_uid=meta.get("folderUid") or "",
            version=document["version"],
            manager=manager,
            raw=document,
        )

    def create(self, uid: str, content: Mapping[str, Any], folder_uid: str, message: str) -> int:
        """Make a dashboard; return its version. It replaces none: before Grafana 11 that would be one of its title."""
        return self._save({**content, "id": None, "uid": uid}, folder_uid, message, overwrite=False)

    def update(self, before: Stored, content: Mapping[str, Any], folder_uid: str, message: str, force: bool) -> int:
        """Replace a dashboard; return its version. Without ``force``, only the version that was read before."""
        document = {**content, "id": before.raw.get("id"), "uid": before.uid, "version": before.version}
        return self._save(document, folder_uid, message, overwrite=force)

    def preview(self, before: Stored, content: Mapping[str, Any], folder_uid: str) -> Document:
        """What Grafana would keep of a dashboard: here, what it is given."""
        return dict(content)

    def delete(self, uid: str) -> None:
        """Remove a dashboard."""
        self._client.send("DELETE", f"/api/dashboards/uid/{part(uid)}")

    def _save(self, document: Document, folder_uid: str, message: str, overwrite: bool) -> int:
        # Without a folder, Grafana moves the dashboard to the top.
        body = {"dashboard": document, "folderUid": folder_uid, "message": message, "overwrite": overwrite}
        return self._client.send("POST", "/api/dashboards/db", body)["version"]
