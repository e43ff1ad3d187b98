# -*- coding: utf-8 -*-
# Copyright: slurm.observability contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The API for dashboards that a Grafana has, and what the modules ask of either."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from ansible_collections.slurm.observability.plugins.module_utils.grafana.classic_dashboards import ClassicDashboards
from ansible_collections.slurm.observability.plugins.module_utils.grafana.client import GrafanaClient
from ansible_collections.slurm.observability.plugins.module_utils.grafana.errors import GrafanaError
from ansible_collections.slurm.observability.plugins.module_utils.grafana.resource_dashboards import (
    ResourceDashboards,
    served_version,
)
from ansible_collections.slurm.observability.plugins.module_utils.grafana.stored import Stored

Document = dict[str, Any]

ARGUMENTS: dict[str, dict[str, Any]] = {
    "api": {"type": "str", "choices": ["auto", "apis", "legacy"], "default": "auto"}
}


class Dashboards(Protocol):
    """The dashboards of one organisation. ``name`` is what the API is called."""

    name: str

    def get(self, uid: str) -> Stored | None:
        """The dashboard of a uid; None when there is none."""

    def create(self, uid: str, content: Mapping[str, Any], folder_uid: str, message: str) -> int:
        """Make a dashboard; return its version."""

    def update(self, before: Stored, content: Mapping[str, Any], folder_uid: str, message: str, force: bool) -> int:
        """Replace a dashboard; return its version. Without ``force``, only the version that was read before."""

    def preview(self, before: Stored, content: Mapping[str, Any], folder_uid: str) -> Document:
        """What Grafana would keep of a dashboard."""

    def delete(self, uid: str) -> None:
        """Remove a dashboard."""


def api(client: GrafanaClient, choice: str) -> Dashboards:
    """The dashboards through the API of a choice: ``auto``, ``apis`` or ``legacy``."""
    version = None if choice == "legacy" else served_version(client)
    namespace = _namespace(client) if version else ""
    if version and namespace:
        return ResourceDashboards(client, version, namespace)
    if choice == "apis":
        raise GrafanaError("this Grafana has no API /apis/dashboard.grafana.app in v1 or v1beta1: set api to auto")
    return ClassicDashboards(client)


def _namespace(client: GrafanaClient) -> str:
    """What the organisation is called in the new API: ``default``, ``org-2``, in Grafana Cloud ``stacks-12345``."""
    return str((client.get("/api/frontend/settings") or {}).get("namespace") or "")


def with_tag(client: GrafanaClient, tag: str) -> list[Document]:
    """What the search finds of all dashboards with a tag."""
    return list(client.pages("/api/search", tag=tag, type="dash-db"))


def within(client: GrafanaClient, folder_uid: str) -> list[Document]:
    """What the search finds of the dashboards that are in a folder itself."""
    hits = client.pages("/api/search", folderUIDs=folder_uid or "general", type="dash-db")
    return [hit for hit in hits if (hit.get("folderUid") or "") == folder_uid]
