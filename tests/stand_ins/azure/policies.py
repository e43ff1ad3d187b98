"""Policy assignments. That they are kept is all: no policy is applied to a machine."""

from __future__ import annotations

from .exchange import Refusal, Request, Response
from .machines import WithIdentity
from .resource import ANY_DATE, identified
from .router import Router
from .schema import accept
from .schemas.authorization import POLICY_ASSIGNMENT
from .store import name_of

_TYPE = "Microsoft.Authorization/policyAssignments"
_LONGEST_NAME = 64


class Policies(WithIdentity):
    """Assignments of policies that give machines born later their associations."""

    def register(self, router: Router) -> None:
        one = f"{{scope*}}/providers/{_TYPE}/{{assignment}}"
        router.add("policyAssignments", one, ANY_DATE, {"GET": self.get, "PUT": self.put, "DELETE": self.delete})

    def not_found(self, identifier: str) -> Refusal:
        return Refusal(404, "PolicyAssignmentNotFound", f"The policy assignment '{name_of(identifier)}' is not found.")

    def put(self, request: Request) -> Response:
        """Assign a policy. One that deploys needs an identity, and with it a location."""
        name = request.names["assignment"]
        if len(name) > _LONGEST_NAME:
            raise Refusal(400, "InvalidPolicyAssignmentName", f"The name '{name}' is over {_LONGEST_NAME} characters.")
        document = accept(POLICY_ASSIGNMENT, request.document())
        if (document.get("identity") or {}).get("type", "None") != "None" and not document.get("location"):
            raise Refusal(400, "LocationRequired", "The location is required: the policy assignment has an identity.")
        known = self.store.get(request.path)
        document = self.with_identity(request.path, document)
        document["properties"]["scope"] = request.names["scope"]
        self.store.put(identified(request.path, document, known))
        return Response(200 if known else 201, self.require(request.path))

    def delete(self, request: Request) -> Response:
        """Remove an assignment; Azure answers with what it was."""
        known = self.store.get(request.path)
        if known is None:
            return Response(204)
        self.store.remove(request.path)
        self.estate.tenancy.remove(request.path)
        return Response(200, known)
