"""Subscriptions and resource groups, and the resources in them by type and tag."""

from __future__ import annotations

import re
from collections.abc import Callable

from .exchange import Document, Refusal, Request, Response
from .resource import ANY_DATE, GROUP, Resources, identified
from .router import Router
from .schema import Free, Record, Text, accept
from .schemas.common import TAGS
from .store import key

_GROUP = Record("ResourceGroup", {"location": Text(), "tags": TAGS, "properties": Free()}, required=("location",))
_FILTERS: dict[re.Pattern[str], Callable[..., bool]] = {
    re.compile(r"resourceType eq '([^']+)'"): lambda resource, kind: resource["type"].casefold() == kind.casefold(),
    re.compile(r"tagName eq '([^']+)'"): lambda resource, name: name in (resource.get("tags") or {}),
    re.compile(r"tagName eq '([^']+)' and tagValue eq '([^']*)'"): lambda resource, name, value: (
        (resource.get("tags") or {}).get(name) == value
    ),
}
_LISTED = (
    "Microsoft.Compute/virtualMachines",
    "Microsoft.Compute/virtualMachineScaleSets",
    "Microsoft.HybridCompute/machines",
    "Microsoft.OperationalInsights/workspaces",
    "Microsoft.Insights/dataCollectionRules",
    "Microsoft.Insights/dataCollectionEndpoints",
    "Microsoft.ManagedIdentity/userAssignedIdentities",
)


class Groups(Resources):
    """Where all other resources are."""

    def register(self, router: Router) -> None:
        router.add("subscriptions", "/subscriptions/{subscription}", ANY_DATE, {"GET": self.subscription})
        router.add("resources", "/subscriptions/{subscription}/resources", ANY_DATE, {"GET": self.resources})
        router.add("resources", f"{GROUP}/resources", ANY_DATE, {"GET": self.resources})
        router.add("resourceGroups", GROUP, ANY_DATE, {"GET": self.get, "PUT": self.put, "DELETE": self.delete})

    def subscription(self, request: Request) -> Response:
        """The one subscription that there is."""
        name = request.names["subscription"]
        self._check(name)
        tenant = self.estate.tenancy.tenant
        return Response(200, {"id": request.path, "subscriptionId": name, "tenantId": tenant, "state": "Enabled"})

    def _check(self, subscription: str) -> None:
        if subscription.casefold() != self.estate.tenancy.subscription:
            raise Refusal(404, "SubscriptionNotFound", f"The subscription '{subscription}' could not be found.")

    def put(self, request: Request) -> Response:
        """Make a resource group, or change its tags."""
        self._check(request.names["subscription"])
        known = self.store.get(request.path)
        document = identified(request.path, accept(_GROUP, request.document()), known)
        document["properties"] = {"provisioningState": "Succeeded"}
        self.store.put(document)
        return Response(200 if known else 201, document)

    def resources(self, request: Request) -> Response:
        """Resources, all or those that ``$filter`` leaves: by type, or by tag."""
        scope = request.path.rpartition("/")[0]
        found = [one for kind in _LISTED for one in self.store.of_type(kind, scope)]
        text = request.query.get("$filter", "").strip()
        if text:
            found = [one for one in found if _passes(text, one)]
        brief = ("id", "name", "type", "location", "tags", "identity")
        return self.page(request, ({name: one[name] for name in brief if name in one} for one in found))


def _passes(text: str, resource: Document) -> bool:
    for pattern, test in _FILTERS.items():
        match = pattern.fullmatch(text)
        if match:
            return test(resource, *match.groups())
    raise Refusal(400, "InvalidFilterInQueryString", f"The stand-in does not know this $filter: {text}")


def in_scope(identifier: str, scope: str) -> bool:
    """Whether a scope is a resource, or one of those above it."""
    return f"{key(identifier)}/".startswith(f"{key(scope)}/")
