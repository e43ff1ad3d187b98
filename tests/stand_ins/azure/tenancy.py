"""Who may sign in, and the tokens that they were given."""

from __future__ import annotations

import secrets
import time
import uuid
from dataclasses import dataclass, field

from .exchange import Document, Refusal, Request
from .router import ARM, INGESTION, QUERY, Audience

_LIFETIME_SECONDS = 3600


@dataclass
class Principal:
    """Something that signs in: an application with a secret, or the identity of an Azure resource (``resource``)."""

    secret: str = ""
    expired: bool = False
    resource: str = ""
    client_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    object_id: str = field(default_factory=lambda: str(uuid.uuid4()))


class Tenancy:
    """One tenant with one subscription, its principals by client id, and the tokens in use."""

    def __init__(self) -> None:
        self.tenant = str(uuid.uuid4())
        self.subscription = str(uuid.uuid4())
        self.principals: dict[str, Principal] = {}
        self.operator = self.add(Principal(secret=secrets.token_urlsafe(24)))
        self._tokens: dict[str, tuple[str, str]] = {}

    def add(self, principal: Principal) -> Principal:
        """Let a principal sign in."""
        self.principals[principal.client_id] = principal
        return principal

    def remove(self, resource: str) -> None:
        """Forget the identity of a resource."""
        for principal in [one for one in self.principals.values() if one.resource.casefold() == resource.casefold()]:
            del self.principals[principal.client_id]

    def of_resource(self, resource: str) -> Principal | None:
        """The identity of an Azure resource."""
        same = (one for one in self.principals.values() if one.resource.casefold() == resource.casefold())
        return next(same, None)

    def knows(self, object_id: str) -> bool:
        """Whether there is a principal of this object id."""
        return any(principal.object_id == object_id for principal in self.principals.values())

    def token(self, principal: Principal, resource: str) -> Document:
        """A new token for a service, in the form of the token endpoint. Raises Refusal for a service unknown here."""
        audience = resource.removesuffix("/.default").rstrip("/")
        if not any(audience in known.resources for known in (ARM, INGESTION, QUERY)):
            text = f"AADSTS500011: The resource principal named {resource} was not found"
            raise Refusal(400, "invalid_resource", text)
        token = f"stand-in.{secrets.token_urlsafe(24)}"
        self._tokens[token] = (principal.object_id, audience)
        return {
            "token_type": "Bearer",
            "expires_in": _LIFETIME_SECONDS,
            "expires_on": str(int(time.time()) + _LIFETIME_SECONDS),
            "resource": audience,
            "access_token": token,
        }

    def signed_in(self, request: Request, audience: Audience) -> str:
        """The object id of who sends a request. Raises Refusal, 401, without a token for this service."""
        scheme, _blank, token = request.headers.get("Authorization", "").partition(" ")
        principal, resource = self._tokens.get(token, ("", ""))
        if scheme != "Bearer" or resource not in audience.resources:
            text = "The access token is missing, unknown or for another service."
            challenge = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
            raise Refusal(401, audience.code, text, headers=challenge)
        return principal
