"""Tables (2022-10-01) and saved searches (2020-08-01) of a workspace (Microsoft.OperationalInsights)."""

from __future__ import annotations

from ..schema import Flag, ListOf, Number, Record, Text
from .common import SYSTEM_DATA, TAGS

COLUMN = Record(
    "Column",
    {
        "name": Text(),
        # The service takes and echoes "datetime" as well, as the streams of a rule spell it: the case does not matter.
        "type": Text(("string", "int", "long", "real", "boolean", "dateTime", "guid", "dynamic")),
        "dataTypeHint": Text(("uri", "guid", "armPath", "ip")),
        "displayName": Text(),
        "description": Text(),
        "isDefaultDisplay": Flag(),
        "isHidden": Flag(),
    },
    read_only=("isDefaultDisplay", "isHidden"),
)
SCHEMA = Record(
    "Schema",
    {
        "name": Text(),
        "displayName": Text(),
        "description": Text(),
        "columns": ListOf(COLUMN),
        "standardColumns": ListOf(COLUMN),
        "categories": ListOf(Text()),
        "labels": ListOf(Text()),
        "source": Text(("microsoft", "customer")),
        "tableType": Text(("Microsoft", "CustomLog", "RestoredLogs", "SearchResults")),
        "tableSubType": Text(("Any", "Classic", "DataCollectionRuleBased")),
        "solutions": ListOf(Text()),
    },
    read_only=("standardColumns", "categories", "labels", "source", "tableType", "tableSubType", "solutions"),
)
SEARCH_RESULTS = Record(
    "SearchResults",
    {
        "query": Text(),
        "description": Text(),
        "limit": Number(),
        "startSearchTime": Text(),
        "endSearchTime": Text(),
        "sourceTable": Text(),
        "azureAsyncOperationId": Text(),
    },
    read_only=("sourceTable", "azureAsyncOperationId"),
)
RESTORED_LOGS = Record(
    "RestoredLogs",
    {"startRestoreTime": Text(), "endRestoreTime": Text(), "sourceTable": Text(), "azureAsyncOperationId": Text()},
    read_only=("azureAsyncOperationId",),
)
STATISTICS = Record(
    "ResultStatistics",
    {"progress": Number(), "ingestedRecords": Number(), "scannedGb": Number()},
    read_only=("progress", "ingestedRecords", "scannedGb"),
)
TABLE_PROPERTIES = Record(
    "TableProperties",
    {
        "retentionInDays": Number(4, 730, also=(-1,)),
        "totalRetentionInDays": Number(4, 4383, also=(-1,)),
        "archiveRetentionInDays": Number(),
        "searchResults": SEARCH_RESULTS,
        "restoredLogs": RESTORED_LOGS,
        "resultStatistics": STATISTICS,
        "plan": Text(("Basic", "Analytics"), also=("Auxiliary",)),
        "lastPlanModifiedDate": Text(),
        "schema": SCHEMA,
        "provisioningState": Text(("Updating", "InProgress", "Succeeded", "Deleting")),
        "retentionInDaysAsDefault": Flag(),
        "totalRetentionInDaysAsDefault": Flag(),
    },
    read_only=(
        "archiveRetentionInDays",
        "resultStatistics",
        "lastPlanModifiedDate",
        "provisioningState",
        "retentionInDaysAsDefault",
        "totalRetentionInDaysAsDefault",
    ),
)
TABLE = Record(
    "Table",
    {"properties": TABLE_PROPERTIES, "id": Text(), "name": Text(), "type": Text(), "systemData": SYSTEM_DATA},
    read_only=("id", "name", "type", "systemData"),
)

SAVED_SEARCH_PROPERTIES = Record(
    "SavedSearchProperties",
    {
        "category": Text(),
        "displayName": Text(),
        "query": Text(),
        "functionAlias": Text(),
        "functionParameters": Text(),
        "version": Number(),
        "tags": ListOf(Record("Tag", {"name": Text(), "value": Text()}, required=("name", "value"))),
    },
    required=("category", "displayName", "query"),
)
SAVED_SEARCH = Record(
    "SavedSearch",
    {"etag": Text(), "properties": SAVED_SEARCH_PROPERTIES, "id": Text(), "name": Text(), "type": Text()},
    required=("properties",),
    read_only=("id", "name", "type"),
)

# Of a workspace, only what the collection reads: another team makes them.
WORKSPACE = Record(
    "Workspace",
    {
        "location": Text(),
        "tags": TAGS,
        "properties": Record("WorkspaceProperties", {"retentionInDays": Number(4, 730)}),
    },
    required=("location",),
)
