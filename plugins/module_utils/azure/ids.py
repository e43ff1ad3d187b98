# -*- coding: utf-8 -*-
# Copyright: slurm.observability contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Resource ids of Azure Resource Manager.

Azure takes ids in any case and answers some in lower case: two ids are compared by their case-folded text.
"""

from __future__ import annotations

import re

_RESOURCE = re.compile(
    r"/subscriptions/(?P<subscription>[^/]+)(/resourceGroups/(?P<group>[^/]+))?"
    r"/providers/(?P<type>[^/]+/[^/]+)/(?P<name>[^/]+)",
    re.IGNORECASE,
)


def resource_id(subscription: str, group: str, resource_type: str, name: str) -> str:
    """The id of a resource, such as one of type ``Microsoft.Insights/dataCollectionRules``."""
    return f"/subscriptions/{subscription}/resourceGroups/{group}/providers/{resource_type}/{name}"


def same(one: str | None, other: str | None) -> bool:
    """Whether two ids name one resource."""
    return (one or "").rstrip("/").casefold() == (other or "").rstrip("/").casefold()


def resource_type(identifier: str) -> str:
    """The type in the id of a resource, in lower case; empty for what is no id of a resource."""
    match = _RESOURCE.fullmatch(identifier.rstrip("/"))
    return match.group("type").lower() if match else ""


def resource_name(identifier: str) -> str:
    """The last part of an id."""
    return identifier.rstrip("/").rpartition("/")[2]


def full_id(given: str, subscription: str, group: str, resource_type: str) -> str:
    """The id of a resource that is given by its id or by its name alone."""
    return given.rstrip("/") if given.startswith("/") else resource_id(subscription, group, resource_type, given)
