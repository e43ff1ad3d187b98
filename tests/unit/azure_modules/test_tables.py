"""azure_loganalytics_table."""

from __future__ import annotations

import pytest

from .conftest import Azure, Failed

COLUMNS = [
    {"name": "TimeGenerated", "type": "dateTime"},
    {"name": "RawData", "type": "string", "description": "the line"},
    {"name": "Computer", "type": "string"},
]
NAME = "slurmd_raw_CL"


def options(**more):
    return {"resource_group": "hpc", "workspace": "logs", "name": NAME, "columns": COLUMNS, **more}


def properties(azure: Azure, name: str = NAME):
    return azure.document(f"{azure.workspace}/tables/{name}")["properties"]


def test_a_table_is_made_once(azure):
    result = azure.converge("loganalytics_table", **options(retention_in_days=30, total_retention_in_days=90))

    assert result["id"] == f"{azure.workspace}/tables/{NAME}"
    made = properties(azure)
    assert {column["name"] for column in made["schema"]["columns"]} == {"TimeGenerated", "RawData", "Computer"}
    assert (made["retentionInDays"], made["totalRetentionInDays"], made["plan"]) == (30, 90, "Analytics")
    assert result["table"]["properties"]["retentionInDays"] == 30


@pytest.mark.parametrize(
    ("option", "value", "where", "found"),
    [
        ("plan", "Basic", ("plan",), "Basic"),
        ("retention_in_days", 45, ("retentionInDays",), 45),
        ("total_retention_in_days", 365, ("totalRetentionInDays",), 365),
        ("display_name", "slurmd", ("schema", "displayName"), "slurmd"),
        ("description", "lines of slurmd", ("schema", "description"), "lines of slurmd"),
    ],
)
def test_an_option_is_set_at_first_and_later(azure, option, value, where, found):
    def there(name):
        document = properties(azure, name)
        for key in where:
            document = document[key]
        return document

    azure.converge("loganalytics_table", **options(**{option: value}))
    assert there(NAME) == found

    azure.run("loganalytics_table", **options(name="other_CL"))
    azure.converge("loganalytics_table", **options(name="other_CL", columns=None, **{option: value}))
    assert there("other_CL") == found
    assert len(properties(azure, "other_CL")["schema"]["columns"]) == 3


@pytest.mark.parametrize(
    "change",
    [
        {"description": "another"},
        {"display_name": "Line"},
        {"data_type_hint": "ip"},
    ],
)
def test_what_is_said_of_a_column_is_set(azure, change):
    azure.run("loganalytics_table", **options())
    columns = [*COLUMNS[:2], {**COLUMNS[2], **change}]
    azure.converge("loganalytics_table", **options(columns=columns))

    (column,) = (column for column in properties(azure)["schema"]["columns"] if column["name"] == "Computer")
    assert set(change.values()) <= set(column.values())


def test_what_means_nothing_is_no_difference(azure):
    azure.run("loganalytics_table", **options())
    columns = [{**column, "type": column["type"].lower()} for column in reversed(COLUMNS)]

    assert not azure.run("loganalytics_table", **options(columns=columns))["changed"]
    assert not azure.run("loganalytics_table", **options(columns=columns[:2]))["changed"]
    # As the workspace has it: the number of days that is answered is not one that was set.
    assert not azure.run("loganalytics_table", **options(retention_in_days=-1, total_retention_in_days=-1))["changed"]


def test_a_retention_that_was_never_set_is_not_fixed_by_another_change(azure):
    azure.run("loganalytics_table", **options())
    azure.run("loganalytics_table", **options(columns=[*COLUMNS, {"name": "FilePath", "type": "string"}]))

    assert properties(azure)["retentionInDaysAsDefault"]
    assert properties(azure)["totalRetentionInDaysAsDefault"]


def test_a_retention_goes_back_to_that_of_the_workspace(azure):
    azure.run("loganalytics_table", **options(retention_in_days=45, total_retention_in_days=90))
    azure.converge("loganalytics_table", **options(retention_in_days=-1, total_retention_in_days=-1))

    assert properties(azure)["retentionInDaysAsDefault"]


