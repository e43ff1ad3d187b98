"""Extensions of machines and of the model of a scale set."""

from __future__ import annotations

from .estate import Estate
from .exchange import Document, Refusal, Request, Response
from .machines import ARC_TYPE, MACHINE
from .operations import statuses
from .resource import ANY_DATE, GROUP, Resources, identified
from .router import Router
from .scale_sets import SCALE_SET, ScaleSets
from .schema import accept
from .schemas.compute import MACHINE_EXTENSION, SCALE_SET_EXTENSION
from .store import key, type_of

_AGENT = "AzureMonitorLinuxAgent"
_IDENTIFIERS = ("client_id", "mi_res_id", "object_id")
# What the platform installs when 1.x is asked for.
_INSTALLED_PATCH = ".1"


class Extensions(Resources):
    """Azure answers 201 and Creating, and installs later. ``protectedSettings`` go in and never come out."""

    def __init__(self, estate: Estate, scale_sets: ScaleSets) -> None:
        super().__init__(estate)
        self._scale_sets = scale_sets
        self._operations = estate.operations

    def register(self, router: Router) -> None:
        arc = f"{GROUP}/providers/{ARC_TYPE}/{{machine}}"
        for kind, owner in (("extensions", MACHINE), ("extensions", SCALE_SET), ("extensions", arc)):
            one = {"GET": self.get, "PUT": self.put, "DELETE": self.delete}
            router.add(kind, f"{owner}/extensions/{{extension}}", ANY_DATE, one)
            router.add(kind, f"{owner}/extensions", ANY_DATE, {"GET": self.list})

    def get(self, request: Request) -> Response:
        """The extension; with ``$expand=instanceView`` what the machine says of it."""
        self._owner(request.path)
        document = self.require(request.path)
        self._operations.under_way(request.path)
        if request.query.get("$expand") == "instanceView":
            document["properties"]["instanceView"] = _instance_view(document)
        return Response(200, document)

    def list(self, request: Request) -> Response:
        """All extensions of a machine or a scale set."""
        owner = request.path.rpartition("/")[0]
        self.require(owner)
        return self.page(request, self.store.of_type(f"{type_of(owner)}/extensions", owner))

    def put(self, request: Request) -> Response:
        """Install an extension, or change it."""
        owner = self._owner(request.path)
        in_scale_set = type_of(owner["id"]).endswith("virtualMachineScaleSets")
        shape = SCALE_SET_EXTENSION if in_scale_set else MACHINE_EXTENSION
        given = accept(shape, request.document())
        properties = given.get("properties", {})
        self._check(owner, request.path, given, properties)
        if self._operations.under_way(request.path):
            raise Refusal(409, "Conflict", "An operation on this extension is in progress.")
        known = self.store.get(request.path)
        properties.pop("protectedSettings", None)
        document = identified(request.path, given, known)
        state = "Updating" if known else "Creating"
        self.store.put({**document, "properties": {**properties, "provisioningState": state}})
        failure = self.estate.faults.failure_of(request.path)

        def finish() -> None:
            error = failure or _agent_error(properties)
            state = "Failed" if error else "Succeeded"
            self.store.put({**document, "properties": {**properties, "provisioningState": state}})
            if error:
                raise Refusal(400, error["code"], error["message"])
            if in_scale_set:
                self._scale_sets.model_changed(owner)

        path = statuses(request.path, "Microsoft.Compute", owner["location"], "operations")
        operation = self._operations.begin(path, request.path, finish)
        return self._operations.accepted(request, operation, 200 if known else 201, self.store.get(request.path))

    def delete(self, request: Request) -> Response:
        """Remove an extension."""
        owner = self._owner(request.path)
        if request.path not in self.store:
            return Response(204)

        def finish() -> None:
            self.store.remove(request.path)
            if type_of(owner["id"]).endswith("virtualMachineScaleSets"):
                self._scale_sets.model_changed(owner)

        path = statuses(request.path, "Microsoft.Compute", owner["location"], "operations")
        return self._operations.accepted(request, self._operations.begin(path, request.path, finish))

    def _owner(self, extension: str) -> Document:
        owner = "/".join(extension.split("/")[:-2])
        document = self.store.get(owner)
        if document is None:
            text = f"Can not perform requested operation on nested resource. Parent resource '{owner}' not found."
            raise Refusal(404, "ParentResourceNotFound", text)
        return document

    def _check(self, owner: Document, path: str, given: Document, properties: Document) -> None:
        for name in ("publisher", "type", "typeHandlerVersion"):
            if not properties.get(name):
                raise Refusal(400, "InvalidParameter", f"Required parameter 'properties.{name}' is missing (null).")
        if "location" in given and given["location"] != owner["location"]:
            text = f"The extension is in '{given['location']}', its machine in '{owner['location']}'."
            raise Refusal(400, "InvalidParameter", text)
        for other in self.store.of_type(f"{type_of(owner['id'])}/extensions", owner["id"]):
            one = other["properties"]
            same = (one["publisher"], one["type"]) == (properties["publisher"], properties["type"])
            if same and key(other["id"]) != key(path):
                text = f"Multiple VMExtensions per handler not supported for OS type 'Linux': '{other['name']}'."
                raise Refusal(400, "BadRequest", text)


def _agent_error(properties: Document) -> Document | None:
    """What the installer of Azure Monitor Agent says of its settings, in its own words."""
    settings = (properties.get("settings") or {}).get("authentication")
    if properties["type"] != _AGENT or settings is None:
        return None
    identity = settings.get("managedIdentity") or {}
    name, value = identity.get("identifier-name"), identity.get("identifier-value")
    text = ""
    if name is None or value is None:
        text = (
            'Parameters "identifier-name" and "identifier-value" are both required in '
            "authentication.managedIdentity public setting"
        )
    elif name not in _IDENTIFIERS:
        text = 'Invalid identifier-name provided; must be "client_id" or "mi_res_id" or "object_id"'
    elif not value:
        text = "Invalid identifier-value provided; cannot be empty"
    if not text:
        return None
    return {"code": "VMExtensionProvisioningError", "message": f"VM has reported a failure: {text}"}


def _instance_view(document: Document) -> Document:
    properties = document["properties"]
    state = properties["provisioningState"]
    return {
        "name": document["name"],
        "type": f"{properties['publisher']}.{properties['type']}",
        "typeHandlerVersion": f"{properties['typeHandlerVersion']}{_INSTALLED_PATCH}",
        "statuses": [
            {
                "code": f"ProvisioningState/{state.lower()}",
                "level": "Error" if state == "Failed" else "Info",
                "displayStatus": state,
            }
        ],
    }
