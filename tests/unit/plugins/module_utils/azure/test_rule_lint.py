# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is refused in a data collection rule: each test changes one thing of a rule that is sound."""

from __future__ import annotations

import copy

import pytest
from ansible_collections.slurm.observability.plugins.module_utils.azure.rule_lint import lint_rule

COLUMNS = [{"name": "TimeGenerated", "type": "datetime"}, {"name": "RawData", "type": "string"}]
RULE = {
    "location": "westeurope",
    "kind": "Linux",
    "properties": {
        "streamDeclarations": {"Custom-Text-app_CL": {"columns": COLUMNS}},
        "dataSources": {
            "logFiles": [
                {
                    "name": "app",
                    "streams": ["Custom-Text-app_CL"],
                    "filePatterns": ["/var/log/app/*.log"],
                    "format": "text",
                    "settings": {"text": {"recordStartTimestampFormat": "ISO 8601"}},
                }
            ]
        },
        "destinations": {"logAnalytics": [{"name": "ws", "workspaceResourceId": "/subscriptions/s"}]},
        "dataFlows": [
            {
                "streams": ["Custom-Text-app_CL"],
                "destinations": ["ws"],
                "transformKql": "source",
                "outputStream": "Custom-app_CL",
            }
        ],
    },
}
FILES = ["dataSources", "logFiles", 0]
FLOW = ["dataFlows", 0]
STREAM = ["streamDeclarations", "Custom-Text-app_CL"]


def changed(path, value):
    """The rule with another value at a path of its properties; None removes it."""
    rule = copy.deepcopy(RULE)
    at = rule["properties"]
    for key in path[:-1]:
        at = at[key]
    if value is None:
        del at[path[-1]]
    else:
        at[path[-1]] = value
    return rule


def test_a_sound_rule_has_no_findings():
    assert lint_rule(RULE, {"app_CL": ["TimeGenerated", "RawData"]}) == []


def test_a_rule_for_forwarders_has_no_data_sources():
    assert lint_rule(changed(["dataSources"], None)) == []


def test_streams_of_microsoft_need_no_declaration():
    rule = {
        "properties": {
            "dataSources": {"syslog": [{"name": "s", "streams": ["Microsoft-Syslog"], "facilityNames": ["kern"]}]},
            "destinations": {"logAnalytics": [{"name": "ws"}], "azureMonitorMetrics": {"name": "m"}},
            "dataFlows": [{"streams": ["Microsoft-Syslog"], "destinations": ["ws"]}],
        }
    }
    assert lint_rule(rule) == []


def test_a_stream_of_ones_own_that_goes_to_no_workspace_needs_no_table():
    rule = changed(["destinations", "storageTablesDirect"], [{"name": "store", "tableName": "t"}])
    rule["properties"]["dataFlows"][0] = {"streams": ["Custom-Text-app_CL"], "destinations": ["store"]}
    assert lint_rule(rule) == []


def test_a_stream_may_come_from_an_event_hub():
    rule = changed(["dataSources", "dataImports"], {"eventHub": {"name": "hub", "stream": "Custom-hub"}})
    rule["properties"]["streamDeclarations"]["Custom-hub"] = {"columns": COLUMNS}
    rule["properties"]["dataFlows"].append({**RULE["properties"]["dataFlows"][0], "streams": ["Custom-hub"]})
    assert lint_rule(rule) == []


