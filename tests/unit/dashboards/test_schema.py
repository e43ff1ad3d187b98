"""The JSON against Grafana's own schemas, where a folder of them is at hand: GRAFANA_SCHEMAS names it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from tests.unit.dashboards.document import Json, panels

FOLDER = os.environ.get("GRAFANA_SCHEMAS")
pytestmark = pytest.mark.skipif(not FOLDER, reason="GRAFANA_SCHEMAS names no folder of Grafana's JSON schemas")


def test_dashboard(document: Json) -> None:
    assert _errors("dashboard", document) == []


def test_panels(document: Json) -> None:
    """The options of each kind of panel, which the schema of dashboards leaves open."""
    for panel in panels(document):
        kind = panel["type"].replace("-", "")
        assert _errors(kind, panel["options"], "Options") == [], panel["title"]
        assert _errors(kind, panel["fieldConfig"]["defaults"].get("custom", {}), "FieldConfig") == [], panel["title"]


def test_queries(document: Json) -> None:
    for panel in panels(document):
        for target in panel["targets"]:
            if target["datasource"]["type"] == "prometheus":
                assert _errors("prometheus", target, "Dataquery") == [], panel["title"]


def test_an_unknown_option_is_found(document: Json) -> None:
    assert _errors("dashboard", {**document, "colour": "red"})


def _errors(name: str, instance: Any, definition: str | None = None) -> list[str]:
    schema = json.loads(Path(str(FOLDER), f"{name}.jsonschema.json").read_text())
    _open_any(schema)
    if definition == "FieldConfig" and definition not in schema["definitions"]:
        return ["a kind without settings of its own has some"] if instance else []
    if definition is not None:
        schema["$ref"] = f"#/definitions/{definition}"
    return [f"{error.json_path}: {error.message}" for error in Draft7Validator(schema).iter_errors(instance)]


def _open_any(schema: Any) -> None:
    """Take back what the making of the schemas got wrong: a value of any type became an object of anything."""
    if isinstance(schema, dict):
        if schema.get("type") == "object" and schema.get("additionalProperties") == {} and "properties" not in schema:
            del schema["type"]
        for value in schema.values():
            _open_any(value)
    elif isinstance(schema, list):
        for value in schema:
            _open_any(value)
