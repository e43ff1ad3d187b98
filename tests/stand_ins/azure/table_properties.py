"""The properties of a table as the service answers them, and the tables that every workspace has from the beginning."""

from __future__ import annotations

from collections.abc import Iterator

from .exchange import Document
from .operations import now
from .resource import identified
from .store import key

TABLE_TYPE = "Microsoft.OperationalInsights/workspaces/tables"
# Of hundreds, those that the collection has to do with.
AZURE_TABLES = ("Heartbeat", "Operation", "Syslog", "Usage")
# In place of a number of days: that of the workspace.
DEFAULT = -1
_STANDARD_COLUMNS = [{"name": "TenantId", "type": "guid", "isDefaultDisplay": False, "isHidden": False}]


def azure_tables(workspace: str, default_days: int) -> Iterator[Document]:
    """The tables of Azure's own in a new workspace."""
    for name in AZURE_TABLES:
        columns = [{"name": "TimeGenerated", "type": "datetime"}, {"name": "Computer", "type": "string"}]
        properties = completed(name, {"schema": {"name": name, "columns": columns}}, {}, default_days)
        yield identified(f"{workspace}/tables/{name}", {"properties": properties}, None)


def merged(before: Document, given: Document) -> Document:
    """Properties after a PATCH: columns that are given come first, those before them stay."""
    schema = {**before.get("schema", {}), **given.get("schema", {})}
    columns = given.get("schema", {}).get("columns", [])
    names = {key(column["name"]) for column in columns}
    old = [one for one in before.get("schema", {}).get("columns", []) if key(one["name"]) not in names]
    kept: Document = {
        name: before[name] for name in ("plan", "retentionInDays", "totalRetentionInDays") if name in before
    }
    # A number that was Azure's default stays a default.
    for name in ("retentionInDays", "totalRetentionInDays"):
        if before.get(f"{name}AsDefault"):
            kept.pop(name, None)
    return {**kept, **given, "schema": {**schema, "columns": [*columns, *old]}}


def completed(name: str, wanted: Document, before: Document, default_days: int) -> Document:
    """Properties as the service answers them: defaults filled in, and what it alone writes."""
    days = wanted.get("retentionInDays", DEFAULT)
    total = wanted.get("totalRetentionInDays", DEFAULT)
    plan = wanted.get("plan", "Analytics")
    retention = default_days if days == DEFAULT else days
    total_retention = retention if total == DEFAULT else total
    schema = wanted.get("schema", {})
    columns = [{**column, "isDefaultDisplay": False, "isHidden": False} for column in schema.get("columns", [])]
    return {
        "totalRetentionInDays": total_retention,
        "archiveRetentionInDays": total_retention - retention,
        "plan": plan,
        "lastPlanModifiedDate": before.get("lastPlanModifiedDate") or now(),
        "retentionInDaysAsDefault": days == DEFAULT,
        "totalRetentionInDaysAsDefault": total == DEFAULT,
        "schema": {
            "tableSubType": "Any" if name in AZURE_TABLES else "DataCollectionRuleBased",
            **schema,
            "tableType": "Microsoft" if name in AZURE_TABLES else "CustomLog",
            "columns": columns,
            "standardColumns": _STANDARD_COLUMNS,
            "solutions": ["LogManagement"],
            "isTroubleshootingAllowed": True,
        },
        "provisioningState": "Succeeded",
        "retentionInDays": retention,
    }
