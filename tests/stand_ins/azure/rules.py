"""Data collection rules."""

from __future__ import annotations

import uuid

from .associations import ASSOCIATION_TYPE
from .estate import Estate
from .exchange import Document, Refusal, Request, Response
from .insights import VERSIONS, InsightsResources
from .resource import GROUP, without_empty
from .router import Router
from .rule_checks import RuleChecks
from .schema import accept
from .schemas.monitor import RULE
from .store import key
from .tables import Tables

TYPE = "Microsoft.Insights/dataCollectionRules"
_LISTED = f"/providers/{TYPE}"
# The version that can take a rule's associations away with it.
_CASCADES = ("2023-03-11", "2024-03-11")


class Rules(InsightsResources):
    """Rules are judged whole when they are written, and change at once."""

    def __init__(self, estate: Estate, tables: Tables) -> None:
        super().__init__(estate)
        self._checks = RuleChecks(estate, tables)

    def register(self, router: Router) -> None:
        router.add(
            "dataCollectionRules",
            f"{GROUP}{_LISTED}/{{rule}}",
            VERSIONS,
            {"GET": self.get, "PUT": self.put, "PATCH": self.patch, "DELETE": self.delete},
        )
        router.add("dataCollectionRules", f"{GROUP}{_LISTED}", VERSIONS, {"GET": self.list})
        router.add("dataCollectionRules", f"/subscriptions/{{subscription}}{_LISTED}", VERSIONS, {"GET": self.list})

    def list(self, request: Request) -> Response:
        """The rules of a group, or of the subscription."""
        scope = request.path.partition("/providers/")[0]
        return self.page(request, self.store.of_type(TYPE, scope), null_link=True)

    def put(self, request: Request) -> Response:
        """Make a rule, or replace it. Azure answers 200 to both."""
        self.require_group(request.path)
        document = accept(RULE, request.document())
        known = self.store.get(request.path)
        if known and known.get("kind") != document.get("kind"):
            text = f"The kind of a rule cannot be changed from {known.get('kind')} to {document.get('kind')}"
            raise Refusal(400, "InvalidKindChange", text)
        properties = document.get("properties", {})
        self._checks.check(document, properties)
        return self.keep(request, self._as_answered(request, document, properties, known), known)

    def delete(self, request: Request) -> Response:
        """Remove a rule. Its associations hinder that, unless ``deleteAssociations`` says to remove them too."""
        cascade = request.query.get("deleteAssociations", "").casefold() == "true"
        for association in self.store.of_type(ASSOCIATION_TYPE):
            if key(association["properties"].get("dataCollectionRuleId", "")) != key(request.path):
                continue
            if not (cascade and request.query["api-version"] in _CASCADES):
                text = "Data collection rule cannot be deleted: it has existing associations"
                raise Refusal(400, "ExistingAssociationsPreventDelete", text)
            self.store.remove(association["id"])
        return super().delete(request)

    def _as_answered(
        self, request: Request, document: Document, properties: Document, known: Document | None
    ) -> Document:
        """As the service echoes it: other order of keys, no empty sections, what it alone knows added."""
        own: Document = {"immutableId": known["properties"]["immutableId"] if known else f"dcr-{uuid.uuid4().hex}"}
        if document.get("kind") == "Direct":
            own["endpoints"] = {"logsIngestion": request.origin, "metricsIngestion": request.origin}
        for destination in (properties.get("destinations") or {}).get("logAnalytics", []):
            workspace = self.require(destination["workspaceResourceId"])
            destination["workspaceId"] = workspace["properties"]["customerId"]
        echoed = {name: properties[name] for name in sorted(properties)}
        cleaned = without_empty(
            {"properties": None, **document} | {"properties": {**own, **echoed, "provisioningState": "Succeeded"}}
        )
        assert isinstance(cleaned, dict)
        return cleaned
