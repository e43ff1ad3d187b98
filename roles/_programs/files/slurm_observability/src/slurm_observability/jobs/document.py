"""Records as JSON documents that hold only what is known."""

from __future__ import annotations

from dataclasses import is_dataclass
from typing import Any


def document(record: Any) -> dict[str, Any]:
    """Return the fields of a dataclass, and of those within it, without those that are None or empty."""
    fields: dict[str, Any] = _known(vars(record))
    return fields


def _known(value: Any) -> Any:
    if isinstance(value, (str, float, int)):  # most are: to look for a dataclass takes longer
        return value
    if isinstance(value, dict):
        return {name: _known(part) for name, part in value.items() if part is not None and part != "" and part != ()}
    if isinstance(value, tuple):
        return [_known(part) for part in value]
    return document(value) if is_dataclass(value) else value
