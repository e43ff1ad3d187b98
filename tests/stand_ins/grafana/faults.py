"""Faults, as a test orders them: who asks this kind of thing gets that instead of an answer."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from .exchange import Refusal, Response


@dataclass
class Fault:
    """One fault: for ``times`` requests whose method and path match, after ``skip`` of them.

    ``late`` ones come after the work was done.
    """

    response: Response
    method: str = ".*"
    path: str = ".*"
    times: int = 1
    skip: int = 0
    late: bool = False


@dataclass
class Faults:
    """All faults that are ordered. ``before_write`` is done once, right before a request changes something."""

    ordered: list[Fault] = field(default_factory=list)
    before_write: Callable[[], None] | None = None

    def order(self, status: int, message: str, headers: Mapping[str, str] | None = None, **where: object) -> None:
        """Answer with a status, such as 500."""
        response = Refusal(status, message, headers).response
        self.ordered.append(Fault(response, **where))  # type: ignore[arg-type]

    def throttle(self, after: str = "1", **where: object) -> None:
        """Too many requests."""
        self.order(429, "Too many requests", {"Retry-After": after}, **where)

    def say(self, response: Response, **where: object) -> None:
        """Answer with something else, such as a page for people."""
        self.ordered.append(Fault(response, **where))  # type: ignore[arg-type]

    def met(self, method: str, path: str, late: bool) -> Response | None:
        """The answer that a fault gives to a request; None when none meets it."""
        for fault in self.ordered:
            matches = re.fullmatch(fault.method, method) and re.search(fault.path, path)
            if not (fault.times and fault.late == late and matches):
                continue
            if fault.skip:
                fault.skip -= 1
                continue
            fault.times -= 1
            return fault.response
        return None
