# -*- coding: utf-8 -*-
# Copyright: slurm.observability contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Data sources of Grafana: what of them can be set, and what is never told again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.slurm.observability.plugins.module_utils.grafana.client import GrafanaClient, part
from ansible_collections.slurm.observability.plugins.module_utils.grafana.errors import DocumentError, RefusedError

Document = dict[str, Any]

# The options and what Grafana calls them.
SETTINGS = {
    "type": "type",
    "url": "url",
    "access": "access",
    "database": "database",
    "user": "user",
    "basic_auth": "basicAuth",
    "basic_auth_user": "basicAuthUser",
    "with_credentials": "withCredentials",
    "is_default": "isDefault",
    "json_data": "jsonData",
}


def find(client: GrafanaClient, uid: str | None, name: str) -> Document | None:
    """The data source of a uid, or of a name; None when there is none.

    Raises DocumentError when another one has the name: Grafana takes a name once.
    """
    by_name = client.get(f"/api/datasources/name/{part(name)}")
    if not uid or (by_name and by_name["uid"] == uid):
        return by_name
    if by_name:
        raise DocumentError(
            f"the data source '{name}' has the uid '{by_name['uid']}', which dashboards know it by: set uid to that, "
            "or give this one another name"
        )
    return client.get(f"/api/datasources/uid/{part(uid)}")


def settings(document: Mapping[str, Any] | None) -> Document:
    """What can be compared of a data source; empty for none."""
    if document is None:
        return {}
    keys = ("name", "uid", *SETTINGS.values())
    return {key: document.get(key) for key in keys if document.get(key) not in (None, "")}


def secrets(document: Mapping[str, Any] | None) -> set[str]:
    """The names of the secrets that Grafana has for a data source. It does not tell what they are."""
    return {name for name, there in ((document or {}).get("secureJsonFields") or {}).items() if there}


def create(client: GrafanaClient, wanted: Mapping[str, Any]) -> Document:
    """Make a data source; return it."""
    return client.send("POST", "/api/datasources", dict(wanted))["datasource"]


def update(client: GrafanaClient, before: Mapping[str, Any], wanted: Mapping[str, Any]) -> Document:
    """Change the version of a data source that was read before; return it. Secrets that are not given stay."""
    body = {**wanted, "version": before.get("version")}
    return client.send("PUT", f"/api/datasources/uid/{part(before['uid'])}", body)["datasource"]


def delete(client: GrafanaClient, before: Mapping[str, Any]) -> None:
    """Remove a data source."""
    client.send("DELETE", f"/api/datasources/uid/{part(before['uid'])}")


def complaint(client: GrafanaClient, uid: str) -> str:
    """What is wrong when Grafana uses a data source; an empty text when it works."""
    try:
        answer = client.send("GET", f"/api/datasources/uid/{part(uid)}/health")
    except RefusedError as error:
        return error.message
    return "" if answer.get("status", "OK") == "OK" else str(answer.get("message"))
