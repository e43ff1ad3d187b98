"""Operations that Azure takes on and ends later.

Time is counted in looks: each poll of the operation, and each request that meets its resource, is one. So a test has
no race, and a client that was killed finds the operation ended after some looks as well.
"""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field

from .behaviour import Behaviour
from .exchange import Document, Refusal, Request, Response
from .store import key, subscription_of


def now() -> str:
    """The time as Azure writes it."""
    return datetime.datetime.now(datetime.timezone.utc).isoformat().replace("+00:00", "Z")


@dataclass
class Operation:
    """Work on a resource. ``finish`` does it, and raises Refusal when it fails; ``looks`` are those left until then."""

    name: str
    path: str
    resource: str
    finish: Callable[[], None]
    looks: int
    started: str = field(default_factory=now)
    ended: str = ""
    error: Document | None = None

    def look(self) -> None:
        """One look: the work is done on the first that finds none left."""
        if self.ended:
            return
        if self.looks > 0:
            self.looks -= 1
            return
        self.ended = now()
        try:
            self.finish()
        except Refusal as refusal:
            self.error = refusal.error

    def document(self) -> Document:
        """What a poll answers. A failure is told with HTTP status 200."""
        document: Document = {"id": self.path, "name": self.name, "startTime": self.started}
        if not self.ended:
            return {**document, "status": "InProgress"}
        document |= {"endTime": self.ended, "status": "Failed" if self.error else "Succeeded"}
        return {**document, "error": self.error} if self.error else {**document, "properties": {}}


class Operations:
    """All operations, by name."""

    def __init__(self, behaviour: Behaviour) -> None:
        self._behaviour = behaviour
        self._by_name: dict[str, Operation] = {}
        self._not_ended: list[Operation] = []

    def begin(self, path: str, resource: str, finish: Callable[[], None]) -> Operation:
        """Take work on. ``path`` is where operations of this service are, below which this one gets its name."""
        name = str(uuid.uuid4())
        operation = Operation(name, f"{path}/{name}", resource, finish, self._behaviour.operation_looks)
        self._by_name[name] = operation
        self._not_ended.append(operation)
        return operation

    def under_way(self, resource: str) -> bool:
        """Whether something is being done to a resource. That is a look."""
        self._not_ended = [one for one in self._not_ended if not one.ended]
        before = [one for one in self._not_ended if key(one.resource) == key(resource)]
        for operation in before:
            operation.look()
        return bool(before)

    def status(self, request: Request) -> Response:
        """Answer a poll of ``Azure-AsyncOperation``."""
        operation = self._find(request)
        operation.look()
        return Response(200, operation.document(), self._pause())

    def result(self, request: Request) -> Response:
        """Answer a poll of ``Location``: 202 until the end."""
        operation = self._find(request)
        operation.look()
        return Response(200 if operation.ended else 202, None, self._pause())

    def accepted(
        self, request: Request, operation: Operation, status: int = 202, document: Document | None = None
    ) -> Response:
        """The response to a request that began an operation."""
        version = request.query.get("api-version", "")
        headers = {"Azure-AsyncOperation": f"{request.origin}{operation.path}?api-version={version}", **self._pause()}
        if status == 202:
            results = f"{operation.resource}/operationresults/{operation.name}"
            headers["Location"] = f"{request.origin}{results}?api-version={version}"
        return Response(status, document, headers)

    def _pause(self) -> dict[str, str]:
        after = self._behaviour.retry_after
        return {} if after is None else {"Retry-After": f"{after:g}"}

    def _find(self, request: Request) -> Operation:
        try:
            return self._by_name[request.names["operation"]]
        except KeyError:
            raise Refusal(404, "NotFound", f"There is no operation '{request.names['operation']}'.") from None


def statuses(resource: str, namespace: str, location: str, word: str) -> str:
    """The path of the operations of a service in a region, such as .../locations/eastus/operationstatuses."""
    return f"/subscriptions/{subscription_of(resource)}/providers/{namespace}/locations/{location}/{word}"
