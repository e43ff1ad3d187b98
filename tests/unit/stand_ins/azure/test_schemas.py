"""The stand-in's schemas are those of Microsoft: of its Python clients, and of the descriptions of its API.

What the service takes beyond them is named ``also`` in the schemas, and not compared.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from azure.mgmt.monitor import models

from tests.azure_rest_api_specs import SPECIFICATION, needs_specs
from tests.stand_ins.azure.exchange import Refusal
from tests.stand_ins.azure.schema import ListOf, Number, Record, Text, accept, records
from tests.stand_ins.azure.schemas import compute, monitor, operational_insights

INSIGHTS = "monitor/resource-manager/Microsoft.Insights/stable/2023-03-11"
LOGS = "operationalinsights/resource-manager/Microsoft.OperationalInsights/stable"
COMPUTE = "compute/resource-manager/Microsoft.Compute/ComputeRP/stable/2024-03-01"
ROOTS: dict[str, Record] = {
    f"{INSIGHTS}/dataCollectionRules_API.json": monitor.RULE,
    f"{INSIGHTS}/dataCollectionEndpoints_API.json": monitor.ENDPOINT,
    f"{INSIGHTS}/dataCollectionRuleAssociations_API.json": monitor.ASSOCIATION,
    f"{LOGS}/2022-10-01/Tables.json": operational_insights.TABLE,
    f"{LOGS}/2020-08-01/SavedSearches.json": operational_insights.SAVED_SEARCH,
    f"{COMPUTE}/virtualMachine.json": compute.MACHINE_EXTENSION,
    f"{COMPUTE}/virtualMachineScaleSet.json": compute.SCALE_SET_EXTENSION,
}
COMPARED = [
    pytest.param(file, record, id=f"{Path(file).stem}-{record.name}")
    for file, root in ROOTS.items()
    # Shared definitions are not in these files; where they are referred to, their names are compared.
    for record in records(root)
    if record.name not in ("ManagedServiceIdentity", "systemData", "KeyVaultSecretReference", "SubResource")
]


@cache
def _described(file: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(file.read_text())
    return document


def _resolve(file: Path, node: dict[str, Any]) -> tuple[Path, dict[str, Any]]:
    """What a reference leads to, and the file in which that is."""
    while "$ref" in node:
        name, _sign, pointer = node["$ref"].partition("#/definitions/")
        file = (file.parent / name).resolve() if name else file
        node = _described(file)["definitions"][pointer]
    return file, node


def _properties(file: Path, node: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The properties of a definition, with those that it has from others."""
    file, node = _resolve(file, node)
    found: dict[str, dict[str, Any]] = {}
    for part in node.get("allOf", ()):
        found |= _properties(file, part)
    found |= node.get("properties", {})
    return found


@needs_specs
@pytest.mark.parametrize(("file", "record"), COMPARED)
def test_a_record_is_that_of_the_description(file: str, record: Record) -> None:
    path = SPECIFICATION / file
    definition = _described(path)["definitions"][record.name]
    properties = _properties(path, definition)
    assert set(record.fields) == set(properties)
    assert set(record.required) == set(definition.get("required", ()))
    read_only = {name for name, one in properties.items() if one.get("readOnly")}
    assert set(record.read_only) == read_only
    for name, shape in record.fields.items():
        described = properties[name]
        if isinstance(shape, ListOf):
            shape, described = shape.item, described["items"]
        if isinstance(shape, Text) and "$ref" not in described:
            assert set(shape.choices) == set(described.get("enum", ())), name
        if isinstance(shape, Number):
            assert (shape.least, shape.most) == (described.get("minimum"), described.get("maximum")), name


def _of_monitor() -> list[Record]:
    roots = (monitor.RULE, monitor.ENDPOINT, monitor.ASSOCIATION)
    found = {record.name: record for root in roots for record in records(root) if record.name != "systemData"}
    return list(found.values())


@pytest.mark.parametrize("record", _of_monitor(), ids=lambda record: record.name)
def test_a_record_is_that_of_the_python_client(record: Record) -> None:
    """7.0.0 has the keys of the description; 6.0.2, which is that of 2022-06-01, has fewer, and none besides."""
    newest = hasattr(models, "AgentSettingsSpec")
    model: Any = getattr(models, record.name, None)
    if model is None and not newest:
        pytest.skip(f"6.0.2 has no {record.name}")
    keys = {entry["key"].split(".")[0] for entry in model._attribute_map.values()}
    assert keys <= set(record.fields)
    if newest:
        assert keys == set(record.fields)


@needs_specs
def test_examples_of_microsoft_are_taken() -> None:
    """Bodies of PUT, as Microsoft shows them; those that it does not validate itself are left out."""
    shapes = {"DataCollectionRulesCreate": monitor.RULE, "DataCollectionEndpointsCreate": monitor.ENDPOINT}
    seen = 0
    for file in sorted((SPECIFICATION / INSIGHTS / "examples").glob("*Create*.json")):
        shape = next((shape for name, shape in shapes.items() if file.name.startswith(name)), monitor.ASSOCIATION)
        body = json.loads(file.read_text())["parameters"]["body"]
        if body.get("kind") == " Direct":
            continue
        accept(shape, body)
        seen += 1
    assert seen >= 5


def test_what_azure_alone_writes_is_passed_over() -> None:
    given = {"location": "eastus", "etag": "x", "properties": {"immutableId": "dcr-1", "description": "kept"}}
    assert accept(monitor.RULE, given) == {"location": "eastus", "properties": {"description": "kept"}}


def test_the_place_of_a_fault_is_told() -> None:
    flows = [{"streams": ["Custom-x"]}, {"transfromKql": "source"}]
    with pytest.raises(Refusal, match=r"'transfromKql' .* 'DataFlow'. Path 'properties.dataFlows\[1\].transfromKql'"):
        accept(monitor.RULE, {"location": "eastus", "properties": {"dataFlows": flows}})


@pytest.mark.parametrize("value", [None, 1, True, [], "everything"])
def test_values_of_another_shape(value: object) -> None:
    with pytest.raises(Refusal):
        accept(monitor.AGENT_SETTING, {"name": value})
    with pytest.raises(Refusal):
        accept(Number(4, 730), value if value != 1 else 3)
