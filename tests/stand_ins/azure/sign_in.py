"""The token endpoint of Entra ID, and the instance metadata service of a machine."""

from __future__ import annotations

from urllib.parse import parse_qs

from .estate import Estate
from .exchange import Document, Refusal, Request, Response
from .router import Router
from .store import group_of, key, name_of, subscription_of
from .tenancy import Principal


class SignIn:
    """Gives tokens, to those who may have one."""

    def __init__(self, estate: Estate) -> None:
        self._estate = estate

    def register(self, router: Router) -> None:
        """Add the paths."""
        router.add("token", "/{tenant}/oauth2/v2.0/token", None, {"POST": self.token}, None)
        router.add("token", "/{tenant}/v2.0/.well-known/openid-configuration", None, {"GET": self.configuration}, None)
        router.add("metadata", "/metadata/identity/oauth2/token", r"20\d\d-\d\d-\d\d", {"GET": self.identity}, None)
        router.add("metadata", "/metadata/instance", r"20\d\d-\d\d-\d\d", {"GET": self.instance}, None)
        router.add("metadata", "/metadata/instance/compute", r"20\d\d-\d\d-\d\d", {"GET": self.compute}, None)

    def configuration(self, request: Request) -> Response:
        """What a client of OpenID Connect asks first."""
        tenant = f"{request.origin}/{self._tenant(request)}"
        return Response(
            200,
            {
                "token_endpoint": f"{tenant}/oauth2/v2.0/token",
                "authorization_endpoint": f"{tenant}/oauth2/v2.0/authorize",
                "issuer": f"{tenant}/v2.0",
            },
        )

    def token(self, request: Request) -> Response:
        """Sign an application in by its secret."""
        try:
            self._tenant(request)
            form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
            principal = self._application(form)
            return Response(200, self._estate.tenancy.token(principal, form.get("scope", "").split(" ")[0]))
        except Refusal as refusal:
            return _oauth(refusal)

    def _tenant(self, request: Request) -> str:
        tenant = request.names["tenant"]
        if tenant.casefold() != self._estate.tenancy.tenant:
            raise Refusal(400, "invalid_tenant", f"AADSTS90002: Tenant '{tenant}' not found.")
        return tenant

    def _application(self, form: dict[str, str]) -> Principal:
        client_id = form.get("client_id", "")
        principal = self._estate.tenancy.principals.get(client_id)
        if form.get("grant_type") != "client_credentials":
            raise Refusal(400, "unsupported_grant_type", "AADSTS70003: The grant type is not client_credentials.")
        if principal is None or not principal.secret:
            text = f"AADSTS700016: Application with identifier '{client_id}' was not found in the directory."
            raise Refusal(400, "unauthorized_client", text)
        if form.get("client_secret") != principal.secret:
            text = f"AADSTS7000215: Invalid client secret provided for app '{client_id}'."
            raise Refusal(401, "invalid_client", text)
        if principal.expired:
            text = f"AADSTS7000222: The provided client secret keys for app '{client_id}' are expired."
            raise Refusal(401, "invalid_client", text)
        return principal

    def identity(self, request: Request) -> Response:
        """Sign in an identity of the machine: its own, or one assigned to it, by client id or by resource id."""
        _check_metadata_header(request)
        tenancy = self._estate.tenancy
        machine = self._estate.behaviour.machine
        given = self._estate.store.get(machine) if machine else None
        assigned = {key(one) for one in ((given or {}).get("identity") or {}).get("userAssignedIdentities", {})}
        resource_id = request.query.get("msi_res_id") or request.query.get("mi_res_id")
        principal: Principal | None
        if "client_id" in request.query:
            principal = tenancy.principals.get(request.query["client_id"])
        elif resource_id:
            principal = tenancy.of_resource(resource_id)
        else:
            principal = tenancy.of_resource(machine) if machine else tenancy.operator
            assigned.add(key(machine))
        if principal is None or (machine and key(principal.resource) not in assigned):
            return _oauth(Refusal(400, "invalid_request", "Identity not found"))
        return Response(200, tenancy.token(principal, request.query.get("resource", "")))

    def compute(self, request: Request) -> Response:
        """What a machine may know of itself. Raises Refusal, 404, when ``machine`` is not set."""
        _check_metadata_header(request)
        machine = self._estate.store.get(self._estate.behaviour.machine)
        if machine is None:
            raise Refusal(404, "NotFound", "The stand-in was not told for which machine it speaks.")
        identifier = machine["id"]
        scale_set = ((machine.get("properties") or {}).get("virtualMachineScaleSet") or {}).get("id", "")
        tags: dict[str, str] = machine.get("tags") or {}
        compute: Document = {
            "azEnvironment": "AzurePublicCloud",
            "location": machine.get("location", ""),
            "name": name_of(identifier),
            "resourceGroupName": name_of(group_of(identifier)),
            "resourceId": identifier,
            "subscriptionId": subscription_of(identifier),
            "tagsList": [{"name": name, "value": value} for name, value in tags.items()],
            "vmScaleSetName": name_of(scale_set) if scale_set else "",
        }
        return Response(200, compute)

    def instance(self, request: Request) -> Response:
        """All metadata of the instance."""
        return Response(200, {"compute": self.compute(request).document})


def _check_metadata_header(request: Request) -> None:
    # It keeps a browser, or a server that follows any link, from asking for a token.
    if request.headers.get("Metadata", "").casefold() != "true":
        raise Refusal(400, "invalid_request", "Required metadata header not specified")


def _oauth(refusal: Refusal) -> Response:
    """A refusal as OAuth has it: the code beside its description, not inside of an object."""
    error = {"error": refusal.error["code"], "error_description": refusal.error["message"]}
    return Response(refusal.status, error)
