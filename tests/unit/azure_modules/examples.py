"""Documents that have all that a schema knows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.slurm.observability.plugins.module_utils.azure.schema import Each, Keys, Named, Schema

_OF_TYPE: dict[type, Any] = {str: "text", int: 60, bool: True, object: {"free": {"form": [1]}}}


def _as_it_is(key: str) -> str:
    return key


def example(schema: Schema, spell: Callable[[str], str] = _as_it_is) -> Any:
    """A document with every key that a schema knows, spelled by ``spell``."""
    if isinstance(schema, Keys):
        return {spell(name): example(item, spell) for name, item in schema.keys.items()}
    if isinstance(schema, Named):
        return {"chosen by the user": example(schema.item, spell)}
    if isinstance(schema, Each):
        return [example(schema.item, spell)]
    return _OF_TYPE[schema.type]
