# -*- coding: utf-8 -*-
# Copyright: slurm.observability contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Log Analytics workspaces, as far as rules, tables and queries need them to be there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from ansible_collections.slurm.observability.plugins.module_utils.azure import tables
from ansible_collections.slurm.observability.plugins.module_utils.azure.client import ArmClient, Document
from ansible_collections.slurm.observability.plugins.module_utils.azure.errors import ArmError, DocumentError, refuse
from ansible_collections.slurm.observability.plugins.module_utils.azure.ids import (
    full_id,
    resource_name,
    resource_type,
)
from ansible_collections.slurm.observability.plugins.module_utils.azure.schema import fold_location

TYPE = "Microsoft.OperationalInsights/workspaces"
API_VERSION = "2022-10-01"

# Options of the modules for what is in a workspace.
ARGUMENTS: dict[str, dict[str, Any]] = {
    "resource_group": {"type": "str", "required": True},
    "workspace": {"type": "str", "required": True},
}


def identifier(client: ArmClient, params: Mapping[str, Any]) -> str:
    """The id of the workspace that the options name. Raises DocumentError for the id of something else."""
    workspace = full_id(params["workspace"], client.subscription, params["resource_group"], TYPE)
    refuse([] if _is_id(workspace) else [f"workspace: {workspace} is not the id of a workspace"])
    return workspace


def get(client: ArmClient, workspace: str) -> Document:
    """A workspace by its id; raises DocumentError when there is none."""
    document = client.get(workspace, API_VERSION)
    if document is None:
        raise DocumentError(f"there is no workspace {workspace}: make it, or mend its name")
    return document


def check_destinations(client: ArmClient, rule: Mapping[str, Any], tables_may_be_missing: bool) -> dict[str, list[str]]:
    """Raise DocumentError when a rule cannot work: a workspace or a table is missing, or the regions differ.

    Returns the columns of the tables that the rule writes to, by the name of the table. What may not be read is not
    held against the rule. In check mode tables may be missing: the task before, which would have made them, made none.
    """
    properties = rule["properties"]
    of_name = {
        destination.get("name"): destination.get("workspaceResourceId", "")
        for destination in (properties.get("destinations") or {}).get("logAnalytics") or ()
    }
    refuse([fault for workspace in of_name.values() for fault in _faults_of_workspace(client, rule, workspace)])
    found = {
        (workspace, table): _readable(client, tables.path(workspace, table), tables.API_VERSION)
        for workspace, table in sorted(set(_output_tables(properties, of_name)))
    }
    missing = [
        f"{workspace} has no table {table}: make it first" for (workspace, table), one in found.items() if one is None
    ]
    refuse([] if tables_may_be_missing else missing)
    return {table: tables.column_names(document) for (_workspace, table), document in found.items() if document}


def _is_id(workspace: str) -> bool:
    return resource_type(workspace) == TYPE.lower()


def _faults_of_workspace(client: ArmClient, rule: Mapping[str, Any], workspace: str) -> Iterator[str]:
    if not _is_id(workspace):
        yield f"destinations.logAnalytics: workspaceResourceId is to be the id of a workspace, not '{workspace}'"
        return
    document = _readable(client, workspace, API_VERSION)
    if document is None:
        yield f"there is no workspace {workspace}: make it, or mend its name"
    elif document and fold_location(document["location"]) != fold_location(rule["location"]):
        yield (
            f"the rule is to be in {rule['location']}, but its workspace {resource_name(workspace)} is in "
            f"{document['location']}: both must be in one region"
        )


def _output_tables(properties: Mapping[str, Any], of_name: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Each workspace and table that custom rows flow to."""
    for flow in properties.get("dataFlows") or ():
        prefix, _dash, table = str(flow.get("outputStream") or "").partition("-")
        if prefix.casefold() == "custom":
            for name in flow.get("destinations") or ():
                if of_name.get(name):
                    yield of_name[name], table


def _readable(client: ArmClient, path: str, api_version: str) -> Document | None:
    """A document, None when there is none; an empty one where it may not be read."""
    try:
        return client.get(path, api_version)
    except ArmError as error:
        if error.status == 403:
            return {}
        raise


class ContentType(Protocol):
    """A module that describes what is in a workspace, such as tables."""

    API_VERSION: str

    @staticmethod
    def path(workspace: str, name: str = "") -> str: ...


def found(client: ArmClient, params: Mapping[str, Any], kind: ContentType) -> list[Document]:
    """What an info module shows: what has a name, or all of the kind. Raises DocumentError without the workspace."""
    workspace = identifier(client, params)
    if params["name"]:
        document = client.get(kind.path(workspace, params["name"]), kind.API_VERSION)
        if document is not None:
            return [document]
        get(client, workspace)
        return []
    return list(client.list(kind.path(workspace), kind.API_VERSION))
