"""The Logs Ingestion API: takes rows, and keeps them as they came."""

from __future__ import annotations

import gzip
import json
import time
import zlib
from typing import Any

from .estate import Estate, Row
from .exchange import Document, Refusal, Request, Response
from .roles import METRICS_PUBLISHER, has_role
from .router import INGESTION, Router
from .rules import TYPE as RULE_TYPE

LIMIT_BYTES = 1_048_576
_VERSIONS = r"2021-11-01-preview|2023-01-01|2023-04-24"


class Ingestion:
    """Takes what a rule declares, from whom it may have it, in the size that is allowed."""

    def __init__(self, estate: Estate) -> None:
        self._estate = estate

    def register(self, router: Router) -> None:
        """Add the paths."""
        path = "/dataCollectionRules/{rule}/streams/{stream}"
        router.add("ingestion", path, _VERSIONS, {"POST": self.post}, INGESTION)

    def post(self, request: Request) -> Response:
        """Take rows: 204. Raises Refusal before any of them was kept."""
        rule = self._rule(request.names["rule"])
        if not has_role(self._estate.store, request.principal, METRICS_PUBLISHER, rule["id"]):
            text = (
                "The authentication token provided does not have access to ingest data for the data collection rule "
                f"with immutable Id '{request.names['rule']}' PipelineAccessResult: AccessGranted: False"
            )
            raise Refusal(403, "OperationFailed", text)
        stream = request.names["stream"]
        properties = rule["properties"]
        flows = [flow for flow in properties.get("dataFlows", []) if stream in flow["streams"]]
        if stream not in properties.get("streamDeclarations", {}) or not flows:
            text = f"The stream {stream} was not configured for data collection rule {request.names['rule']}."
            raise Refusal(400, "InvalidStream", text)
        rows = self._content(request)
        for flow in flows:
            self._keep(rule, stream, flow, rows)
        return Response(204)

    def _rule(self, immutable_id: str) -> Document:
        for rule in self._estate.store.of_type(RULE_TYPE):
            if rule["properties"]["immutableId"] == immutable_id:
                return rule
        text = f"Data collection rule with immutable Id '{immutable_id}' not found."
        raise Refusal(404, "NotFound", text)

    def _content(self, request: Request) -> list[dict[str, Any]]:
        """The rows of a body. The limit holds for what is sent, and for what it unpacks to."""
        _check_length(len(request.body))
        body = request.body
        if request.headers.get("Content-Encoding", "").casefold() == "gzip":
            try:
                body = gzip.decompress(body)
            except (OSError, EOFError, zlib.error) as error:
                raise Refusal(400, "InvalidRequestBody", f"The body is no gzip: {error}") from error
            if self._estate.behaviour.count_uncompressed:
                _check_length(len(body))
        try:
            rows = json.loads(body)
        except ValueError as error:
            raise Refusal(400, "InvalidRequestBody", f"The body is no JSON: {error}") from error
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise Refusal(400, "InvalidRequestBody", "The body is no array of objects")
        return rows

    def _keep(self, rule: Document, stream: str, flow: Document, rows: list[dict[str, Any]]) -> None:
        table = flow.get("outputStream", stream).partition("-")[2]
        destinations = rule["properties"].get("destinations", {}).get("logAnalytics", [])
        for destination in destinations:
            if destination["name"] not in flow["destinations"]:
                continue
            self._estate.rows.extend(
                Row(rule["id"], stream, table, destination["workspaceResourceId"], time.time(), row) for row in rows
            )


def _check_length(length: int) -> None:
    if length > LIMIT_BYTES:
        text = f"Maximum allowed content length: {LIMIT_BYTES} bytes (1 MB). Provided content length: {length} bytes."
        raise Refusal(413, "ContentLengthLimitExceeded", text)
