"""azure_log_analytics_saved_query."""

from __future__ import annotations

import pytest

from .conftest import Azure, Failed


def options(**more):
    return {
        "resource_group": "hpc",
        "workspace": "logs",
        "name": "slurmd-errors",
        "category": "Slurm",
        "display_name": "Errors of slurmd",
        "query": 'slurmd_raw_CL\n| where RawData has "error"\n',
        **more,
    }


def there(azure: Azure):
    return azure.document(f"{azure.workspace}/savedSearches/slurmd-errors")["properties"]


def test_a_query_is_published_once(azure):
    result = azure.converge("log_analytics_saved_query", **options())
    assert result["id"] == f"{azure.workspace}/savedSearches/slurmd-errors"
    assert there(azure) == {
        "category": "Slurm",
        "displayName": "Errors of slurmd",
        "query": 'slurmd_raw_CL\n| where RawData has "error"\n',
        "version": 2,
    }


@pytest.mark.parametrize(
    ("option", "value", "key", "found"),
    [
        ("category", "HPC", "category", "HPC"),
        ("display_name", "Errors", "displayName", "Errors"),
        ("query", "slurmd_raw_CL", "query", "slurmd_raw_CL"),
        ("function_alias", "slurmd_errors", "functionAlias", "slurmd_errors"),
        ("function_parameters", "node:string", "functionParameters", "node:string"),
        ("tags", {"b": 1, "a": "x"}, "tags", [{"name": "a", "value": "x"}, {"name": "b", "value": "1"}]),
    ],
)
def test_an_option_is_set_later_and_stays(azure, option, value, key, found):
    azure.run("log_analytics_saved_query", **options())
    azure.converge("log_analytics_saved_query", **options(**{option: value}))
    assert there(azure)[key] == found
    if option not in options():
        assert not azure.run("log_analytics_saved_query", **options())["changed"]


def test_a_query_is_removed(azure):
    azure.run("log_analytics_saved_query", **options())
    gone = {"resource_group": "hpc", "workspace": "logs", "name": "slurmd-errors", "state": "absent"}
    assert azure.converge("log_analytics_saved_query", **gone)["saved_query"] == {}


def test_what_is_missing_is_told(azure):
    with pytest.raises(Failed, match="there is no workspace"):
        azure.run("log_analytics_saved_query", **options(workspace="nowhere"))
    with pytest.raises(Failed, match="category, display_name, query"):
        azure.run("log_analytics_saved_query", resource_group="hpc", workspace="logs", name="x")
    assert azure.writes() == 0


def test_queries_are_shown(azure):
    azure.run("log_analytics_saved_query", **options())

    def names(**more):
        where = {"resource_group": "hpc", "workspace": "logs", **more}
        return [one["name"] for one in azure.run("log_analytics_saved_query_info", **where)["saved_queries"]]

    assert (names(), names(name="slurmd-errors"), names(name="x")) == (["slurmd-errors"], ["slurmd-errors"], [])
