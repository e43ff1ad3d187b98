"""Orders to a stand-in that runs as a process of its own, under /stand-in: faults, habits, and what it saw.

Nobody signs in to these. A test in the same process uses the objects themselves.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from .exchange import Refusal, Request, Response
from .router import Router

if TYPE_CHECKING:
    from .services import Services

_ORDERS = ("refuse", "throttle", "forbid", "forget", "reset", "delay", "fail_operation")


class Control:
    """``POST /stand-in/faults`` with ``{"throttle": {"after": 1, "kind": "tables", "times": 2}}``, and the like."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def register(self, router: Router) -> None:
        """Add the paths."""
        router.add("control", "/stand-in/faults", None, {"POST": self.order, "DELETE": self.clear}, None)
        router.add("control", "/stand-in/behaviour", None, {"POST": self.behave}, None)
        router.add("control", "/stand-in/counts", None, {"GET": self.counts}, None)
        router.add("control", "/stand-in/rows", None, {"GET": self.rows}, None)

    def order(self, request: Request) -> Response:
        """Order faults, by the names and arguments of the methods of Faults."""
        for name, arguments in request.document().items():
            if name not in _ORDERS:
                raise Refusal(400, "UnknownOrder", f"'{name}' is none of {', '.join(_ORDERS)}")
            getattr(self._services.estate.faults, name)(**arguments)
        return Response(204)

    def clear(self, request: Request) -> Response:
        """Take all faults back."""
        self._services.estate.faults.clear()
        return Response(204)

    def behave(self, request: Request) -> Response:
        """Set habits, by the names of the fields of Behaviour."""
        behaviour = self._services.estate.behaviour
        for name, value in request.document().items():
            if not hasattr(behaviour, name):
                raise Refusal(400, "UnknownOrder", f"there is no habit '{name}'")
            setattr(behaviour, name, value)
        return Response(204)

    def counts(self, request: Request) -> Response:
        """How many requests there were, by method and kind."""
        return Response(200, dict(self._services.counts()))

    def rows(self, request: Request) -> Response:
        """The rows of a table (``?table=``), or without one how many each table has."""
        rows = self._services.estate.rows
        if "table" in request.query:
            return Response(200, [row.content for row in rows if row.table == request.query["table"]])
        return Response(200, dict(Counter(row.table for row in rows)))
