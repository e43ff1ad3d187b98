# -*- coding: utf-8 -*-
# Copyright: slurm.observability contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tables of a Log Analytics workspace: what one that is there and what a user gives come to.

Azure has three habits that a plain comparison stumbles over: a retention that was never set is answered as the number
of days of the workspace, beside a mark that it is the default; the type that was sent as ``datetime`` is answered as
such, though the interface calls it ``dateTime``; and what is not in a new list of columns is dropped with its data.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.slurm.observability.plugins.module_utils.azure.errors import DocumentError
from ansible_collections.slurm.observability.plugins.module_utils.azure.schema import (
    NUMBER,
    TEXT,
    WORD,
    Each,
    Keys,
    comparable,
    writable,
)

Document = dict[str, Any]

API_VERSION = "2025-07-01"  # the first stable one with the plan Auxiliary
PLANS = ("Analytics", "Basic", "Auxiliary")
# Sent for a retention, it means: that of the workspace, or for the total that of queries.
DEFAULT_DAYS = -1

COLUMN = Keys(
    {"name": TEXT, "type": WORD, "dataTypeHint": WORD, "displayName": TEXT, "description": TEXT},
    ("isDefaultDisplay", "isHidden"),
)
# Only what can be set; the answer has much more, and sending standardColumns back is refused.
PROPERTIES = Keys(
    {
        "plan": WORD,
        "retentionInDays": NUMBER,
        "totalRetentionInDays": NUMBER,
        "schema": Keys({"name": TEXT, "displayName": TEXT, "description": TEXT, "columns": Each(COLUMN)}),
    }
)


@dataclass(frozen=True)
class Plan:
    """What to do with a table: the method and the body to send, and the columns of the old one that are not given."""

    before: Document | None
    after: Document
    method: str
    dropped: list[str]
    kept: list[str]

    @property
    def changed(self) -> bool:
        return comparable(self.before, PROPERTIES) != comparable(self.after, PROPERTIES)

    @property
    def body(self) -> Document:
        """All of it, for a new table or new columns; else only what differs, for Azure's own tables have more."""
        if self.method == "PUT" or self.before is None:
            return {"properties": self.after}
        return {"properties": {key: value for key, value in self.after.items() if value != self.before.get(key)}}


def path(workspace: str, name: str = "") -> str:
    """The path of a table, or of all tables of a workspace."""
    return f"{workspace}/tables/{name}".rstrip("/")


def column_names(table: Mapping[str, Any]) -> list[str]:
    """The names of all columns that rows of an answered table have."""
    schema = table["properties"]["schema"]
    return [column["name"] for key in ("columns", "standardColumns") for column in schema.get(key) or ()]


def settings(table: Mapping[str, Any] | None) -> Document | None:
    """What of an answered table can be set, as it would be sent to have it so."""
    if table is None:
        return None
    answered = table.get("properties") or {}
    found = {key: answered[key] for key in PROPERTIES.keys if answered.get(key) is not None}
    for key in ("retentionInDays", "totalRetentionInDays"):
        if answered.get(f"{key}AsDefault"):
            found[key] = DEFAULT_DAYS  # the number, sent back, would be fixed from then on
    schema = found.get("schema") or {}
    found["schema"] = {
        key: writable(schema[key], PROPERTIES.keys["schema"].keys[key])  # type: ignore[union-attr]
        for key in ("name", "displayName", "description", "columns")
        if schema.get(key)
    }
    return found


def plan(name: str, existing: Mapping[str, Any] | None, given: Document, drop_columns: bool) -> Plan:
    """What a table is to become.

    ``given`` has the shape of PROPERTIES; what is not in it stays as it is. Columns that are there and not given are
    kept, or dropped when ``drop_columns`` says so. Raises DocumentError for what Azure does not do.
    """
    before = settings(existing)
    if before is None and not given.get("schema", {}).get("columns"):
        raise DocumentError(f"there is no table {name}, and a new one needs columns")
    base = before or {"schema": {"name": name}}
    old = base["schema"].get("columns") or []
    columns, missing = _columns(old, given.get("schema", {}).get("columns"), drop_columns)
    _refuse_other_types(name, old, columns)
    schema = {**base["schema"], **given.get("schema", {}), **({"columns": columns} if columns else {})}
    after = {**base, **given, "schema": schema}
    if str(after.get("plan") or "Analytics") != "Analytics" and "retentionInDays" not in given:
        # The other plans have one of their own, which is answered and cannot be sent.
        before, after = _without_retention(before), _without_retention(after)
    new_columns = comparable(old, Each(COLUMN)) != comparable(columns, Each(COLUMN))
    return Plan(
        before,
        after,
        "PUT" if before is None or new_columns else "PATCH",
        dropped=missing if drop_columns else [],
        kept=[] if drop_columns else missing,
    )


def _without_retention(properties: Document | None) -> Document | None:
    return properties and {key: value for key, value in properties.items() if key != "retentionInDays"}


def _columns(old: Sequence[Document], given: Sequence[Document] | None, drop: bool) -> tuple[list[Document], list[str]]:
    """The columns that a table is to have, and the names of the old ones that are not given."""
    if given is None:
        return list(old), []
    of_name = {column["name"]: column for column in old}
    names = {column["name"] for column in given}
    missing = [column for column in old if column["name"] not in names]
    merged = [{**of_name.get(column["name"], {}), **column} for column in given]
    return merged + ([] if drop else missing), sorted(column["name"] for column in missing)


def _refuse_other_types(name: str, old: Sequence[Document], columns: Sequence[Document]) -> None:
    types = {column["name"]: str(column["type"]) for column in columns}
    for column in old:
        before, after = str(column["type"]), types.get(column["name"], str(column["type"]))
        if before.casefold() != after.casefold():
            raise DocumentError(
                f"column {column['name']} of {name} is {before}, and is to be {after}: Azure does not change the type "
                "of a column. Give the new one another name"
            )
