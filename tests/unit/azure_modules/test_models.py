"""What the modules send, read and written again by azure-mgmt-monitor's own models, is the same document.

The version is the one that is installed; both 6.0.2 and 7.0.0 have passed. In addition the schemas are held against
Microsoft's descriptions of the interface, where these are at hand.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from importlib import metadata
from typing import Any

import pytest
from ansible_collections.slurm.observability.plugins.module_utils.azure import data_collection_endpoints as endpoints
from ansible_collections.slurm.observability.plugins.module_utils.azure import data_collection_rules as rules
from ansible_collections.slurm.observability.plugins.module_utils.azure.schema import Each, Keys, Named
from azure.mgmt.monitor import models

from tests.azure_rest_api_specs import SPECIFICATION, needs_specs

from .conftest import Azure
from .examples import example

# Keys that 6.0.2 does not know: it is of the interface of 2022-06-01.
LATER = {
    "properties.agentSettings",
    "properties.dataFlows.captureOverflow",
    "properties.dataSources.iisLogs.transformKql",
    "properties.dataSources.logFiles.transformKql",
    "properties.dataSources.performanceCounters.transformKql",
    "properties.dataSources.syslog.transformKql",
    "properties.dataSources.windowsEventLogs.transformKql",
    "properties.dataSources.windowsFirewallLogs.profileFilter",
    "properties.destinations.azureDataExplorer",
    "properties.destinations.microsoftFabric",
    "properties.references",
}
OLD = metadata.version("azure-mgmt-monitor").startswith("6.")


@pytest.fixture
def sent(azure: Azure, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, Any]]]:
    """The paths and bodies of all PUTs."""
    bodies: list[tuple[str, dict[str, Any]]] = []
    services = azure.stand_in.services
    answer = services.answer

    def noted(request: Any) -> Any:
        if request.method == "PUT":
            bodies.append((request.path, json.loads(request.body)))
        return answer(request)

    monkeypatch.setattr(services, "answer", noted)
    return bodies


def everything(azure: Azure) -> dict[str, Any]:
    """Options of a rule that use whatever the modules know and the stand-in takes."""
    azure.furniture.table(azure.workspace, "a_CL")
    stream = "Custom-Text-a_CL"
    return {
        "resource_group": "hpc",
        "name": "all",
        "kind": "Linux",
        "location": "East US",
        "tags": {"a": "b"},
        "description": "all",
        "identity": {"type": "UserAssigned", "user_assigned_identities": [azure.furniture.identity("reader")]},
        "stream_declarations": {
            stream: {"columns": [{"name": "TimeGenerated", "type": "datetime"}, {"name": "RawData", "type": "string"}]}
        },
        "data_sources": {
            "performance_counters": [
                {
                    "name": "perf",
                    "streams": ["Microsoft-Perf"],
                    "sampling_frequency_in_seconds": 60,
                    "counter_specifiers": ["Processor(*)\\% Processor Time"],
                }
            ],
            "syslog": [
                {"name": "sys", "streams": ["Microsoft-Syslog"], "facility_names": ["auth"], "log_levels": ["Error"]}
            ],
            "log_files": [
                {
                    "name": "files",
                    "streams": [stream],
                    "file_patterns": ["/var/log/a.log"],
                    "format": "text",
                    "settings": {"text": {"record_start_timestamp_format": "ISO 8601"}},
                }
            ],
        },
        "destinations": {
            "log_analytics": [{"name": "logs", "workspace_resource_id": azure.workspace}],
        },
        "data_flows": [
            {"streams": ["Microsoft-Perf", "Microsoft-Syslog"], "destinations": ["logs"]},
            {
                "streams": [stream],
                "destinations": ["logs"],
                "transform_kql": "source | extend TimeGenerated = now()",
                "output_stream": "Custom-a_CL",
                "capture_overflow": True,
            },
        ],
    }


def through(model: Any, body: dict[str, Any]) -> dict[str, Any]:
    """A body as the SDK would send what it reads in it."""
    return dict(model.deserialize(copy.deepcopy(body)).serialize())


def bodies(azure: Azure, sent: list[tuple[str, dict[str, Any]]]) -> dict[str, dict[str, Any]]:
    """One body of each type that is under Microsoft.Insights."""
    azure.run("data_collection_rule", **everything(azure))
    azure.run(
        "data_collection_endpoint",
        resource_group="hpc",
        name="in",
        location="eastus",
        kind="Linux",
        description="in",
        public_network_access="Disabled",
        tags={"a": "b"},
    )
    azure.furniture.machine("scheduler")
    azure.run(
        "data_collection_rule_association",
        resource_group="hpc",
        rules=["all"],
        virtual_machines=["scheduler"],
        target_resource_group="hpc",
        description="all",
    )
    return {path.split("/")[-2]: body for path, body in sent}


def test_the_models_read_and_write_what_is_sent(azure, sent):
    found = bodies(azure, sent)
    if OLD:
        del found["dataCollectionRules"]["properties"]["dataFlows"][1]["captureOverflow"]
    for kind, model in (
        ("dataCollectionRules", models.DataCollectionRuleResource),
        ("dataCollectionEndpoints", models.DataCollectionEndpointResource),
        ("dataCollectionRuleAssociations", models.DataCollectionRuleAssociationProxyOnlyResource),
    ):
        assert through(model, found[kind]) == found[kind]


@pytest.mark.parametrize(
    ("schema", "model"),
    [
        (rules.SCHEMA, models.DataCollectionRuleResource),
        (endpoints.SCHEMA, models.DataCollectionEndpointResource),
    ],
)
def test_the_models_know_the_keys_that_the_modules_know(schema, model):
    document = example(schema)
    dropped = set(_dropped(document, through(model, document)))
    assert dropped == (LATER if OLD and model is models.DataCollectionRuleResource else set())


def _dropped(before: Any, after: Any, path: str = "") -> Iterator[str]:
    """The paths of keys that are in one document and not in the other."""
    if isinstance(before, list):
        for one, other in zip(before, after, strict=True):
            yield from _dropped(one, other, path)
    elif isinstance(before, dict):
        for key, value in before.items():
            if key in after:
                yield from _dropped(value, after[key], f"{path}.{key}".lstrip("."))
            else:
                yield f"{path}.{key}".lstrip(".")


INSIGHTS = "monitor/resource-manager/Microsoft.Insights/stable/2023-03-11"
# Keys of an endpoint that only Azure writes, and that the description does not mark so.
UNMARKED = {"immutableId", "configurationAccess", "logsIngestion", "metricsIngestion"}


@needs_specs
def test_the_schemas_have_the_keys_of_the_official_description():
    def compare(schema: Any, name: str, definitions: dict[str, Any]) -> int:
        if isinstance(schema, (Each, Named)):
            return compare(schema.item, name, definitions)
        if not isinstance(schema, Keys):
            return 0
        properties = definitions[name]["properties"]
        writes = {key for key, found in properties.items() if not found.get("readOnly")}
        assert writes - set(schema.keys) == (UNMARKED if name == "DataCollectionEndpoint" else set()), name
        assert set(schema.keys) <= writes and set(schema.read_only) <= set(properties)
        return 1 + sum(
            compare(item, reference, definitions)
            for key, item in schema.keys.items()
            if (reference := _reference(properties[key]))
        )

    for schema, file, name in (
        (rules.PROPERTIES, "dataCollectionRules_API.json", "DataCollectionRule"),
        (endpoints.PROPERTIES, "dataCollectionEndpoints_API.json", "DataCollectionEndpoint"),
    ):
        assert compare(schema, name, json.loads((SPECIFICATION / INSIGHTS / file).read_text())["definitions"]) > 1


def _reference(found: dict[str, Any]) -> str:
    """The definition that a property, its items or its values have."""
    match = re.search(r"#/definitions/(\w+)", json.dumps(found))
    return match.group(1) if match else ""
