"""What rules and endpoints of data collection have in common: how they are kept, and what a PATCH may change."""

from __future__ import annotations

from .exchange import Document, Request, Response
from .resource import Resources, identified, stamped
from .schema import accept
from .schemas.monitor import UPDATE

VERSIONS = r"2021-04-01|2021-09-01-preview|2022-06-01|2023-03-11|2024-03-11"


class InsightsResources(Resources):
    """A resource of Microsoft.Insights. Azure answers 200 to what is made and to what is replaced."""

    def patch(self, request: Request) -> Response:
        """Change tags or identity."""
        known = self.require(request.path)
        return self.keep(request, {**known, **accept(UPDATE, request.document())}, known)

    def keep(self, request: Request, document: Document, known: Document | None) -> Response:
        """Keep the resource, and answer with it."""
        self.store.put(identified(request.path, stamped(document, request.principal, known), known))
        return Response(200, self.require(request.path))
