"""Role assignments, and the few roles that the stand-in knows."""

from __future__ import annotations

import re

from .estate import Estate
from .exchange import Document, Refusal, Request, Response
from .groups import in_scope
from .identities import Identities
from .resource import Resources, identified
from .router import Router
from .schema import accept
from .schemas.authorization import ROLE_ASSIGNMENT
from .store import Store, key, name_of

TYPE = "Microsoft.Authorization/roleAssignments"
_BELOW = f"/providers/{TYPE}"
_VERSIONS = r"2022-04-01|2020-10-01-preview|2020-04-01-preview"
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
METRICS_PUBLISHER = "3913510d-42f4-4e42-8a64-420c390055eb"
# Built-in roles have the same ids everywhere.
_ROLES = {
    METRICS_PUBLISHER: "Monitoring Metrics Publisher",
    "749f88d5-cbae-40b8-bcfc-e573ddc772fa": "Monitoring Contributor",
    "92aaf0da-9dab-42b6-94a3-d43ce8d16293": "Log Analytics Contributor",
    "9980e02c-c2be-4d73-94e8-173b1dc7cf3c": "Virtual Machine Contributor",
    "acdd72a7-3385-48ef-bd42-f606fba81ae7": "Reader",
}
_PRINCIPAL_FILTER = re.compile(r"(?:principalId|assignedTo\()\s*(?:eq )?'([^']+)'\)?")


class Roles(Resources):
    """Who may do what, where. An assignment is not changed once it is made."""

    def __init__(self, estate: Estate, identities: Identities) -> None:
        super().__init__(estate)
        self._identities = identities

    def register(self, router: Router) -> None:
        one = f"{{scope*}}{_BELOW}/{{assignment}}"
        router.add("roleAssignments", one, _VERSIONS, {"GET": self.get, "PUT": self.put, "DELETE": self.delete})
        router.add("roleAssignments", f"{{scope*}}{_BELOW}", _VERSIONS, {"GET": self.list})

    def not_found(self, identifier: str) -> Refusal:
        return Refusal(404, "RoleAssignmentNotFound", f"The role assignment '{name_of(identifier)}' is not found.")

    def put(self, request: Request) -> Response:
        """Assign a role."""
        name = request.names["assignment"]
        if not _GUID.fullmatch(name):
            text = f"The role assignment ID '{name}' is not valid: it is no GUID."
            raise Refusal(400, "InvalidRoleAssignmentId", text)
        properties = accept(ROLE_ASSIGNMENT, request.document())["properties"]
        if name_of(properties["roleDefinitionId"]) not in _ROLES:
            text = f"The specified role definition with ID '{name_of(properties['roleDefinitionId'])}' does not exist."
            raise Refusal(404, "RoleDefinitionDoesNotExist", text)
        if not self._identities.seen_by_roles(properties["principalId"]):
            text = f"Principal {properties['principalId']} does not exist in the directory."
            raise Refusal(400, "PrincipalNotFound", text)
        document = {"properties": {**properties, "scope": request.names["scope"]}}
        for other in self.store.of_type(TYPE):
            if _essence(other) == _essence(document) and key(other["id"]) != key(request.path):
                text = f"The role assignment already exists. The ID of the existing role assignment is {other['name']}."
                raise Refusal(409, "RoleAssignmentExists", text)
        known = self.store.get(request.path)
        if known and _essence(known) != _essence(document):
            text = "Tenant ID, application ID, principal ID, and scope are not allowed to be updated."
            raise Refusal(400, "RoleAssignmentUpdateNotPermitted", text)
        self.store.put(identified(request.path, document, known))
        return Response(200 if known else 201, self.require(request.path))

    def list(self, request: Request) -> Response:
        """Assignments at a scope, above and below it; ``$filter=atScope()`` leaves out those below."""
        scope = request.names["scope"]
        text = request.query.get("$filter", "")
        found = [
            one
            for one in self.store.of_type(TYPE)
            if in_scope(scope, one["properties"]["scope"])
            or (text != "atScope()" and in_scope(one["properties"]["scope"], scope))
        ]
        match = _PRINCIPAL_FILTER.fullmatch(text)
        if text and text != "atScope()" and not match:
            raise Refusal(400, "InvalidFilter", f"The stand-in does not know this $filter: {text}")
        if match:
            found = [one for one in found if one["properties"]["principalId"] == match.group(1)]
        return self.page(request, found)


def has_role(store: Store, principal: str, role: str, identifier: str) -> bool:
    """Whether a principal has a role on a resource, or above it."""
    return any(
        one["properties"]["principalId"] == principal
        and name_of(one["properties"]["roleDefinitionId"]) == role
        and in_scope(identifier, one["properties"]["scope"])
        for one in store.of_type(TYPE)
    )


def _essence(assignment: Document) -> tuple[str, str, str]:
    properties = assignment["properties"]
    role = name_of(properties["roleDefinitionId"])
    return key(properties["scope"]), key(role), key(properties["principalId"])
