"""What ``/apis`` makes of a dashboard of an old schema: a part of what Grafana does, enough to be noticed."""

from __future__ import annotations

from typing import Any

from .exchange import Document
from .organisation import copied

OLDEST = 13


def migrated(content: Document, newest: int) -> Document:
    """A dashboard in the newest schema. Raises ValueError for one that is too old."""
    result: Document = copied(content)
    version = result.get("schemaVersion") or 0
    if version < OLDEST:
        raise ValueError(f"dashboard schema version {version} cannot be migrated to latest version {newest}")
    if version < 33:  # since then, panels name a data source by an object
        _name_sources(result)
    if version < newest:
        result["schemaVersion"] = newest
    return result


def _name_sources(value: Any) -> None:
    if isinstance(value, list):
        for inner in value:
            _name_sources(inner)
    elif isinstance(value, dict):
        for key, inner in value.items():
            if key == "datasource" and isinstance(inner, str):
                value[key] = {"type": "prometheus", "uid": inner}
            else:
                _name_sources(inner)
