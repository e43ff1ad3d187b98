"""What the operator may do, as Azure lists it for whoever asks. Whether something is refused is for faults to say."""

from __future__ import annotations

from .exchange import Request, Response
from .resource import Resources
from .router import Router

_VERSIONS = r"2022-04-01|2018-07-01|2015-07-01"


class Permissions(Resources):
    """One role with the actions of ``behaviour.actions``, on every scope."""

    def register(self, router: Router) -> None:
        path = "{scope*}/providers/Microsoft.Authorization/permissions"
        router.add("permissions", path, _VERSIONS, {"GET": self.list})

    def list(self, request: Request) -> Response:
        """The permissions on a scope that is there."""
        self.require(request.names["scope"])
        role = {"actions": list(self.estate.behaviour.actions), "notActions": [], "dataActions": []}
        return self.page(request, [role])
