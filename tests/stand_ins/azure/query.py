"""The query API, as far as it takes to see whether rows have come: it counts what the ingestion kept.

Known are one table, or ``union [withsource=NAME] [isfuzzy=true] T1, T2``, and then ``where TimeGenerated > ago(1h)``
(compared with the time of ingestion), ``where Column == "text"``, ``summarize`` with count(), max(Column) and
min(Column), ``count``, ``take N`` and ``project``. Anything else is refused with the code of a syntax error.
"""

from __future__ import annotations

import datetime
import re
import time
from collections.abc import Iterator
from typing import Any

from .estate import Estate, Row
from .exchange import Document, Refusal, Request, Response
from .router import QUERY, Router
from .workspaces import TYPE as WORKSPACE_TYPE

_UNION = re.compile(r"union\s+(?:withsource\s*=\s*(\w+)\s+|isfuzzy\s*=\s*true\s+)*(?P<tables>\w+(?:\s*,\s*\w+)*)")
_SOURCE_NAME = re.compile(r"withsource\s*=\s*(\w+)")
_AGO = re.compile(r"where\s+TimeGenerated\s*>=?\s*ago\((\d+)([smhd])\)")
_EQUAL = re.compile(r"where\s+(\w+)\s*==\s*[\"']([^\"']*)[\"']")
_AGGREGATE = re.compile(r"(?:(\w+)\s*=\s*)?(count|max|min)\((\w*)\)")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}

# Beside the columns of a row, for the comparison with ago(): not shown.
_RECEIVED = "_received"

Line = dict[str, Any]


class Query:
    """Answers counts of rows."""

    def __init__(self, estate: Estate) -> None:
        self._estate = estate

    def register(self, router: Router) -> None:
        """Add the paths."""
        router.add("query", "/v1/workspaces/{workspace}/query", None, {"POST": self.post}, QUERY)

    def post(self, request: Request) -> Response:
        """Run a query in one workspace, named by its customer id."""
        workspace = self._workspace(request.names["workspace"])
        text = request.document().get("query", "")
        source, *steps = [part.strip() for part in text.split("|")]
        lines = list(self._source(workspace, source))
        for step in steps:
            lines = _step(step, lines)
        columns = list(dict.fromkeys(name for line in lines for name in line if name != _RECEIVED))
        rows = [[line.get(name) for name in columns] for line in lines]
        table = {
            "name": "PrimaryResult",
            "columns": [{"name": name, "type": _type([line.get(name) for line in lines])} for name in columns],
            "rows": rows,
        }
        return Response(200, {"tables": [table]})

    def _workspace(self, customer_id: str) -> str:
        for workspace in self._estate.store.of_type(WORKSPACE_TYPE):
            if workspace["properties"]["customerId"] == customer_id:
                identifier: str = workspace["id"]
                return identifier
        raise Refusal(404, "WorkspaceNotFoundError", f"The workspace {customer_id} could not be found")

    def _source(self, workspace: str, text: str) -> Iterator[Line]:
        match = _UNION.fullmatch(text)
        names = re.split(r"\s*,\s*", match.group("tables")) if match else [text]
        source = _SOURCE_NAME.search(text) if match else None
        fuzzy = match is not None and "isfuzzy" in text
        for name in names:
            known = f"{workspace}/tables/{name}" in self._estate.store
            if not known and not (fuzzy and re.fullmatch(r"\w+", name)):
                text = f"'where' operator: Failed to resolve table or column expression named '{name}'"
                raise _refused(text, "SEM0100")
            for row in self._estate.rows:
                if row.table == name and row.workspace.casefold() == workspace.casefold():
                    yield {**({source.group(1): name} if source else {}), **_line(row)}


def _line(row: Row) -> Line:
    received = datetime.datetime.fromtimestamp(row.received, datetime.timezone.utc).isoformat()
    return {"TimeGenerated": received, **row.content, "Type": row.table, _RECEIVED: row.received}


def _step(step: str, lines: list[Line]) -> list[Line]:
    if match := _AGO.fullmatch(step):
        since = time.time() - int(match.group(1)) * _SECONDS[match.group(2)]
        return [line for line in lines if line[_RECEIVED] >= since]
    if match := _EQUAL.fullmatch(step):
        return [line for line in lines if line.get(match.group(1)) == match.group(2)]
    if step == "count":
        return [{"Count": len(lines)}]
    if match := re.fullmatch(r"(?:take|limit)\s+(\d+)", step):
        return lines[: int(match.group(1))]
    if match := re.fullmatch(r"project\s+(\w+(?:\s*,\s*\w+)*)", step):
        return [{name: line.get(name) for name in re.split(r"\s*,\s*", match.group(1))} for line in lines]
    if match := re.fullmatch(r"summarize\s+(.*?)(?:\s+by\s+(\w+(?:\s*,\s*\w+)*))?", step, re.DOTALL):
        return _summarize(match.group(1), re.split(r"\s*,\s*", match.group(2)) if match.group(2) else [], lines)
    raise _refused(f"The stand-in does not know this operator: {step}", "SYN0002")


def _summarize(text: str, by: list[str], lines: list[Line]) -> list[Line]:
    aggregates = [_AGGREGATE.fullmatch(part.strip()) for part in text.split(",")]
    if not all(aggregates):
        raise _refused(f"The stand-in does not know this aggregate: {text}", "SYN0002")
    groups: dict[tuple[Any, ...], list[Line]] = {} if by else {(): lines}
    for line in lines if by else ():
        groups.setdefault(tuple(line.get(name) for name in by), []).append(line)
    result = []
    for values, members in groups.items():
        line = dict(zip(by, values, strict=True))
        for name, function, column in (match.groups() for match in aggregates if match):
            given = [member[column] for member in members if column in member]
            value = len(members) if function == "count" else (max if function == "max" else min)(given, default=None)
            line[name or f"{function}_{column}"] = value
        result.append(line)
    return result


def _type(values: list[Any]) -> str:
    kinds = {type(value) for value in values if value is not None}
    return {int: "long", float: "real", bool: "bool", dict: "dynamic"}.get(kinds.pop() if kinds else str, "string")


def _refused(text: str, code: str) -> Refusal:
    refusal = Refusal(400, "BadArgumentError", "The request had some invalid properties")
    inner: Document = {"code": "SemanticError", "message": "A semantic error occurred."}
    refusal.error["innererror"] = {**inner, "innererror": {"code": code, "message": text}}
    return refusal
