"""What the service wants of a table, beyond the shape of its document.

Sources: the REST reference of tables, 2025-07-01; Microsoft's page on creating custom tables; the error of
SchemaUpdateFatalError as users report it. The codes of what is refused at once are the stand-in's own.
"""

from __future__ import annotations

import re

from .exchange import Document, Refusal
from .table_properties import AZURE_TABLES, DEFAULT

_NAME = re.compile(r"[A-Za-z0-9_-]{4,63}")
_COLUMN_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{1,44}")
_RESERVED = (
    *("id", "BilledSize", "IsBillable", "InvalidTimeGenerated", "TenantId", "Title", "Type", "UniqueId"),
    *("_ItemId", "_ResourceGroup", "_ResourceId", "_SubscriptionId", "_TimeReceived"),
)
_RESERVED_NAMES = frozenset(name.casefold() for name in _RESERVED)
_MOST_COLUMNS = 500
_LONG_TOTALS = (1095, 1460, 1826, 2191, 2556, 2922, 3288, 3653, 4018, 4383)


def check_table(name: str, wanted: Document, before: Document) -> None:
    """Raises Refusal for what is refused at once."""
    if not _NAME.fullmatch(name):
        raise _invalid(f"Table name '{name}' must have 4 to 63 letters, digits, hyphens and underscores")
    if name not in AZURE_TABLES and not name.endswith("_CL"):
        raise _invalid(f"The name of a custom table must end with _CL: '{name}'")
    schema = wanted.get("schema") or {}
    if schema.get("name", name) != name:
        raise _invalid(f"properties.schema.name '{schema['name']}' is not the name of the table, '{name}'")
    _check_columns(schema.get("columns") or [], before)
    _check_plan(wanted, before)


def _check_columns(columns: list[Document], before: Document) -> None:
    if len(columns) > _MOST_COLUMNS:
        raise _invalid(f"A table has at most {_MOST_COLUMNS} columns")
    old = {one["name"].casefold(): one["type"] for one in (before.get("schema") or {}).get("columns", [])}
    seen: set[str] = set()
    for column in columns:
        name, kind = column.get("name", ""), column.get("type")
        folded = name.casefold()
        if not kind or not _COLUMN_NAME.fullmatch(name):
            raise _invalid(f"Column '{name}' needs a type, and a name of 2 to 45 letters, digits and underscores")
        if folded in _RESERVED_NAMES:
            raise _invalid(f"The name of column '{name}' is reserved")
        if folded in seen:
            raise _invalid(f"Column '{name}' is named twice")
        if folded in old and old[folded].casefold() != kind.casefold():
            raise _invalid(f"The type of column '{name}' cannot be changed from {old[folded]} to {kind}")
        seen.add(folded)


def _check_plan(wanted: Document, before: Document) -> None:
    plan = wanted.get("plan", "Analytics")
    old = before.get("plan", plan)
    days = wanted.get("retentionInDays", DEFAULT)
    total = wanted.get("totalRetentionInDays", DEFAULT)
    if plan != old and "Auxiliary" in (plan, old):
        raise _invalid(f"The plan of a table cannot be changed from {old} to {plan}")
    if plan != "Analytics" and days != DEFAULT:
        raise _invalid(f"retentionInDays is read-only on the plan {plan}")
    if total > 730 and total not in _LONG_TOTALS:
        raise _invalid(f"totalRetentionInDays above 730 is one of {', '.join(map(str, _LONG_TOTALS))}")
    if DEFAULT not in (days, total) and total < days:
        raise _invalid("totalRetentionInDays is less than retentionInDays")


def check_schema(schema: Document) -> None:
    """Raises Refusal for what only the operation finds: it then ends as failed."""
    for column in schema["columns"]:
        if column["name"] == "TimeGenerated" and column["type"].casefold() == "datetime":
            return
    text = (
        "HttpClient: Response status code does not indicate success - 400 (Bad Request), due to reason - [Table "
        "validation failed on workflow creation, validation result:CMS validation failed with 1 errors. Errors: map to "
        "fact that misses mandatory fields or field type/display name not matching system configuration - Name: "
        "TimeGenerated, Display name: TimeGenerated, Type: DateTime.]."
    )
    raise Refusal(400, "SchemaUpdateFatalError", text)


def _invalid(text: str) -> Refusal:
    return Refusal(400, "InvalidParameter", text)
