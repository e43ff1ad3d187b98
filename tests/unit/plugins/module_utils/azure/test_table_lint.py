# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is refused in a table."""

from __future__ import annotations

import copy

import pytest
from ansible_collections.slurm.observability.plugins.module_utils.azure.table_lint import MOST_COLUMNS, lint_table

TIME = {"name": "TimeGenerated", "type": "dateTime"}
TABLE = {
    "name": "app_CL",
    "properties": {
        "plan": "Analytics",
        "retentionInDays": 30,
        "totalRetentionInDays": 90,
        "schema": {"name": "app_CL", "columns": [TIME, {"name": "RawData", "type": "string"}]},
    },
}


def table(name="app_CL", columns=None, **properties):
    """The sound table, changed."""
    document = copy.deepcopy(TABLE)
    document["name"] = name
    document["properties"].update(properties)
    if columns is not None:
        document["properties"]["schema"]["columns"] = columns
    return document


@pytest.mark.parametrize(
    "document",
    [
        TABLE,
        {"name": "app_CL"},
        table(retentionInDays=-1, totalRetentionInDays=-1),
        table(retentionInDays=730, totalRetentionInDays=4383),
        table(plan="Basic", retentionInDays=None),
        table(plan="Auxiliary", retentionInDays=-1),
        table(name="a" * 60 + "_CL"),
    ],
)
def test_a_sound_table_has_no_findings(document):
    assert lint_table(document) == []


@pytest.mark.parametrize(
    ("document", "finding"),
    [
        (table(name="app"), "name: 'app' is to have 4 to 63 letters"),
        (table(name="applog"), "name: 'applog' is to end in _CL"),
        (table(name="a" * 61 + "_CL"), "name: 'aaa"),
        (table(name="app.x_CL"), "name: 'app.x_CL' is to have 4 to 63 letters"),
        (table(columns=[]), "columns: a table needs TimeGenerated, of the type datetime."),
        (table(columns=[{**TIME, "type": "string"}]), "columns: a table needs TimeGenerated, of the type datetime."),
        (table(columns=[TIME, {"name": "x", "type": "string"}]), "columns.x: a name is to have 2 to 45 letters"),
        (table(columns=[TIME, {"name": "1st", "type": "string"}]), "columns.1st: a name is to have 2 to 45 letters"),
        (table(columns=[TIME, {"name": "tenantId", "type": "guid"}]), "columns.tenantId: the name is Azure's own."),
        (
            table(columns=[TIME, {"name": "Ab", "type": "text"}]),
            "columns.Ab: there is no type 'text'; there are string",
        ),
        (
            table(columns=[TIME, *[{"name": n, "type": "int"} for n in ("Ab", "aB")]]),
            "columns.aB: the name is there tw",
        ),
        (
            table(columns=[TIME, *[{"name": f"c{n}", "type": "int"} for n in range(MOST_COLUMNS)]]),
            "columns: there are 501; Azure takes 500.",
        ),
        (table(plan="Cheap"), "plan: there is no plan 'Cheap'; there are Analytics, Basic, Auxiliary."),
        (table(plan="Basic"), "retentionInDays: that of the plan Basic is fixed"),
        (table(retentionInDays=3), "retentionInDays: 3 is not from 4 to 730"),
        (table(retentionInDays=731, totalRetentionInDays=1095), "retentionInDays: 731 is not from 4 to 730"),
        (table(totalRetentionInDays=800), "totalRetentionInDays: 800 is not from 4 to 730, nor -1, nor whole years"),
        (table(totalRetentionInDays=20), "totalRetentionInDays: 20 is less than the 30 of retentionInDays."),
    ],
)
def test_one_fault_is_one_finding(document, finding):
    findings = [found for found in lint_table(document) if not (document["name"] == "app" and "_CL" in found)]
    assert len(findings) == 1
    assert findings[0].startswith(finding)
