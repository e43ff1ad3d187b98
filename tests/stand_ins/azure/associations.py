"""Associations of a rule, or of an endpoint, with a machine."""

from __future__ import annotations

from .exchange import Document, Refusal, Request, Response
from .insights import VERSIONS, InsightsResources
from .resource import GROUP
from .router import Router
from .schema import accept
from .schemas.monitor import ASSOCIATION
from .store import key, type_of

ASSOCIATION_TYPE = "Microsoft.Insights/dataCollectionRuleAssociations"
_BELOW = f"/providers/{ASSOCIATION_TYPE}"
_SCALE_SET = "microsoft.compute/virtualmachinescalesets"
_TARGETS = (
    "Microsoft.AzureStackHCI/virtualmachines",
    "Microsoft.AzureStackHCI/clusters",
    "Microsoft.Compute/virtualMachineScaleSets",
    "Microsoft.Compute/virtualMachines",
    "Microsoft.ContainerService/managedClusters",
    "Microsoft.HybridCompute/machines",
    "Microsoft.Kubernetes/connectedClusters",
)
# The kind of rule that sets the agent itself has one association of this name.
_AGENT_SETTINGS = "agentSettings"
_ENDPOINT_NAME = "configurationAccessEndpoint"


class Associations(InsightsResources):
    """They hang below their target; lists by rule have lost the case of all ids."""

    def register(self, router: Router) -> None:
        kind = "dataCollectionRuleAssociations"
        for type_name in ("dataCollectionRules", "dataCollectionEndpoints"):
            path = f"{GROUP}/providers/Microsoft.Insights/{type_name}/{{name}}/associations"
            router.add(kind, path, VERSIONS, {"GET": self.list_by_rule})
        one = f"{{target*}}{_BELOW}/{{association}}"
        router.add(kind, one, VERSIONS, {"GET": self.get, "PUT": self.put, "DELETE": self.delete})
        router.add(kind, f"{{target*}}{_BELOW}", VERSIONS, {"GET": self.list_by_target})

    def get(self, request: Request) -> Response:
        self._check_target(request.names["target"])
        return super().get(request)

    def put(self, request: Request) -> Response:
        """Make an association, or replace it."""
        self._check_target(request.names["target"])
        document = accept(ASSOCIATION, request.document())
        self._check(document.get("properties", {}), request.names["association"])
        return self.keep(request, document, self.store.get(request.path))

    def list_by_target(self, request: Request) -> Response:
        """The associations of a machine, as they were made."""
        target = request.names["target"]
        self._check_target(target)
        found = self.store.of_type(ASSOCIATION_TYPE, f"{target}/providers")
        return self.page(request, found, null_link=True)

    def list_by_rule(self, request: Request) -> Response:
        """The associations of a rule or an endpoint: names and ids in lower case, without etag and systemData."""
        owner = request.path.rpartition("/")[0]
        self.require(owner)
        found = [one for one in self.store.of_type(ASSOCIATION_TYPE) if key(owner) in map(key, _references(one))]
        return self.page(request, map(_lowered, found), null_link=True)

    def _check_target(self, target: str) -> None:
        kind = type_of(target)
        if kind.casefold() not in map(str.casefold, _TARGETS):
            text = (
                f"Association cannot be created for resource of type '{kind}'. "
                f"Supported types are: {','.join(_TARGETS)}"
            )
            raise Refusal(400, "InvalidAssociationTarget", text)
        document = self.require(target)
        mode = (document.get("properties") or {}).get("orchestrationMode")
        if kind.casefold() == _SCALE_SET and mode == "Flexible":
            text = "Scale sets with Flexible orchestration are not supported: associate each virtual machine"
            raise Refusal(400, "InvalidAssociationTarget", text)

    def _check(self, properties: Document, name: str) -> None:
        rule = properties.get("dataCollectionRuleId")
        endpoint = properties.get("dataCollectionEndpointId")
        if bool(rule) == bool(endpoint):
            text = "An association has either dataCollectionRuleId or dataCollectionEndpointId"
            raise Refusal(400, "InvalidPayload", text)
        if endpoint and name != _ENDPOINT_NAME:
            text = f"Association name for resource to endpoint must be {_ENDPOINT_NAME}"
            raise Refusal(400, "InvalidEndpointAssociationName", text)
        owner = self.require(rule or endpoint or "")
        if rule and (owner.get("kind") == "AgentSettings") != (name == _AGENT_SETTINGS):
            text = f"The association of a rule of kind AgentSettings, and no other, is named {_AGENT_SETTINGS}"
            raise Refusal(400, "InvalidAssociationName", text)


def _references(association: Document) -> list[str]:
    properties = association["properties"]
    return [properties.get("dataCollectionRuleId") or "", properties.get("dataCollectionEndpointId") or ""]


def _lowered(association: Document) -> Document:
    properties = {
        name: value.lower() if name.endswith("Id") else value for name, value in association["properties"].items()
    }
    # The subscription has no letters but hexadecimal digits; all else of the id is lowered, "resourcegroups" included.
    return {
        "properties": properties,
        "id": association["id"].lower(),
        "name": association["name"].lower(),
        "type": association["type"],
    }
