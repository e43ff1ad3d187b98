"""Tables of a workspace. They change by operations that Azure takes on and ends later, one at a time."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from .estate import Estate
from .exchange import Document, Refusal, Request, Response
from .operations import statuses
from .resource import Resources, identified
from .router import Router
from .schema import accept
from .schemas.operational_insights import TABLE
from .store import key, name_of
from .table_checks import check_schema, check_table
from .table_properties import AZURE_TABLES, TABLE_TYPE, completed, merged
from .workspaces import PATH as WORKSPACE

_VERSIONS = r"2021-12-01-preview|2022-10-01|2023-09-01|2025-02-01|2025-07-01"


class Tables(Resources):
    """Tables: those of a user, whose names end with _CL, and some of Azure's own."""

    def __init__(self, estate: Estate) -> None:
        super().__init__(estate)
        self._sights: dict[str, _Sight] = {}

    def register(self, router: Router) -> None:
        router.add(
            "tables",
            f"{WORKSPACE}/tables/{{table}}",
            _VERSIONS,
            {"GET": self.get, "PUT": self.put, "PATCH": self.patch, "DELETE": self.delete},
        )
        router.add("tables", f"{WORKSPACE}/tables", _VERSIONS, {"GET": self.list})

    def get(self, request: Request) -> Response:
        """The table as it was at the last look: what is under way shows in its provisioningState."""
        self._workspace(request.path)
        document = self.store.get(request.path)
        self.estate.operations.under_way(request.path)
        if document is None:
            raise Refusal(404, "ResourceNotFound", f"Table '{name_of(request.path)}' was not found.")
        return Response(200, document)

    def list(self, request: Request) -> Response:
        """All tables of a workspace."""
        workspace = request.path.rpartition("/")[0]
        self.require(workspace)
        return self.page(request, self.store.of_type(TABLE_TYPE, workspace))

    def put(self, request: Request) -> Response:
        """Make a table, or replace it: a column that is not named is gone."""
        document = request.document()
        if "standardColumns" in ((document.get("properties") or {}).get("schema") or {}):
            raise Refusal(400, "InvalidParameter", "'standardColumns' are written by the service and cannot be set")
        return self._change(request, accept(TABLE, document).get("properties", {}), replace=True)

    def patch(self, request: Request) -> Response:
        """Change what is named. New columns come before the old ones."""
        given = accept(TABLE, request.document()).get("properties", {})
        if request.path not in self.store:
            self._workspace(request.path)
            raise Refusal(404, "ResourceNotFound", f"Table '{name_of(request.path)}' was not found.")
        return self._change(request, given, replace=False)

    def _change(self, request: Request, given: Document, *, replace: bool) -> Response:
        workspace = self._workspace(request.path)
        self._check_unlocked(request.path)
        known = self.store.get(request.path)
        before: Document = known["properties"] if known else {}
        wanted = given if replace else merged(before, given)
        check_table(name_of(request.path), wanted, before)
        properties = completed(name_of(request.path), wanted, before, workspace["properties"]["retentionInDays"])
        document = identified(request.path, {"properties": properties}, known)
        # The table is there while it is made, and locked.
        self.store.put({**document, "properties": {**(before or properties), "provisioningState": "Updating"}})

        def finish() -> None:
            check_schema(properties["schema"])
            self.store.put(document)
            self._sights.setdefault(key(request.path), self._new_sight())

        def undo() -> None:
            self.store.put(known) if known else self.store.remove(request.path)

        return self._begin(request, workspace["location"], finish, undo)

    def delete(self, request: Request) -> Response:
        """Remove a table of a user; Azure's own stay."""
        workspace = self._workspace(request.path)
        known = self.store.get(request.path)
        if known is None:
            return Response(204)
        self._check_unlocked(request.path)
        if name_of(request.path) in AZURE_TABLES:
            raise Refusal(400, "InvalidOperation", "Tables of Azure cannot be deleted")
        self.store.put({**known, "properties": {**known["properties"], "provisioningState": "Deleting"}})

        def finish() -> None:
            self.store.remove(request.path)
            self._sights.pop(key(request.path), None)

        return self._begin(request, workspace["location"], finish, lambda: self.store.put(known))

    def _begin(self, request: Request, location: str, finish: Callable[[], None], undo: Callable[[], None]) -> Response:
        failure = self.estate.faults.failure_of(request.path)

        def work() -> None:
            try:
                if failure:
                    raise Refusal(400, failure["code"], failure["message"])
                finish()
            except Refusal:
                undo()
                raise

        path = statuses(request.path, "Microsoft.OperationalInsights", location, "operationstatuses")
        operations = self.estate.operations
        return operations.accepted(request, operations.begin(path, request.path, work))

    def _workspace(self, table: str) -> Document:
        return self.require("/".join(table.split("/")[:-2]))

    def _check_unlocked(self, table: str) -> None:
        if self.estate.operations.under_way(table):
            text = f"Table '{name_of(table)}' is locked: its provisioningState is not Succeeded"
            raise Refusal(409, "Conflict", text)

    def _new_sight(self) -> _Sight:
        behaviour = self.estate.behaviour
        return _Sight(behaviour.table_hidden_tries, time.monotonic() + behaviour.table_hidden_seconds)

    def seen_by_rules(self, workspace: str, name: str) -> Document | None:
        """The table as rules see it: not before it is made, and then not for a while. Each call is one try."""
        identifier = f"{workspace}/tables/{name}"
        document = self.store.get(identifier)
        sight = self._sights.get(key(identifier))
        self.estate.operations.under_way(identifier)
        if document is None or sight is None or not sight.clear():
            return None
        return document


@dataclass
class _Sight:
    """How rules see a table that was made: not in the first tries, nor before a time of the monotonic clock."""

    tries: int
    since: float

    def clear(self) -> bool:
        """Try once."""
        self.tries -= 1
        return self.tries < 0 and time.monotonic() >= self.since
