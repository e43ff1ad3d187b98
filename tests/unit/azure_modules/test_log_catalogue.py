"""What follows from the log catalogue is taken by the modules, and by the stand-in for Azure."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.slurm.observability.plugins.plugin_utils import log_catalogue, log_documents
from ansible_collections.slurm.observability.plugins.plugin_utils.log_queries import read_query

from .conftest import Azure

ROLE = Path(__file__).parents[3] / "roles" / "_log_catalogue"
CATALOGUE = yaml.safe_load((ROLE / "vars" / "main.yml").read_text())["_log_catalogue"]
QUERIES = sorted((ROLE / "files" / "queries").glob("*.kql"))


def sources() -> list[dict[str, Any]]:
    own = {"sources": {"syslog": {"plan": "Basic"}, "slurmd": {"where": 'RawData !has "debug2:"'}}}
    return log_catalogue.resolve(CATALOGUE, own, os_families=["Debian", "RedHat"], utc_offset="+05:30")


def publish_table(azure: Azure, source: dict[str, Any]) -> None:
    table = log_documents.table(source)
    properties = table["properties"]
    azure.run(
        "loganalytics_table",
        resource_group="hpc",
        workspace="logs",
        name=table["name"],
        plan=properties["plan"],
        columns=properties["schema"]["columns"],
        retention_in_days=properties.get("retentionInDays"),
        total_retention_in_days=properties["totalRetentionInDays"],
    )


@pytest.mark.parametrize("kind", log_documents.KINDS)
def test_tables_and_rules_of_all_sources(azure: Azure, kind: str) -> None:
    for source in sources():
        publish_table(azure, source)
        rule = log_documents.rule(source, azure.workspace, kind)
        properties = rule["properties"]
        azure.converge(
            "data_collection_rule",
            resource_group="hpc",
            name=rule["name"],
            kind=rule["kind"],
            description=properties["description"],
            stream_declarations=properties["streamDeclarations"],
            data_sources=properties.get("dataSources"),
            destinations=properties["destinations"],
            data_flows=properties["dataFlows"],
        )
        stored = azure.document(azure.id("Microsoft.Insights/dataCollectionRules", rule["name"]))["properties"]
        assert stored["dataFlows"][0]["transformKql"] == source["transform"]


@pytest.mark.parametrize("function", [False, True])
def test_all_queries_can_be_saved(azure: Azure, function: bool) -> None:
    for path in QUERIES:
        query = read_query(f"slurm_{path.stem}", path.read_text(), "Slurm", function)
        azure.run("log_analytics_saved_query", resource_group="hpc", workspace="logs", **query)
    shown = azure.run("log_analytics_saved_query_info", resource_group="hpc", workspace="logs")["saved_queries"]
    assert len(shown) == len(QUERIES)
