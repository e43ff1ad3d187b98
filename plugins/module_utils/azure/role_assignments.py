# -*- coding: utf-8 -*-
# Copyright: slurm.observability contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Role assignments: who may do what, where."""

from __future__ import annotations

import difflib
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ansible_collections.slurm.observability.plugins.module_utils.azure.client import ArmClient, Document
from ansible_collections.slurm.observability.plugins.module_utils.azure.errors import DocumentError
from ansible_collections.slurm.observability.plugins.module_utils.azure.ids import resource_name
from ansible_collections.slurm.observability.plugins.module_utils.azure.schema import fold_id

TYPE = "Microsoft.Authorization/roleAssignments"
API_VERSION = "2022-04-01"
# Built-in roles have the same ids in all tenants. Others are given by their id.
ROLES = {
    "Monitoring Metrics Publisher": "3913510d-42f4-4e42-8a64-420c390055eb",
    "Monitoring Contributor": "749f88d5-cbae-40b8-bcfc-e573ddc772fa",
    "Log Analytics Contributor": "92aaf0da-9dab-42b6-94a3-d43ce8d16293",
    "Log Analytics Reader": "73c42c96-874c-492b-b04d-ab87d138a893",
    "Virtual Machine Contributor": "9980e02c-c2be-4d73-94e8-173b1dc7cf3c",
}
# What Azure answers for some time after a principal was made.
NOT_KNOWN_YET = ("PrincipalNotFound",)


@dataclass(frozen=True)
class Grant:
    """A role that a principal is to have on a scope and below it. ``role`` is the id of its definition, a GUID."""

    scope: str
    role: str
    principal: str

    @property
    def id(self) -> str:
        """The id of a new assignment. It has to be a GUID; the same grant gets the same one in every run."""
        name = uuid.uuid5(uuid.NAMESPACE_URL, "|".join((fold_id(self.scope), self.role, self.principal)))
        return f"{self.scope}/providers/{TYPE}/{name}"

    def body(self, subscription: str, principal_type: str, description: str | None) -> Document:
        """The document that makes the assignment. The type spares Azure to look for a principal that is new."""
        definition = f"/subscriptions/{subscription}/providers/Microsoft.Authorization/roleDefinitions/{self.role}"
        properties: dict[str, Any] = {
            "roleDefinitionId": definition,
            "principalId": self.principal,
            "principalType": principal_type,
        }
        return {"properties": {**properties, **({"description": description} if description else {})}}


def role_id(given: str) -> str:
    """The GUID of a role that is given by its name or id. Raises DocumentError for a name that is not known here."""
    names = {name.casefold(): guid for name, guid in ROLES.items()}
    if given.casefold() in names:
        return names[given.casefold()]
    last = resource_name(given)
    try:
        return str(uuid.UUID(last))
    except ValueError:
        nearest = difflib.get_close_matches(given, ROLES, n=1, cutoff=0.4)
        advice = f"did you mean {nearest[0]}?" if nearest else f"known are {', '.join(ROLES)}"
        raise DocumentError(f"no role {given} is known here; {advice} Others are given by their id") from None


def of_principal(client: ArmClient, scope: str, principal: str) -> list[Document]:
    """The assignments of a principal at a scope, above it and below it."""
    path = f"{scope}/providers/{TYPE}"
    return list(client.list(path, API_VERSION, **{"$filter": f"principalId eq '{principal}'"}))


def there(assignments: Iterable[Document], grant: Grant, *, above: bool) -> list[Document]:
    """The assignments that make a grant: at its scope, or with ``above`` also at one that the scope is below of."""
    return [
        assignment
        for assignment in assignments
        if resource_name(assignment["properties"]["roleDefinitionId"]).casefold() == grant.role
        and assignment["properties"]["principalId"].casefold() == grant.principal.casefold()
        and _covers(assignment["properties"]["scope"], grant.scope, above)
    ]


def _covers(scope: str, wanted: str, above: bool) -> bool:
    scope, wanted = fold_id(scope), fold_id(wanted)
    return scope == wanted or (above and wanted.startswith(f"{scope}/"))