def test_columns_are_dropped_only_when_that_is_said(azure):
    azure.run("loganalytics_table", **options())
    kept = azure.run("loganalytics_table", **options(columns=COLUMNS[:1]))
    assert (kept["changed"], kept["kept_columns"], kept["dropped_columns"]) == (False, ["Computer", "RawData"], [])

    dropped = azure.converge("loganalytics_table", **options(columns=COLUMNS[:1], drop_columns=True))
    assert (dropped["kept_columns"], dropped["dropped_columns"]) == ([], ["Computer", "RawData"])
    assert "loses its columns Computer, RawData" in azure.warnings[-1]
    assert [column["name"] for column in properties(azure)["schema"]["columns"]] == ["TimeGenerated"]


def test_a_new_column_leaves_the_others(azure):
    azure.run("loganalytics_table", **options())
    azure.converge("loganalytics_table", **options(columns=[COLUMNS[0], {"name": "FilePath", "type": "string"}]))

    assert len(properties(azure)["schema"]["columns"]) == 4


def test_the_type_of_a_column_is_not_changed(azure):
    azure.run("loganalytics_table", **options())
    with pytest.raises(Failed, match="column Computer of slurmd_raw_CL is string, and is to be int"):
        azure.run("loganalytics_table", **options(columns=[{"name": "Computer", "type": "int"}]))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"columns": [*COLUMNS, {"name": "Load", "type": "float"}]}, "there is no type 'float'"),
        ({"columns": COLUMNS[1:]}, "needs TimeGenerated"),
        ({"columns": None}, "a new one needs columns"),
        ({"name": "x" * 80 + "_CL"}, "4 to 63"),
        ({"name": "slurmd_raw"}, "end in _CL"),
        ({"plan": "Basic", "retention_in_days": 30}, "plan Basic"),
        ({"retention_in_days": 90, "total_retention_in_days": 30}, "less than"),
        ({"workspace": "nowhere"}, "there is no workspace"),
        ({"resource_group": "nowhere"}, "nowhere"),
        ({"workspace": "/subscriptions/s"}, "is not the id of a workspace"),
    ],
)
def test_what_cannot_be_is_told_before_anything_is_changed(azure, change, message):
    with pytest.raises(Failed, match=message):
        azure.run("loganalytics_table", **options(**change))
    assert azure.writes() == 0


def test_without_the_lint_azure_says_it(azure):
    with pytest.raises(Failed, match="SchemaUpdateFatalError"):
        azure.run("loganalytics_table", **options(columns=COLUMNS[1:], lint=False))


def test_work_that_fails_after_it_was_taken_on_is_a_failure(azure):
    azure.faults.fail_operation(NAME, "SchemaUpdateFatalError", "Table validation failed")
    with pytest.raises(Failed, match="SchemaUpdateFatalError: Table validation failed") as failure:
        azure.run("loganalytics_table", **options())
    assert failure.value.result["code"] == "SchemaUpdateFatalError"

    azure.converge("loganalytics_table", **options())


def test_a_table_that_azure_works_on_is_waited_for(azure):
    azure.estate.behaviour.operation_looks = 3
    azure.converge("loganalytics_table", **options(retention_in_days=30))
    azure.estate.behaviour.operation_looks = 1000
    with pytest.raises(Failed, match="not done after 1 s"):
        azure.run("loganalytics_table", **options(retention_in_days=60, timeout=1))


def test_a_table_is_removed(azure):
    azure.run("loganalytics_table", **options())
    result = azure.converge("loganalytics_table", **options(state="absent"))

    assert result["table"] == {}
    assert f"{azure.workspace}/tables/{NAME}" not in azure.estate.store


def test_a_table_is_shown_by_its_name_and_with_all(azure):
    azure.run("loganalytics_table", **options())
    azure.run("loganalytics_table", **options(name="other_CL"))
    where = {"resource_group": "hpc", "workspace": azure.workspace}

    def names(**more):
        return {table["name"] for table in azure.run("loganalytics_table_info", **where, **more)["tables"]}

    assert names(name=NAME) == {NAME}
    assert names(name="nothing_CL") == set()
    assert names() >= {NAME, "other_CL"}
    with pytest.raises(Failed, match="there is no workspace"):
        azure.run("loganalytics_table_info", resource_group="hpc", workspace="nowhere", name=NAME)
