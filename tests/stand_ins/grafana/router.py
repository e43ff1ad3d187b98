"""Finds who answers a request, by its path."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from .exchange import Refusal, Request, Response

Handler = Callable[[Request], Response]


@dataclass(frozen=True)
class Route:
    """Paths of one form. Without ``signed_in``, nobody has to sign in."""

    pattern: re.Pattern[str]
    handlers: Mapping[str, Handler]
    signed_in: bool


class Router:
    """All routes."""

    def __init__(self) -> None:
        self._routes: list[Route] = []

    def add(self, template: str, handlers: Mapping[str, Handler], signed_in: bool = True) -> None:
        """Answer paths like ``/api/folders/{uid}/counts``, by method. ``{name}`` is a part, ``{name*}`` many."""
        expression = re.sub(r"\\\{(\w+)\\\*\\\}", r"(?P<\1>.+)", re.escape(template))
        expression = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", expression)
        self._routes.append(Route(re.compile(expression), handlers, signed_in))

    def find(self, method: str, path: str) -> tuple[Route, Handler, dict[str, str]]:
        """The route of a quoted path, who answers it, and its named parts. Raises Refusal when there is none."""
        for route in self._routes:
            match = route.pattern.fullmatch(path)
            if match and method in route.handlers:
                names = {name: unquote(value) for name, value in match.groupdict().items()}
                return route, route.handlers[method], names
        raise Refusal(404, "Not found")
