"""Faults, as a test orders them: who asks this kind of thing gets that instead of an answer."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import Any

from .exchange import Document, Refusal, Request


class Cut(Exception):
    """The connection is to be reset, without an answer."""


@dataclass
class Fault:
    """One fault. It meets requests of a kind (such as ``tables``), methods and paths, for ``times`` of them."""

    act: Callable[[Request], None]
    kind: str = ".*"
    methods: str = ".*"
    path: str = ""
    times: int = 1

    def meets(self, kind: str, request: Request) -> bool:
        """Whether this request is to be met. ``kind`` and ``methods`` are whole expressions, ``path`` any part."""
        return (
            self.times > 0
            and re.fullmatch(self.kind, kind) is not None
            and re.fullmatch(self.methods, request.method) is not None
            and re.search(self.path, request.path, re.IGNORECASE) is not None
        )


class Faults:
    """All faults that are ordered, and the end of the client's connection after a number of writes.

    ``on_write`` is called after each write has taken effect and before it is answered, with the number of writes so
    far: a test that kills its client there has killed it at that step.
    """

    def __init__(self) -> None:
        self.on_write: Callable[[int], None] | None = None
        self.cut_after_writes: int | None = None
        self.writes = 0
        self._lock = Lock()
        self._faults: list[Fault] = []
        self._failures: list[tuple[str, Document]] = []

    def clear(self) -> None:
        """Order is restored. The count of writes begins anew."""
        self.__init__()  # type: ignore[misc]

    def refuse(self, status: int, code: str, message: str, after: float | None = None, **where: Any) -> None:
        """Refuse requests with an error. ``after`` is the Retry-After, in seconds."""
        headers = {} if after is None else {"Retry-After": f"{after:g}"}

        def act(request: Request) -> None:
            raise Refusal(status, code, message.format(method=request.method, path=request.path), headers=headers)

        self._faults.append(Fault(act, **where))

    def throttle(self, after: float = 1, **where: Any) -> None:
        """Too many requests: 429, with the seconds to wait."""
        self.refuse(429, "TooManyRequests", "The request is being throttled.", after, **where)

    def forbid(self, **where: Any) -> None:
        """No permission, for as long as the stand-in lives."""
        text = (
            "The client 'stand-in' with object id 'stand-in' does not have authorization to perform action "
            "'{method}' over scope '{path}' or the scope is invalid. If access was recently granted, please refresh "
            "your credentials."
        )
        self.refuse(403, "AuthorizationFailed", text, **{"times": 1_000_000, **where})

    def forget(self, path: str, times: int = 1) -> None:
        """Say of what exists that it does not, as the service does of a table that was made just now."""
        text = "The Resource '{path}' was not found."
        self.refuse(404, "ResourceNotFound", text, methods="GET", path=path, times=times)

    def reset(self, **where: Any) -> None:
        """Reset the connection before the request has any effect."""

        def act(request: Request) -> None:
            raise Cut

        self._faults.append(Fault(act, **where))

    def delay(self, seconds: float, **where: Any) -> None:
        """Answer late."""
        self._faults.append(Fault(lambda request: time.sleep(seconds), **where))

    def fail_operation(self, path: str, code: str, message: str) -> None:
        """Let the next operation on a resource whose id has ``path`` in it fail after it was accepted."""
        self._failures.append((path, {"code": code, "message": message}))

    def failure_of(self, resource: str) -> Document | None:
        """The failure that is ordered for an operation on a resource; it is used up."""
        for failure in self._failures:
            if re.search(failure[0], resource, re.IGNORECASE):
                self._failures.remove(failure)
                return failure[1]
        return None

    def before(self, kind: str, request: Request) -> None:
        """Do what is ordered for a request, the first order first. Raises Refusal or Cut."""
        if self.cut_after_writes is not None and self.writes >= self.cut_after_writes:
            raise Cut
        with self._lock:
            fault = next((one for one in self._faults if one.meets(kind, request)), None)
            if fault is None:
                return
            fault.times -= 1
        fault.act(request)

    def written(self) -> None:
        """A write has taken effect. Raises Cut when it was the last that the client may hear of."""
        self.writes += 1
        if self.on_write:
            self.on_write(self.writes)
        if self.cut_after_writes is not None and self.writes >= self.cut_after_writes:
            raise Cut
