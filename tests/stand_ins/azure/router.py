"""Finds who answers a request, by its path."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from .exchange import Refusal, Request, Response

Handler = Callable[[Request], Response]


@dataclass(frozen=True)
class Audience:
    """Whom a token has to be for, and in which code and status its lack is told."""

    resources: tuple[str, ...]
    code: str


# Of the public cloud, of China's and of the US government's.
ARM = Audience(
    (
        "https://management.azure.com",
        "https://management.core.windows.net",
        "https://management.chinacloudapi.cn",
        "https://management.core.usgovcloudapi.net",
    ),
    "InvalidAuthenticationToken",
)
INGESTION = Audience(
    ("https://monitor.azure.com", "https://monitor.azure.cn", "https://monitor.azure.us"), "InvalidToken"
)
QUERY = Audience(
    ("https://api.loganalytics.io", "https://api.loganalytics.azure.cn", "https://api.loganalytics.us"),
    "InvalidTokenError",
)


@dataclass(frozen=True)
class Route:
    """Paths of one form. ``kind`` is the word under which their requests are counted and faults are ordered.

    ``versions`` matches the api-versions that the service knows, and is None where there are none. ``audience`` is
    None where nobody has to sign in.
    """

    kind: str
    pattern: re.Pattern[str]
    handlers: Mapping[str, Handler]
    audience: Audience | None
    versions: re.Pattern[str] | None


class Router:
    """All routes. Of several that match, the first that was added answers."""

    def __init__(self) -> None:
        self._routes: list[Route] = []

    def add(
        self,
        kind: str,
        template: str,
        versions: str | None,
        handlers: Mapping[str, Handler],
        audience: Audience | None = ARM,
    ) -> None:
        """Answer paths like ``/subscriptions/{subscription}/x/{name}``: ``{name}`` is a part, ``{name*}`` many.

        ``handlers`` are by method, such as GET. Paths match in any case.
        """
        expression = re.sub(r"\\\{(\w+)\\\*\\\}", r"(?P<\1>/.+)", re.escape(template))
        expression = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", expression)
        self._routes.append(
            Route(
                kind,
                re.compile(expression, re.IGNORECASE),
                handlers,
                audience,
                None if versions is None else re.compile(versions),
            )
        )

    def find(self, method: str, path: str) -> tuple[Route, dict[str, str]]:
        """The route of a path, and its named parts. Raises Refusal when there is none, or not for this method."""
        for route in self._routes:
            match = route.pattern.fullmatch(path)
            if match and method in route.handlers:
                return route, match.groupdict()
        if any(route.pattern.fullmatch(path) for route in self._routes):
            raise Refusal(405, "MethodNotAllowed", f"The requested resource does not support http method '{method}'.")
        raise Refusal(404, "InvalidResourceType", f"The stand-in knows no resource at '{path}'.")
