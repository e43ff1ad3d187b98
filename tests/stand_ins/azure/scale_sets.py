"""Scale sets of both orchestration modes, and their instances."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

from .exchange import Document, Request, Response
from .machines import MACHINE_TYPE, NEW_MACHINE, WithIdentity
from .operations import statuses
from .resource import ANY_DATE, GROUP, identified
from .router import Router
from .schema import accept
from .schemas.compute import UPGRADE_REQUEST
from .store import group_of, key, name_of, type_of

TYPE = "Microsoft.Compute/virtualMachineScaleSets"
SCALE_SET = f"{GROUP}/providers/{TYPE}/{{scaleSet}}"
_INSTANCE_TYPE = f"{TYPE}/virtualMachines"


class ScaleSets(WithIdentity):
    """Uniform: instances are below the scale set. Flexible: they are machines of the group that name it."""

    def register(self, router: Router) -> None:
        kind = "virtualMachineScaleSets"
        one = {"GET": self.get, "PUT": self.put, "PATCH": self.patch, "DELETE": self.delete}
        router.add(kind, SCALE_SET, ANY_DATE, one)
        router.add(kind, f"{SCALE_SET}/manualupgrade", ANY_DATE, {"POST": self.upgrade})
        router.add("instances", f"{SCALE_SET}/virtualMachines", ANY_DATE, {"GET": self.list_instances})
        router.add("instances", f"{SCALE_SET}/virtualMachines/{{instance}}", ANY_DATE, {"GET": self.get})
        listed = f"/providers/{TYPE}"
        router.add(kind, f"{GROUP}{listed}", ANY_DATE, {"GET": self.list})
        router.add(kind, f"/subscriptions/{{subscription}}{listed}", ANY_DATE, {"GET": self.list})

    def list(self, request: Request) -> Response:
        """The scale sets of a group, or of the subscription."""
        return self.page(request, self.store.of_type(TYPE, request.path.partition("/providers/")[0]))

    def put(self, request: Request) -> Response:
        """Make a scale set, or grow it: ``sku.capacity`` instances. The new ones are born with its extensions."""
        self.require_group(request.path)
        known = self.store.get(request.path)
        document = self.with_identity(request.path, accept(NEW_MACHINE, request.document()))
        defaults = {"orchestrationMode": "Uniform", "upgradePolicy": {"mode": "Manual"}}
        document["properties"] = {**defaults, **document.get("properties", {}), "provisioningState": "Succeeded"}
        document = identified(request.path, document, known)
        self.store.put(document)
        capacity = int((document.get("sku") or {}).get("capacity", 0))
        for number in range(len(list(self.instances(document))), capacity):
            self._bear(document, number)
        return Response(200 if known else 201, document)

    def _bear(self, scale_set: Document, number: int) -> None:
        properties: Document = {"provisioningState": "Succeeded"}
        body: Document = {name: scale_set[name] for name in ("location", "tags", "identity") if name in scale_set}
        if scale_set["properties"]["orchestrationMode"] == "Flexible":
            name = f"{scale_set['name']}_{uuid.uuid4().hex[:8]}"
            instance = f"{group_of(scale_set['id'])}/providers/{MACHINE_TYPE}/{name}"
            properties["virtualMachineScaleSet"] = {"id": scale_set["id"]}
        else:
            instance = f"{scale_set['id']}/virtualMachines/{number}"
            properties["latestModelApplied"] = True
            body["instanceId"] = str(number)
        self.store.put(identified(instance, {**body, "properties": properties}, None))
        self.apply_model(scale_set, instance)

    def instances(self, scale_set: Document) -> Iterator[Document]:
        """The instances of a scale set, of either mode."""
        if scale_set["properties"]["orchestrationMode"] != "Flexible":
            yield from self.store.of_type(_INSTANCE_TYPE, scale_set["id"])
            return
        for machine in self.store.of_type(MACHINE_TYPE, group_of(scale_set["id"])):
            own = (machine["properties"].get("virtualMachineScaleSet") or {}).get("id", "")
            if key(own) == key(scale_set["id"]):
                yield machine

    def list_instances(self, request: Request) -> Response:
        """Instances of a scale set; those of a flexible one have the name of their machine for an instance id."""
        scale_set = self.require(request.path.rpartition("/")[0])
        return self.page(request, (_as_instance(scale_set, one) for one in self.instances(scale_set)))

    def model_changed(self, scale_set: Document) -> None:
        """The extensions of the model are others now: instances get them at once, or with the next upgrade."""
        automatic = scale_set["properties"]["upgradePolicy"].get("mode") != "Manual"
        for instance in self.instances(scale_set):
            if automatic:
                self.apply_model(scale_set, instance["id"])
            elif "latestModelApplied" in instance["properties"]:
                instance["properties"]["latestModelApplied"] = False
                self.store.put(instance)

    def apply_model(self, scale_set: Document, instance: str) -> None:
        """Give an instance the extensions of the model. A machine of a flexible scale set may have others besides."""
        document = self.require(instance)
        if "latestModelApplied" in document["properties"]:
            document["properties"]["latestModelApplied"] = True
            self.store.put(document)
            for extension in self.store.of_type(f"{type_of(instance)}/extensions", instance):
                self.store.remove(extension["id"])
        for extension in self.store.of_type(f"{TYPE}/extensions", scale_set["id"]):
            self.store.put(identified(f"{instance}/extensions/{extension['name']}", extension, None))

    def upgrade(self, request: Request) -> Response:
        """Apply the model to instances, by id or all (*)."""
        identifier = request.path.rpartition("/")[0]
        scale_set = self.require(identifier)
        chosen = accept(UPGRADE_REQUEST, request.document())["instanceIds"]

        def finish() -> None:
            for instance in self.instances(scale_set):
                if "*" in chosen or name_of(instance["id"]) in chosen:
                    self.apply_model(scale_set, instance["id"])

        path = statuses(identifier, "Microsoft.Compute", scale_set["location"], "operations")
        operations = self.estate.operations
        return operations.accepted(request, operations.begin(path, identifier, finish))


def _as_instance(scale_set: Document, instance: Document) -> Document:
    if instance["type"] != MACHINE_TYPE:
        return instance
    listed = f"{scale_set['id']}/virtualMachines/{instance['name']}"
    return {**identified(listed, instance, None), "instanceId": instance["name"]}
