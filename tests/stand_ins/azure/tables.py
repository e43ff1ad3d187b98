"""Tables of a workspace. They change by operations that Azure takes on and ends later, one at a time."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from .estate import Estate
from .exchange import Document, Refusal, Request, Response
from .operations import accepted, now, statuses
from .resource import Resources, identified
from .router import Router
from .schema import accept
from .schemas.operational_insights import TABLE
from .store import key, name_of
from .table_checks import AZURE_TABLES, STANDARD_COLUMNS, check_schema, check_table
from .workspaces import PATH as WORKSPACE

_VERSIONS = r"2021-12-01-preview|2022-10-01|2023-09-01|2025-02-01|2025-07-01"
_TYPE = "Microsoft.OperationalInsights/workspaces/tables"
_DEFAULT = -1


class Tables(Resources):
    """Tables: those of a user, whose names end with _CL, and some of Azure's own."""

    def register(self, router: Router) -> None:
        router.add(
            "tables",
            f"{WORKSPACE}/tables/{{table}}",
            _VERSIONS,
            {"GET": self.get, "PUT": self.put, "PATCH": self.patch, "DELETE": self.delete},
        )
        router.add("tables", f"{WORKSPACE}/tables", _VERSIONS, {"GET": self.list})

    def __init__(self, estate: Estate) -> None:
        super().__init__(estate)
        self._sights: dict[str, _Sight] = {}

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
        return self.page(request, self.store.of_type(_TYPE, workspace))

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
        wanted = given if replace else _merged(before, given)
        check_table(name_of(request.path), wanted, before)
        properties = _completed(wanted, before, workspace["properties"]["retentionInDays"])
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
        operation = self.estate.operations.begin(path, request.path, self.estate.behaviour.operation_looks, work)
        return accepted(request, operation)

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
        if name in AZURE_TABLES:
            return {"properties": {"schema": {}}}
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


def _merged(before: Document, given: Document) -> Document:
    """Properties after a PATCH: columns that are given come first, those before them stay."""
    schema = {**before.get("schema", {}), **given.get("schema", {})}
    columns = given.get("schema", {}).get("columns", [])
    names = {key(column["name"]) for column in columns}
    old = [one for one in before.get("schema", {}).get("columns", []) if key(one["name"]) not in names]
    kept: Document = {
        name: before[name] for name in ("plan", "retentionInDays", "totalRetentionInDays") if name in before
    }
    # A number that was Azure's default stays a default.
    for name in ("retentionInDays", "totalRetentionInDays"):
        if before.get(f"{name}AsDefault"):
            kept.pop(name, None)
    return {**kept, **given, "schema": {**schema, "columns": [*columns, *old]}}


def _completed(wanted: Document, before: Document, default_days: int) -> Document:
    """Properties as the service answers them: defaults filled in, and what it alone writes."""
    days = wanted.get("retentionInDays", _DEFAULT)
    total = wanted.get("totalRetentionInDays", _DEFAULT)
    plan = wanted.get("plan", "Analytics")
    retention = default_days if days == _DEFAULT else days
    total_retention = retention if total == _DEFAULT else total
    schema = wanted.get("schema", {})
    columns = [{**column, "isDefaultDisplay": False, "isHidden": False} for column in schema.get("columns", [])]
    return {
        "totalRetentionInDays": total_retention,
        "archiveRetentionInDays": total_retention - retention,
        "plan": plan,
        "lastPlanModifiedDate": before.get("lastPlanModifiedDate") or now(),
        "retentionInDaysAsDefault": days == _DEFAULT,
        "totalRetentionInDaysAsDefault": total == _DEFAULT,
        "schema": {
            "tableSubType": "DataCollectionRuleBased",
            **schema,
            "tableType": "CustomLog",
            "columns": columns,
            "standardColumns": STANDARD_COLUMNS,
            "solutions": ["LogManagement"],
            "isTroubleshootingAllowed": True,
        },
        "provisioningState": "Succeeded",
        "retentionInDays": retention,
    }
