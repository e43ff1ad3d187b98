# -*- coding: utf-8 -*-
# Copyright: slurm.observability contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks the table of a Log Analytics workspace without Azure.

The rules are those of the interface 2025-07-01 and of Microsoft's pages "Create a custom table" and "Manage data
retention"; Azure itself says some of them only minutes later, as the failure of an operation that it had accepted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

PLANS = ("Analytics", "Basic", "Auxiliary")
TYPES = ("string", "int", "long", "real", "boolean", "datetime", "guid", "dynamic")
RESERVED = frozenset(
    """
    id BilledSize IsBillable InvalidTimeGenerated TenantId Title Type UniqueId _ItemId _ResourceGroup _ResourceId
    _SubscriptionId _TimeReceived
    """.casefold().split()
)
MOST_COLUMNS = 500
DEFAULT_DAYS = -1
YEARS_IN_DAYS = (1095, 1460, 1826, 2191, 2556, 2922, 3288, 3653, 4018, 4383)
"""How long a table may be kept beyond two years: whole years only."""

_NAME = re.compile(r"[A-Za-z0-9_-]{4,63}")
_COLUMN = re.compile(r"[A-Za-z][A-Za-z0-9_]{1,44}")


def lint_table(document: Mapping[str, Any]) -> list[str]:
    """What Azure would refuse in a custom table, each finding as one sentence that begins with its place.

    ``document`` has ``name``, and ``properties`` as they are sent.
    """
    properties = document.get("properties") or {}
    columns = (properties.get("schema") or {}).get("columns")
    return [
        *_name(str(document.get("name") or "")),
        *([] if columns is None else _columns(columns)),
        *_days(properties),
    ]


def _name(name: str) -> Iterator[str]:
    if not _NAME.fullmatch(name):
        yield f"name: '{name}' is to have 4 to 63 letters, digits, '_' or '-', and has {len(name)} characters."
    if not name.endswith("_CL"):
        yield f"name: '{name}' is to end in _CL, as every custom table does."


def _columns(columns: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    if len(columns) > MOST_COLUMNS:
        yield f"columns: there are {len(columns)}; Azure takes {MOST_COLUMNS}."
    seen: set[str] = set()
    for column in columns:
        name, kind = str(column.get("name") or ""), str(column.get("type") or "")
        where = f"columns.{name}"
        if not _COLUMN.fullmatch(name):
            yield f"{where}: a name is to have 2 to 45 letters, digits or '_', and to begin with a letter."
        if name.casefold() in RESERVED:
            yield f"{where}: the name is Azure's own."
        if name.casefold() in seen:
            yield f"{where}: the name is there twice (case does not count)."
        if kind.casefold() not in TYPES:
            yield f"{where}: there is no type '{kind}'; there are {', '.join(TYPES)}."
        seen.add(name.casefold())
    times = [str(column.get("type")).casefold() for column in columns if column.get("name") == "TimeGenerated"]
    if times != ["datetime"]:
        yield "columns: a table needs TimeGenerated, of the type datetime."


def _days(properties: Mapping[str, Any]) -> Iterator[str]:
    """The retention, in days; -1 is the workspace's own, or for the total that of queries."""
    plan = str(properties.get("plan") or "Analytics")
    days, total = properties.get("retentionInDays"), properties.get("totalRetentionInDays")
    if plan not in PLANS:
        yield f"plan: there is no plan '{plan}'; there are {', '.join(PLANS)}."
    elif plan != "Analytics" and days not in (None, DEFAULT_DAYS):
        yield f"retentionInDays: that of the plan {plan} is fixed; only totalRetentionInDays can be set."
    elif days is not None and days != DEFAULT_DAYS and not 4 <= days <= 730:
        yield f"retentionInDays: {days} is not from 4 to 730, nor -1 for the workspace's own."
    if total is not None and total != DEFAULT_DAYS and not (4 <= total <= 730 or total in YEARS_IN_DAYS):
        yield (
            f"totalRetentionInDays: {total} is not from 4 to 730, nor -1, nor whole years: "
            f"{', '.join(str(year) for year in YEARS_IN_DAYS)}."
        )
    if days and total and DEFAULT_DAYS not in (days, total) and total < days:
        yield f"totalRetentionInDays: {total} is less than the {days} of retentionInDays."
