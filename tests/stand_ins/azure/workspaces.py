"""Log Analytics workspaces: they have a region and an id of their own, under which they are queried."""

from __future__ import annotations

import uuid

from .exchange import Document, Request, Response
from .resource import ANY_DATE, GROUP, Resources, identified, stamped
from .router import Router
from .schema import accept
from .schemas.operational_insights import WORKSPACE
from .table_properties import azure_tables

PATH = f"{GROUP}/providers/Microsoft.OperationalInsights/workspaces/{{workspace}}"
TYPE = "Microsoft.OperationalInsights/workspaces"
DEFAULT_RETENTION_DAYS = 30


class Workspaces(Resources):
    """Workspaces are made by others; the stand-in takes a PUT so that a test can play them."""

    def register(self, router: Router) -> None:
        router.add("workspaces", PATH, ANY_DATE, {"GET": self.get, "PUT": self.put, "DELETE": self.delete})
        listed = "/providers/Microsoft.OperationalInsights/workspaces"
        router.add("workspaces", f"{GROUP}{listed}", ANY_DATE, {"GET": self.list})
        router.add("workspaces", f"/subscriptions/{{subscription}}{listed}", ANY_DATE, {"GET": self.list})

    def put(self, request: Request) -> Response:
        """Make a workspace."""
        self.require_group(request.path)
        document = accept(WORKSPACE, request.document())
        known = self.store.get(request.path)
        properties: Document = {"retentionInDays": DEFAULT_RETENTION_DAYS, **document.get("properties", {})}
        properties["customerId"] = known["properties"]["customerId"] if known else str(uuid.uuid4())
        properties["provisioningState"] = "Succeeded"
        document = stamped({**document, "properties": properties}, request.principal, known)
        self.store.put(identified(request.path, document, known))
        if known is None:
            for table in azure_tables(request.path, properties["retentionInDays"]):
                self.store.put(table)
        return Response(200 if known else 201, self.require(request.path))

    def list(self, request: Request) -> Response:
        """The workspaces of a group, or of the subscription."""
        return self.page(request, self.store.of_type(TYPE, request.path.partition("/providers/")[0]))
