"""All services of one stand-in, on one router, and the way of a request through them."""

from __future__ import annotations

import json
import traceback
from collections import Counter
from dataclasses import dataclass, field, replace
from threading import RLock

from .associations import Associations
from .control import Control
from .endpoints import Endpoints
from .estate import Estate
from .exchange import Refusal, Request, Response
from .extensions import Extensions
from .faults import Cut
from .groups import Groups
from .identities import Identities
from .ingestion import Ingestion
from .machines import Machines
from .permissions import Permissions
from .policies import Policies
from .query import Query
from .roles import Roles
from .router import ARM, Route, Router
from .rules import Rules
from .saved_searches import SavedSearches
from .scale_sets import ScaleSets
from .sign_in import SignIn
from .tables import Tables
from .workspaces import Workspaces

_OPERATION = "/subscriptions/{subscription}/providers/{namespace}/locations/{location}"


@dataclass(frozen=True)
class Exchange:
    """One request: its kind, such as ``tables``, and the status of the response, 0 where the connection was reset."""

    method: str
    kind: str
    path: str
    status: int


@dataclass
class Services:
    """Answers requests, one at a time, and keeps a journal of them. ``crashes`` are faults of the stand-in itself."""

    estate: Estate
    journal: list[Exchange] = field(default_factory=list)
    crashes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        estate = self.estate
        tables, scale_sets, identities = Tables(estate), ScaleSets(estate), Identities(estate)
        self._lock = RLock()
        self._router = router = Router()
        for service in (
            SignIn(estate),
            Ingestion(estate),
            Query(estate),
            Control(self),
            Groups(estate),
            Associations(estate),
            Roles(estate, identities),
            Permissions(estate),
            Policies(estate),
            Workspaces(estate),
            tables,
            SavedSearches(estate),
            Rules(estate, tables),
            Endpoints(estate),
            Machines(estate),
            scale_sets,
            Extensions(estate, scale_sets),
            identities,
        ):
            service.register(router)
        operations = estate.operations
        for word in ("operationstatuses", "operations"):
            router.add("operations", f"{_OPERATION}/{word}/{{operation}}", ".+", {"GET": operations.status})
        router.add("operations", "{resource*}/operationresults/{operation}", ".+", {"GET": operations.result})

    def counts(self) -> Counter[str]:
        """How many requests there were, by method and kind, such as ``PUT tables``."""
        return Counter(f"{exchange.method} {exchange.kind}" for exchange in list(self.journal))

    def answer(self, request: Request) -> Response:
        """The response to a request. Raises Cut when the connection is to be reset instead."""
        kind = ""
        response: Response | None = None
        try:
            route, names = self._router.find(request.method, request.path)
            kind = route.kind
            request = self._admit(route, replace(request, names=names))
            with self._lock:
                response = route.handlers[request.method](request)
                if route.audience is ARM and request.method != "GET":
                    self.estate.faults.written()
        except Refusal as refusal:
            response = refusal.response()
        except Cut:
            raise
        except Exception:
            # Not as if Azure had refused: whoever runs the stand-in finds this in `crashes`.
            self.crashes.append(traceback.format_exc())
            response = Response(500, {"error": {"code": "StandInCrashed", "message": self.crashes[-1]}})
        finally:
            self.journal.append(Exchange(request.method, kind, request.path, response.status if response else 0))
        return response

    def _admit(self, route: Route, request: Request) -> Request:
        """The request with who sends it. Raises Refusal or Cut; a fault that delays holds up this request alone."""
        if route.audience is not None:
            request = replace(request, principal=self.estate.tenancy.signed_in(request, route.audience))
        self.estate.faults.before(route.kind, request)
        if route.versions is not None:
            version = request.query.get("api-version", "")
            if not version:
                text = "The api-version query parameter (?api-version=) is required for all requests."
                raise Refusal(400, "MissingApiVersionParameter", text)
            if not route.versions.fullmatch(version):
                text = f"No registered resource provider found for API version '{version}' of type '{route.kind}'."
                raise Refusal(400, "NoRegisteredProviderFound", text)
        return request

    def put(self, path: str, document: object) -> None:
        """Make something without a client: no token, no count, no fault, and operations end at once.

        Raises Refusal as a client would hear it.
        """
        with self._lock:
            route, names = self._router.find("PUT", path)
            query = {"api-version": "2023-03-11"}
            body = json.dumps(document).encode()
            route.handlers["PUT"](Request("PUT", path, query, {}, body, "https://stand-in", names))
            while self.estate.operations.under_way(path):
                pass
