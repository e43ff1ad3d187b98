# -*- coding: utf-8 -*-
# Copyright: slurm.observability contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Dashboards through the API under ``/apis/dashboard.grafana.app``, which Grafana has since version 12."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.slurm.observability.plugins.module_utils.grafana import normalise
from ansible_collections.slurm.observability.plugins.module_utils.grafana.client import GrafanaClient, part
from ansible_collections.slurm.observability.plugins.module_utils.grafana.errors import RefusedError, StrangeAnswerError
from ansible_collections.slurm.observability.plugins.module_utils.grafana.stored import Stored

Document = dict[str, Any]

GROUP = "dashboard.grafana.app"
# Those that keep a dashboard in the classic schema, the one to prefer first.
_VERSIONS = ("v1", "v1beta1")
_FOLDER = "grafana.app/folder"
_MESSAGE = "grafana.app/message"
_GRANT = "grafana.app/grant-permissions"
_MANAGER = "grafana.app/managedBy"
_MANAGER_NAME = "grafana.app/managerId"
_MANAGER_SHARES = "grafana.app/managerAllowsEdits"
# As Grafana's own pages do: what the schema of the version does not foresee is taken, and brought to the newest one.
_LENIENT = {"fieldValidation": "Ignore"}


def served_version(client: GrafanaClient) -> str | None:
    """The version of this API to use; None where Grafana has none that keeps the classic schema."""
    try:
        group = client.get(f"/apis/{GROUP}")
    except (RefusedError, StrangeAnswerError) as error:
        # Before version 12, /apis is a page like any other: for people, who are sent to sign in.
        if isinstance(error, RefusedError) and error.status >= 500:
            raise
        return None
    served = {one["version"] for one in (group or {}).get("versions", ())}
    return next((version for version in _VERSIONS if version in served), None)


class ResourceDashboards:
    """The dashboards of one organisation."""

    def __init__(self, client: GrafanaClient, version: str, namespace: str) -> None:
        self._client = client
        self._api_version = f"{GROUP}/{version}"
        self._path = f"/apis/{GROUP}/{version}/namespaces/{part(namespace)}/dashboards"
        self.name = f"/apis/{self._api_version}"

    def get(self, uid: str) -> Stored | None:
        """The dashboard of a uid; None when there is none."""
        resource = self._client.get(f"{self._path}/{part(uid)}")
        if resource is None:
            return None
        metadata = resource["metadata"]
        annotations = metadata.get("annotations") or {}
        return Stored(
            uid=uid,
            content=normalise.content(resource["spec"]),
            folder_uid=annotations.get(_FOLDER) or "",
            version=metadata.get("generation", 0),
            manager=_manager(annotations),
            raw=metadata,
        )

    def create(self, uid: str, content: Mapping[str, Any], folder_uid: str, message: str) -> int:
        """Make a dashboard; return its version."""
        # Without this, only administrators see a dashboard that is in no folder. In one, Grafana refuses it.
        grant = {} if folder_uid else {"annotations": {_GRANT: "default"}}
        resource = self._resource({"name": uid, **grant}, content, folder_uid, message)
        return self._client.send("POST", self._path, resource, **_LENIENT)["metadata"].get("generation", 1)

    def update(self, before: Stored, content: Mapping[str, Any], folder_uid: str, message: str, force: bool) -> int:
        """Replace a dashboard; return its version. Without ``force``, only the version that was read before."""
        metadata = self._metadata(before)
        if not force:
            metadata["resourceVersion"] = before.raw["resourceVersion"]
        answer = self._put(before.uid, self._resource(metadata, content, folder_uid, message))
        return answer["metadata"].get("generation", before.version)

    def preview(self, before: Stored, content: Mapping[str, Any], folder_uid: str) -> Document:
        """What Grafana would keep of a dashboard: it brings old ones to its newest schema."""
        resource = self._resource(self._metadata(before), content, folder_uid, "")
        return normalise.content(self._put(before.uid, resource, dryRun="All")["spec"])

    def delete(self, uid: str) -> None:
        """Remove a dashboard."""
        self._client.send("DELETE", f"{self._path}/{part(uid)}")

    def _put(self, uid: str, resource: Document, **query: str) -> Document:
        return self._client.send("PUT", f"{self._path}/{part(uid)}", resource, **_LENIENT, **query)

    @staticmethod
    def _metadata(before: Stored) -> Document:
        """The names and labels that a dashboard keeps."""
        kept = {key: before.raw[key] for key in ("labels", "annotations") if before.raw.get(key)}
        return {"name": before.uid, **kept}

    def _resource(self, metadata: Document, content: Mapping[str, Any], folder_uid: str, message: str) -> Document:
        annotations = {**(metadata.get("annotations") or {}), _FOLDER: folder_uid, _MESSAGE: message}
        return {
            "apiVersion": self._api_version,
            "kind": "Dashboard",
            "metadata": {**metadata, "annotations": {key: value for key, value in annotations.items() if value}},
            "spec": dict(content),
        }


def _manager(annotations: Mapping[str, str]) -> str:
    """Who else looks after a dashboard and does not share it; an empty text for nobody."""
    manager = annotations.get(_MANAGER, "")
    if not manager or annotations.get(_MANAGER_SHARES) == "true":
        return ""
    return f"{manager} ({annotations.get(_MANAGER_NAME) or 'no name'})"
