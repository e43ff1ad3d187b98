"""A stand-in for Azure with a workspace, and a client that speaks plain HTTP with it."""

from __future__ import annotations

import json
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.stand_ins.azure import AzureStandIn, Furniture

REPOSITORY = Path(__file__).resolve().parents[4]
TABLES = "2022-10-01"
RULES = "2023-03-11"
COMPUTE = "2024-03-01"
COLUMNS = ("TimeGenerated", "RawData", "Computer", "FilePath")


@dataclass
class Answer:
    """A response as it came. ``document`` is None for an empty body."""

    status: int
    headers: dict[str, str]
    document: Any

    @property
    def codes(self) -> list[str]:
        """The code of the error, then those of its details."""
        error = self.document["error"]
        return [error["code"], *(detail["code"] for detail in error.get("details", []))]


@dataclass
class Client:
    """Sends requests with the token of the operator, or with another."""

    stand_in: AzureStandIn
    tokens: dict[str, str] = field(default_factory=dict)

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        version: str = "",
        *,
        token: str | None = None,
        audience: str = "https://management.azure.com",
        **headers: str,
    ) -> Answer:
        """One request. ``body`` is sent as it is when it is bytes, else as JSON."""
        url = path if path.startswith("http") else f"{self.stand_in.url}{path}"
        if version:
            url += ("&" if "?" in url else "?") + urlencode({"api-version": version})
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        bearer = self._token(audience) if token is None else token
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if bearer:
            sent["Authorization"] = f"Bearer {bearer}"
        request = urllib.request.Request(url, data, sent, method=method)
        context = ssl.create_default_context(cafile=str(self.stand_in.ca_file)) if url.startswith("https") else None
        try:
            with urllib.request.urlopen(request, context=context, timeout=20) as response:
                return _answer(response.status, response)
        except urllib.error.HTTPError as error:
            with error:
                return _answer(error.code, error)

    def _token(self, audience: str) -> str:
        if audience not in self.tokens:
            tenancy = self.stand_in.estate.tenancy
            self.tokens[audience] = tenancy.token(tenancy.operator, audience)["access_token"]
        return self.tokens[audience]

    def settle(self, answer: Answer) -> dict[str, Any]:
        """Poll an operation until it is no longer in progress."""
        while True:
            status: dict[str, Any] = self.send("GET", answer.headers["Azure-AsyncOperation"]).document
            if status["status"] != "InProgress":
                return status


def _answer(status: int, response: Any) -> Answer:
    text = response.read()
    return Answer(status, dict(response.headers), json.loads(text) if text else None)


@pytest.fixture
def stand_in(tmp_path: Path) -> Iterator[AzureStandIn]:
    """Empty, but for its operator. What it could not answer fails the test."""
    with AzureStandIn(tmp_path) as running:
        yield running
    assert not running.services.crashes, running.services.crashes[0]


@pytest.fixture
def furniture(stand_in: AzureStandIn) -> Furniture:
    """A resource group."""
    return Furniture(stand_in.services)


@pytest.fixture
def client(stand_in: AzureStandIn) -> Client:
    """The operator."""
    return Client(stand_in)


@pytest.fixture
def workspace(furniture: Furniture) -> str:
    """A workspace in eastus."""
    return furniture.workspace()


def table_body(name: str, **properties: Any) -> dict[str, Any]:
    """A table of raw logs."""
    columns = [{"name": one, "type": "dateTime" if one == "TimeGenerated" else "string"} for one in COLUMNS]
    return {"properties": {"schema": {"name": name, "columns": columns}, **properties}}


def rule_body(workspace: str, table: str = "slurmd_raw_CL", **more: Any) -> dict[str, Any]:
    """A rule that takes a text log to a table, as the collection makes it."""
    stream = f"Custom-Text-{table}"
    columns = [{"name": one, "type": "datetime" if one == "TimeGenerated" else "string"} for one in COLUMNS]
    return {
        "location": "eastus",
        "kind": "Linux",
        "properties": {
            "streamDeclarations": {stream: {"columns": columns}},
            "dataSources": {
                "logFiles": [
                    {
                        "name": stream,
                        "streams": [stream],
                        "filePatterns": ["/var/log/slurmd/slurmd.log"],
                        "format": "text",
                        "settings": {"text": {"recordStartTimestampFormat": "ISO 8601"}},
                    }
                ]
            },
            "destinations": {"logAnalytics": [{"name": "logs", "workspaceResourceId": workspace}]},
            "dataFlows": [
                {
                    "streams": [stream],
                    "destinations": ["logs"],
                    "transformKql": "source",
                    "outputStream": f"Custom-{table}",
                }
            ],
        },
        **more,
    }
