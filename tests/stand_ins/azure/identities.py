"""User-assigned identities."""

from __future__ import annotations

from .estate import Estate
from .exchange import Request, Response
from .resource import ANY_DATE, GROUP, Resources, identified
from .router import Router
from .schema import accept
from .schemas.authorization import USER_IDENTITY
from .tenancy import Principal

_TYPE = "Microsoft.ManagedIdentity/userAssignedIdentities"


class Identities(Resources):
    """An identity is a resource and a principal. Role assignments do not know a new one at once."""

    def __init__(self, estate: Estate) -> None:
        super().__init__(estate)
        self._hidden: dict[str, int] = {}

    def register(self, router: Router) -> None:
        listed = f"/providers/{_TYPE}"
        router.add(
            "userAssignedIdentities",
            f"{GROUP}{listed}/{{identity}}",
            ANY_DATE,
            {"GET": self.get, "PUT": self.put, "DELETE": self.delete},
        )
        router.add("userAssignedIdentities", f"{GROUP}{listed}", ANY_DATE, {"GET": self.list})

    def list(self, request: Request) -> Response:
        """The identities of a group."""
        return self.page(request, self.store.of_type(_TYPE, request.path.partition("/providers/")[0]))

    def put(self, request: Request) -> Response:
        """Make an identity, or change its tags."""
        self.require_group(request.path)
        document = accept(USER_IDENTITY, request.document())
        known = self.store.get(request.path)
        tenancy = self.estate.tenancy
        principal = tenancy.of_resource(request.path)
        if principal is None:
            principal = tenancy.add(Principal(resource=request.path))
            self._hidden[principal.object_id] = self.estate.behaviour.principal_hidden_tries
        ids = {"tenantId": tenancy.tenant, "principalId": principal.object_id, "clientId": principal.client_id}
        self.store.put(identified(request.path, {**document, "properties": ids}, known))
        return Response(200 if known else 201, self.require(request.path))

    def delete(self, request: Request) -> Response:
        """Remove an identity, from the tenant as well."""
        response = super().delete(request)
        self.estate.tenancy.remove(request.path)
        return response

    def seen_by_roles(self, object_id: str) -> bool:
        """Whether role assignments know a principal. Each call is one try."""
        if not self.estate.tenancy.knows(object_id):
            return False
        self._hidden[object_id] = self._hidden.get(object_id, 0) - 1
        return self._hidden[object_id] < 0