@pytest.mark.parametrize(
    ("path", "value", "finding"),
    [
        ([*FILES, "name"], "n" * 33, "dataSources.logFiles[0].name: 'nnn"),
        ([*FILES, "name"], None, "dataSources.logFiles[0].name: '' is to have 1 to 32 characters, and has 0."),
        ([*FILES, "filePatterns"], ["/a/*/b.log"], "dataSources.logFiles[0].filePatterns: '/a/*/b.log' has a wildcard"),
        ([*FILES, "filePatterns"], [], "dataSources.logFiles[0].filePatterns: it has none."),
        ([*FILES, "format"], "csv", "dataSources.logFiles[0].format: it is to be 'text' or 'json'."),
        (
            [*FILES, "settings", "text", "recordStartTimestampFormat"],
            "ISO8601",
            "dataSources.logFiles[0].settings.text.recordStartTimestampFormat: there is no 'ISO8601'",
        ),
        ([*STREAM, "columns"], [], "streamDeclarations.Custom-Text-app_CL: it has no columns."),
        (
            [*STREAM, "columns", 1, "type"],
            "text",
            "streamDeclarations.Custom-Text-app_CL.RawData: there is no type 'text'",
        ),
        (
            [*STREAM, "columns", 1, "name"],
            "Raw",
            "streamDeclarations.Custom-Text-app_CL: it is to have RawData and TimeGenerated, which files give.",
        ),
        (
            [*FLOW, "destinations"],
            ["other"],
            "dataFlows[0].destinations: there is no destination 'other' in this rule.",
        ),
        ([*FLOW, "outputStream"], None, "dataFlows[0].outputStream: a stream of one's own needs one"),
        ([*FLOW, "outputStream"], "Custom-app", "dataFlows[0].outputStream: 'Custom-app' is to be Microsoft-TABLE"),
        ([*FLOW, "transformKql"], "source | take 1", "dataFlows[0].transformKql: line 1, column 10: Azure allows no"),
        ([*FLOW, "transformKql"], "source | project RawData", "dataFlows[0].transformKql: It gives no TimeGenerated"),
    ],
)
def test_one_fault_is_one_finding(path, value, finding):
    findings = lint_rule(changed(path, value))
    assert len(findings) == 1
    assert findings[0].startswith(finding)


@pytest.mark.parametrize(
    ("path", "value", "finding"),
    [
        ([*FILES, "streams"], ["Custom-x"], "dataSources.logFiles[0].streams: 'Custom-x' is not declared"),
        ([*FILES, "streams"], ["Custom-x"], "dataFlows: 'Custom-x' is collected and goes nowhere."),
        ([*FILES, "streams"], ["Custom-x"], "streamDeclarations.Custom-Text-app_CL: no data source gives it."),
        ([*FLOW, "streams"], ["Custom-x"], "dataFlows[0].streams: 'Custom-x' is not declared"),
        ([*FLOW, "streams"], [], "dataFlows[0].streams: it has none."),
        (["streamDeclarations", "app"], {"columns": COLUMNS}, "streamDeclarations.app: the name of a stream of one's"),
        (
            ["dataFlows"],
            [{"streams": ["Microsoft-Syslog"]}] * 11,
            "properties: 11 data flows are too many for one rule",
        ),
        (
            ["dataSources", "syslog"],
            [{"name": "app", "streams": ["Microsoft-Syslog"], "facilityNames": ["f"] * 21}],
            "properties: 21 facilities are too many",
        ),
        (
            ["dataSources", "syslog"],
            [{"name": "App", "streams": ["Microsoft-Syslog"]}],
            "dataSources: the name 'app' is there 2 times.",
        ),
        (
            ["dataSources", "extensions"],
            [{"name": "e", "streams": ["Microsoft-X"], "extensionSettings": {"a": "x" * 32768}}],
            "dataSources.extensions[0].extensionSettings: they are longer than 32768 bytes.",
        ),
        (["destinations", "logAnalytics"], [{"name": "ws"}] * 2, "destinations: the name 'ws' is there 2 times."),
        (["destinations", "logAnalytics"], [{}], "destinations.logAnalytics.name: it has none."),
    ],
)
def test_parts_that_do_not_fit_together(path, value, finding):
    assert any(found.startswith(finding) for found in lint_rule(changed(path, value)))


def test_a_stream_of_ones_own_goes_to_one_workspace():
    rule = changed(["destinations", "logAnalytics"], [{"name": "ws"}, {"name": "second"}])
    rule["properties"]["dataFlows"][0]["destinations"] = ["ws", "second"]
    assert lint_rule(rule) == ["dataFlows[0].destinations: a stream of one's own goes to one workspace."]


def test_a_transformation_has_one_stream():
    rule = changed([*FLOW, "transformKql"], "source | where true")
    rule["properties"]["streamDeclarations"]["Custom-b"] = {"columns": COLUMNS}
    rule["properties"]["dataFlows"][0]["streams"].append("Custom-b")
    rule["properties"]["dataSources"]["logFiles"][0]["streams"].append("Custom-b")
    assert lint_rule(rule) == ["dataFlows[0].streams: with a transformation a flow has one stream, not 2."]


def test_the_result_is_compared_with_a_known_table():
    assert lint_rule(RULE, {"app_CL": ["TimeGenerated"]}) == [
        "dataFlows[0].transformKql: It gives the column 'RawData', which the table does not have."
    ]


def test_nothing_at_all_is_no_fault_of_this_check():
    assert lint_rule({}) == []
