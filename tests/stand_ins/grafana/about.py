"""What Grafana says of itself, and of who has signed in."""

from __future__ import annotations

from .exchange import Request, Response
from .flavour import Flavour
from .router import Router


class About:
    """Health, settings, metrics and the user."""

    def __init__(self, flavour: Flavour) -> None:
        self._flavour = flavour

    def register(self, router: Router) -> None:
        """Add the paths."""
        router.add("/api/health", {"GET": self.health}, signed_in=False)
        router.add("/metrics", {"GET": self.metrics}, signed_in=False)
        router.add("/api/frontend/settings", {"GET": self.settings})
        router.add("/api/user", {"GET": self.user})

    def health(self, request: Request) -> Response:
        """Which version this is."""
        return Response(200, {"commit": "stand-in", "database": "ok", "version": self._flavour.version})

    def metrics(self, request: Request) -> Response:
        """Of Grafana's own metrics the one that tells which version this is."""
        line = f'grafana_build_info{{version="{self._flavour.version}",edition="stand-in"}} 1\n'
        return Response(200, line, {"Content-Type": "text/plain; version=0.0.4"})

    def settings(self, request: Request) -> Response:
        """What Grafana's pages have to know: of all that, the namespace."""
        namespace = {"namespace": request.organisation.namespace} if self._flavour.apis else {}
        return Response(200, {"buildInfo": {"version": self._flavour.version}, **namespace})

    def user(self, request: Request) -> Response:
        """Who has signed in."""
        return Response(200, {"login": request.who.name, "orgId": request.organisation.number})
