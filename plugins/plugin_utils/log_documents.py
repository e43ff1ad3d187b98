# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What follows from a source of the log catalogue: its table, its data collection rule, who follows it.

Each function takes sources as log_catalogue.resolve() gives them. Tables and rules have the form in which Azure's
interface takes them, and ``name`` beside.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.slurm.observability.plugins.module_utils.azure.record_starts import RECORD_STARTS

Source = Mapping[str, Any]
Document = dict[str, Any]

KINDS = ("Linux", "Direct")
WORKSPACE = "workspace"
"""The name of the one destination, within a rule."""


def table(source: Source) -> Document:
    """The table of a source. A retention that is not set is left to the workspace."""
    days = {"retentionInDays": source["retention_days"], "totalRetentionInDays": source["total_retention_days"]}
    return {
        "name": source["table"],
        "properties": {
            "plan": source["plan"],
            **{key: value for key, value in days.items() if value is not None},
            "schema": {"name": source["table"], "columns": [dict(column) for column in source["columns"]]},
        },
    }


def rule(source: Source, workspace_id: str, kind: str = "Linux", endpoint_id: str | None = None) -> Document:
    """The data collection rule of a source.

    :param kind: ``Linux`` for the Azure Monitor Agent; ``Direct`` for forwarders that post to the rule themselves,
        without files in it, and under a name of its own, for a rule never changes its kind.
    :param endpoint_id: of a data collection endpoint, where the network asks for one.
    """
    direct = kind == "Direct"
    return {
        "name": f"{source['rule']}_direct" if direct else source["rule"],
        "kind": kind,
        "properties": {
            "description": source["description"],
            **({"dataCollectionEndpointId": endpoint_id} if endpoint_id else {}),
            "streamDeclarations": {source["stream"]: {"columns": [dict(column) for column in source["columns"]]}},
            **({} if direct else {"dataSources": {"logFiles": [_log_file(source)]}}),
            "destinations": {"logAnalytics": [{"name": WORKSPACE, "workspaceResourceId": workspace_id}]},
            "dataFlows": [
                {
                    "streams": [source["stream"]],
                    "destinations": [WORKSPACE],
                    "transformKql": source["transform"],
                    "outputStream": f"Custom-{source['table']}",
                }
            ],
        },
    }


def _log_file(source: Source) -> Document:
    start = source["record_start"]
    return {
        "name": source["name"],
        "streams": [source["stream"]],
        "filePatterns": list(source["paths"]),
        "format": "text",
        **({"settings": {"text": {"recordStartTimestampFormat": start}}} if start else {}),
    }


def of_nodes(sources: Sequence[Source], nodes: str) -> list[Source]:
    """The sources of the scheduler or of compute nodes."""
    return [source for source in sources if source["nodes"] in (nodes, "all")]


def inputs(sources: Sequence[Source], nodes: str) -> list[Document]:
    """What a forwarder on such a node is to read, and where it goes.

    ``record_start`` is a regular expression, or None where a line is a record.
    """
    return [
        {
            "name": source["name"],
            "paths": list(source["paths"]),
            "journal": source["journal"],
            "record_start": RECORD_STARTS.get(source["record_start"]),
            "stream": source["stream"],
            "rule": rule(source, "", kind="Direct")["name"],
        }
        for source in of_nodes(sources, nodes)
    ]
