"""A run that breaks off at any step is made good by the next."""

from __future__ import annotations

from typing import Any

import pytest
from azure.core.pipeline.policies import RetryPolicy

from .conftest import Azure, Failed

STREAM = "Custom-Text-slurmd_raw_CL"
COLUMNS = [{"name": "TimeGenerated", "type": "datetime"}, {"name": "RawData", "type": "string"}]


def steps(azure: Azure, identity: str) -> list[tuple[str, dict[str, Any]]]:
    """What a playbook does, in its order: each module and its options."""
    group = {"resource_group": "hpc"}
    nodes = {"scale_sets": ["nodes"], "virtual_machines": ["scheduler"], "target_resource_group": "hpc"}
    return [
        ("loganalytics_table", {**group, "workspace": "logs", "name": "slurmd_raw_CL", "columns": COLUMNS}),
        (
            "data_collection_rule",
            {
                **group,
                "name": "slurmd_raw_dcr",
                "kind": "Linux",
                "stream_declarations": {STREAM: {"columns": COLUMNS}},
                "data_sources": {
                    "logFiles": [
                        {
                            "name": "slurmd",
                            "streams": [STREAM],
                            "filePatterns": ["/var/log/slurmd/slurmd.log"],
                            "format": "text",
                        }
                    ]
                },
                "destinations": {"logAnalytics": [{"name": "logs", "workspaceResourceId": azure.workspace}]},
                "data_flows": [{"streams": [STREAM], "destinations": ["logs"], "outputStream": "Custom-slurmd_raw_CL"}],
            },
        ),
        ("vm_extension", {**nodes, "user_assigned_identity": identity, "update_instances": True, "parallel": 1}),
        ("data_collection_rule_association", {**group, **nodes, "rules": ["slurmd_raw_dcr"], "parallel": 1}),
        (
            "log_analytics_saved_query",
            {**group, "workspace": "logs", "name": "q", "category": "c", "display_name": "d", "query": "slurmd_raw_CL"},
        ),
    ]


def back(module: str, options: dict[str, Any]) -> dict[str, Any]:
    """The options with which a step is taken back."""
    cascade = {"delete_associations": True} if module == "data_collection_rule" else {}
    return {**options, **cascade, "state": "absent"}


@pytest.fixture
def identity(azure: Azure, monkeypatch: pytest.MonkeyPatch) -> str:
    """The agent's identity, of an estate with machines. The pipeline tries again without a pause."""
    monkeypatch.setattr(RetryPolicy, "sleep", lambda *_arguments: None)
    azure.estate.behaviour.table_hidden_tries = 2
    azure.furniture.machine("scheduler")
    azure.furniture.scale_set("nodes", 2)
    return azure.furniture.identity("agent")


def all_of(azure: Azure, run: list[tuple[str, dict[str, Any]]]) -> list[bool]:
    return [azure.run(module, **options)["changed"] for module, options in run]


WRITES = 10


def test_there_is_a_known_number_of_writes(azure, identity):
    assert all_of(azure, steps(azure, identity)) == [True] * 5
    assert azure.faults.writes == WRITES


@pytest.mark.parametrize("write", range(1, WRITES + 1))
def test_a_run_that_is_cut_off_after_any_write_is_made_good(azure, identity, write):
    run = steps(azure, identity)
    azure.faults.cut_after_writes = write
    with pytest.raises(Failed, match="does not answer"):
        all_of(azure, run)
    azure.faults.clear()

    all_of(azure, run)
    assert all_of(azure, run) == [False] * len(run)
    all_of(azure, [(module, back(module, options)) for module, options in reversed(run)])
    assert all_of(azure, [(module, back(module, options)) for module, options in reversed(run)]) == [False] * len(run)
