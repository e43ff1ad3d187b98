"""Virtual machines and Arc machines. Others make them; the collection reads them, and changes tags and identity."""

from __future__ import annotations

from .exchange import Document, Refusal, Request, Response
from .resource import ANY_DATE, GROUP, Resources, identified
from .router import Router
from .schema import Free, MapOf, Record, Text, accept
from .schemas.common import TAGS
from .schemas.compute import MACHINE_UPDATE
from .store import key
from .tenancy import Principal

MACHINE_TYPE = "Microsoft.Compute/virtualMachines"
MACHINE = f"{GROUP}/providers/{MACHINE_TYPE}/{{machine}}"
ARC_TYPE = "Microsoft.HybridCompute/machines"
_FLEXIBLE_FILTER = "'virtualMachineScaleSet/id' eq "

# The hardware of a machine is not looked at.
NEW_MACHINE = Record(
    "VirtualMachine",
    {"location": Text(), "tags": TAGS, "identity": Free(), "sku": Free(), "properties": MapOf(Free())},
    required=("location",),
)


class WithIdentity(Resources):
    """A resource that may have identities: its own, and assigned ones."""

    def with_identity(self, identifier: str, document: Document) -> Document:
        """The document with the ids of its identities filled in. Raises Refusal for an identity that does not exist."""
        wanted = document.get("identity")
        if not wanted:
            return document
        assigned = {}
        for resource in wanted.get("userAssignedIdentities") or {}:
            principal = self.estate.tenancy.of_resource(resource)
            if principal is None:
                text = f"The identity(ies) '{resource}' could not be found."
                raise Refusal(400, "FailedIdentityOperation", text)
            assigned[resource] = {"principalId": principal.object_id, "clientId": principal.client_id}
        identity: Document = {"type": wanted["type"]}
        if assigned:
            identity["userAssignedIdentities"] = assigned
        if "SystemAssigned" in wanted["type"]:
            tenancy = self.estate.tenancy
            own = tenancy.of_resource(identifier) or tenancy.add(Principal(resource=identifier))
            identity |= {"principalId": own.object_id, "tenantId": tenancy.tenant}
        return {**document, "identity": identity}

    def patch(self, request: Request) -> Response:
        """Change tags or identity. Assigned identities are merged: one is taken away by the value null."""
        known = self.require(request.path)
        change = accept(MACHINE_UPDATE, request.document())
        if "identity" in change:
            old = (known.get("identity") or {}).get("userAssignedIdentities") or {}
            given = change["identity"].get("userAssignedIdentities") or {}
            folded = {key(one) for one in given}
            kept = {one: value for one, value in old.items() if key(one) not in folded}
            added = {one: value for one, value in given.items() if value is not None}
            change["identity"] = {**change["identity"], "userAssignedIdentities": {**kept, **added}}
        document = self.with_identity(request.path, {**known, **change})
        self.store.put(document)
        return Response(200, self.require(request.path))


class Machines(WithIdentity):
    """Virtual machines, also those that a scale set with Flexible orchestration made, and Arc machines."""

    def register(self, router: Router) -> None:
        listed = f"/providers/{MACHINE_TYPE}"
        one = {"GET": self.get, "PUT": self.put, "PATCH": self.patch, "DELETE": self.delete}
        router.add("virtualMachines", MACHINE, ANY_DATE, one)
        router.add("virtualMachines", f"{GROUP}{listed}", ANY_DATE, {"GET": self.list})
        router.add("virtualMachines", f"/subscriptions/{{subscription}}{listed}", ANY_DATE, {"GET": self.list})
        router.add("arcMachines", f"{GROUP}/providers/{ARC_TYPE}/{{machine}}", ANY_DATE, one)
        router.add("arcMachines", f"{GROUP}/providers/{ARC_TYPE}", ANY_DATE, {"GET": self.list})

    def put(self, request: Request) -> Response:
        """Make a machine."""
        self.require_group(request.path)
        known = self.store.get(request.path)
        document = self.with_identity(request.path, accept(NEW_MACHINE, request.document()))
        document["properties"] = {**document.get("properties", {}), "provisioningState": "Succeeded"}
        self.store.put(identified(request.path, document, known))
        return Response(200 if known else 201, self.require(request.path))

    def list(self, request: Request) -> Response:
        """The machines of a group or of the subscription, or those of a flexible scale set, by ``$filter``."""
        scope, _word, kind = request.path.partition("/providers/")
        found = self.store.of_type(kind, scope)
        text = request.query.get("$filter", "")
        if not text:
            return self.page(request, found)
        if not text.startswith(_FLEXIBLE_FILTER):
            raise Refusal(400, "InvalidParameter", f"The stand-in does not know this $filter: {text}")
        scale_set = key(text.removeprefix(_FLEXIBLE_FILTER).strip("'"))
        return self.page(request, (one for one in found if key(_scale_set(one)) == scale_set))


def _scale_set(machine: Document) -> str:
    identifier: str = ((machine.get("properties") or {}).get("virtualMachineScaleSet") or {}).get("id") or ""
    return identifier
