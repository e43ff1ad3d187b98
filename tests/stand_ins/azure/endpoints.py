"""Data collection endpoints."""

from __future__ import annotations

import uuid

from .associations import ASSOCIATION_TYPE
from .exchange import Document, Refusal, Request, Response
from .insights import VERSIONS, InsightsResources
from .resource import GROUP
from .router import Router
from .schema import accept
from .schemas.monitor import ENDPOINT
from .store import key

_TYPE = "Microsoft.Insights/dataCollectionEndpoints"
_LISTED = f"/providers/{_TYPE}"


class Endpoints(InsightsResources):
    """Addresses for agents and for the ingestion. The stand-in's own address is that of the ingestion."""

    def register(self, router: Router) -> None:
        router.add(
            "dataCollectionEndpoints",
            f"{GROUP}{_LISTED}/{{endpoint}}",
            VERSIONS,
            {"GET": self.get, "PUT": self.put, "PATCH": self.patch, "DELETE": self.delete},
        )
        router.add("dataCollectionEndpoints", f"{GROUP}{_LISTED}", VERSIONS, {"GET": self.list})
        router.add("dataCollectionEndpoints", f"/subscriptions/{{subscription}}{_LISTED}", VERSIONS, {"GET": self.list})

    def list(self, request: Request) -> Response:
        """The endpoints of a group, or of the subscription."""
        scope = request.path.partition("/providers/")[0]
        return self.page(request, self.store.of_type(_TYPE, scope), null_link=True)

    def put(self, request: Request) -> Response:
        """Make an endpoint, or replace it."""
        self.require_group(request.path)
        document = accept(ENDPOINT, request.document())
        known = self.store.get(request.path)
        old = known["properties"] if known else {}
        if known and known["location"] != document["location"]:
            raise Refusal(409, "InvalidResourceLocation", "The location of an endpoint cannot be changed.")
        address: Document = {"endpoint": request.origin}
        own: Document = {
            "immutableId": old.get("immutableId") or f"dce-{uuid.uuid4().hex}",
            "configurationAccess": address,
            "logsIngestion": address,
            "metricsIngestion": address,
            "provisioningState": "Succeeded",
        }
        given = {"networkAcls": {"publicNetworkAccess": "Enabled"}, **document.get("properties", {})}
        return self.keep(request, {**document, "properties": {**given, **own}}, known)

    def delete(self, request: Request) -> Response:
        """Remove an endpoint that nothing uses."""
        for association in self.store.of_type(ASSOCIATION_TYPE):
            if key(association["properties"].get("dataCollectionEndpointId", "")) == key(request.path):
                text = "Data collection endpoint cannot be deleted: it has existing associations"
                raise Refusal(400, "ExistingAssociationsPreventDelete", text)
        return super().delete(request)
