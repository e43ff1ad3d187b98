"""Saved searches of a workspace."""

from __future__ import annotations

import uuid

from .exchange import Refusal, Request, Response
from .resource import ANY_DATE, Resources, identified
from .router import Router
from .schema import accept
from .schemas.operational_insights import SAVED_SEARCH
from .store import key
from .workspaces import PATH as WORKSPACE

_TYPE = "Microsoft.OperationalInsights/workspaces/savedSearches"


class SavedSearches(Resources):
    """One that exists is replaced only by who has its etag, or says ``*``."""

    def register(self, router: Router) -> None:
        path = f"{WORKSPACE}/savedSearches"
        one = {"GET": self.get, "PUT": self.put, "DELETE": self.delete}
        router.add("savedSearches", f"{path}/{{search}}", ANY_DATE, one)
        router.add("savedSearches", path, ANY_DATE, {"GET": self.list})

    def list(self, request: Request) -> Response:
        """All saved searches of a workspace."""
        workspace = request.path.rpartition("/")[0]
        self.require(workspace)
        return self.page(request, self.store.of_type(_TYPE, workspace))

    def put(self, request: Request) -> Response:
        """Save a search. The alias of a function is unique in the workspace."""
        self.require("/".join(request.path.split("/")[:-2]))
        document = accept(SAVED_SEARCH, request.document())
        known = self.store.get(request.path)
        if known and document.get("etag") not in ("*", known["etag"]):
            text = "The saved search exists. To override it, send its current etag or *"
            raise Refusal(409, "Conflict", text)
        alias = document["properties"].get("functionAlias")
        for other in self.store.of_type(_TYPE, "/".join(request.path.split("/")[:-2])):
            if alias and other["properties"].get("functionAlias") == alias and key(other["id"]) != key(request.path):
                raise Refusal(409, "Conflict", f"The function alias '{alias}' is in use by '{other['name']}'")
        document["etag"] = f"W/\"datetime'{uuid.uuid4()}'\""
        self.store.put(identified(request.path, document, known))
        return Response(200, self.require(request.path))
