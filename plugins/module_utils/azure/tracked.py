# -*- coding: utf-8 -*-
# Copyright: slurm.observability contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Resources with a region and tags: what becomes of one that is there and what a user gives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from ansible_collections.slurm.observability.plugins.module_utils.azure.client import ArmClient, Document
from ansible_collections.slurm.observability.plugins.module_utils.azure.errors import DocumentError
from ansible_collections.slurm.observability.plugins.module_utils.azure.ids import resource_id
from ansible_collections.slurm.observability.plugins.module_utils.azure.schema import (
    Schema,
    comparable,
    fold_location,
    writable,
)

# Options of the modules for such a resource.
ARGUMENTS: dict[str, dict[str, Any]] = {
    "resource_group": {"type": "str", "required": True},
    "name": {"type": "str", "required": True},
    "location": {"type": "str"},
    "tags": {"type": "dict"},
    "append_tags": {"type": "bool", "default": True},
    "state": {"type": "str", "choices": ["absent", "present"], "default": "present"},
}
# Options of the info modules for it.
INFO_ARGUMENTS: dict[str, dict[str, Any]] = {"resource_group": {"type": "str"}, "name": {"type": "str"}}


class ResourceType(Protocol):
    """A module that describes one, such as data_collection_rules."""

    TYPE: str
    API_VERSION: str


def given(params: Mapping[str, Any], properties: Document) -> Document:
    """The part of a document that the options speak of; options that are not set leave things as they are."""
    document = {
        # "UK South" is taken, and gives a rule that does not belong to its workspace.
        "location": fold_location(params["location"]) if params["location"] else None,
        "kind": params.get("kind"),
        "tags": None if params["tags"] is None else {str(key): str(tag) for key, tag in params["tags"].items()},
        "properties": properties,
    }
    return {key: value for key, value in document.items() if value is not None}


def merged(existing: Document | None, given: Document, schema: Schema, append_tags: bool) -> Document:
    """What is to be sent: what is there, with what is given in its place, section by section."""
    base = writable(existing or {}, schema)
    document = {**base, **given, "properties": {**base.get("properties", {}), **given["properties"]}}
    if append_tags and "tags" in given:
        names = {key.casefold() for key in given["tags"]}
        kept = {key: tag for key, tag in base.get("tags", {}).items() if key.casefold() not in names}
        document["tags"] = {**kept, **given["tags"]}
    return document


def refuse_to_move(noun: str, existing: Document | None, wanted: Document) -> None:
    """Raise DocumentError for a change that Azure does not make to a resource: of its region or its kind."""
    if existing is None:
        return
    advice = f"Azure does not change it. Remove the {noun} with state=absent and run this again"
    if fold_location(existing["location"]) != fold_location(wanted["location"]):
        raise DocumentError(
            f"{existing['name']} is in {existing['location']}, and is to be in {wanted['location']}: {advice}"
        )
    before, after = (str(document.get("kind") or "none") for document in (existing, wanted))
    if before.casefold() != after.casefold():
        raise DocumentError(f"{existing['name']} is of kind {before}, and is to be of kind {after}: {advice}")


def difference(before: Document | None, after: Document | None, schema: Schema) -> dict[str, Any]:
    """What a diff shows: both documents without the differences that mean nothing."""
    return {"before": comparable(before, schema) or {}, "after": comparable(after, schema) or {}}


def found(client: ArmClient, params: Mapping[str, Any], kind: ResourceType) -> list[Document]:
    """What an info module shows: one resource, those of a group, or those of the subscription."""
    group, name = params["resource_group"], params["name"]
    if name:
        document = client.get(resource_id(client.subscription, group, kind.TYPE, name), kind.API_VERSION)
        return [document] if document else []
    scope = f"/subscriptions/{client.subscription}" + (f"/resourceGroups/{group}" if group else "")
    return list(client.list(f"{scope}/providers/{kind.TYPE}", kind.API_VERSION))
