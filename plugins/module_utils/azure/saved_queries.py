# -*- coding: utf-8 -*-
# Copyright: slurm.observability contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Saved queries of a Log Analytics workspace; Azure's interface calls them saved searches."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.slurm.observability.plugins.module_utils.azure.schema import NUMBER, TEXT, Each, Keys

Document = dict[str, Any]

API_VERSION = "2020-08-01"
LANGUAGE_VERSION = 2

PROPERTIES = Keys(
    {
        "category": TEXT,
        "displayName": TEXT,
        "query": TEXT,
        "functionAlias": TEXT,
        "functionParameters": TEXT,
        "version": NUMBER,
        "tags": Each(Keys({"name": TEXT, "value": TEXT})),
    }
)


def path(workspace: str, name: str = "") -> str:
    """The path of a saved query, or of all of a workspace."""
    return f"{workspace}/savedSearches/{name}".rstrip("/")


def properties(params: Mapping[str, Any]) -> Document:
    """What the options say of a query, as Azure spells it."""
    tags = params["tags"]
    document = {
        "category": params["category"],
        "displayName": params["display_name"],
        "query": params["query"],
        "functionAlias": params["function_alias"],
        "functionParameters": params["function_parameters"],
        "version": LANGUAGE_VERSION,
        "tags": None if tags is None else [{"name": str(name), "value": str(tags[name])} for name in sorted(tags)],
    }
    return {key: value for key, value in document.items() if value is not None}
