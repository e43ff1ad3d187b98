# -*- coding: utf-8 -*-
# Copyright: slurm.observability contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Permissions: what Azure says that whoever signs in may do."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.slurm.observability.plugins.module_utils.azure.client import ArmClient, Document
from ansible_collections.slurm.observability.plugins.module_utils.azure.errors import ArmError

API_VERSION = "2022-04-01"


def of_caller(client: ArmClient, scope: str) -> list[Document] | None:
    """The permissions of the client on a scope, one entry for each role; None where they may not be listed."""
    try:
        return list(client.list(f"{scope}/providers/Microsoft.Authorization/permissions", API_VERSION))
    except ArmError as error:
        if error.status == 403:
            return None
        raise


def allow(permissions: Iterable[Mapping[str, Any]], action: str) -> bool:
    """Whether some role allows an action: one takes nothing away from another."""
    return any(
        _is_one_of(permission.get("actions") or (), action)
        and not _is_one_of(permission.get("notActions") or (), action)
        for permission in permissions
    )


def _is_one_of(patterns: Iterable[str], action: str) -> bool:
    """``*`` in a pattern stands for any text; case does not count."""
    return any(
        re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), action, re.IGNORECASE) for pattern in patterns
    )
