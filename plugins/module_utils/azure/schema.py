# -*- coding: utf-8 -*-
# Copyright: slurm.observability contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documents of Resource Manager: the keys that are known, and the differences that mean nothing.

A schema is data: Keys (an object with known keys), Named (an object whose keys the user chooses), Each (a list) and
Value. It serves three functions: to_arm() turns what a user wrote into Azure's spelling and refuses keys that nobody
knows, comparable() brings a document into a form in which only differences with a meaning are left, and writable()
takes away what only Azure writes.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Union

from ansible_collections.slurm.observability.plugins.module_utils.azure.errors import refuse


def _as_it_is(value: Any) -> Any:
    return value


@dataclass(frozen=True)
class Value:
    """A value. ``fold`` brings spellings that Azure takes for one to one; ``default`` is what Azure echoes for none."""

    type: type = str
    fold: Callable[[Any], Any] = _as_it_is
    default: Any = None


@dataclass(frozen=True)
class Keys:
    """An object with known keys. ``read_only`` are those that only Azure writes."""

    keys: Mapping[str, Schema]
    read_only: tuple[str, ...] = ()


@dataclass(frozen=True)
class Named:
    """An object whose keys the user chooses."""

    item: Schema
    fold: Callable[[str], str] = _as_it_is


@dataclass(frozen=True)
class Each:
    """A list, whose order means nothing."""

    item: Schema


Schema = Union[Value, Keys, Named, Each]


def fold_location(text: str) -> str:
    """Azure shows regions as ``UK South`` and stores them as ``uksouth``."""
    return text.replace(" ", "").casefold()


def fold_id(text: str) -> str:
    """Ids are taken in any case, and come back in another."""
    return text.rstrip("/").casefold()


def _fold_words(text: str) -> str:
    """A list of words in one text, such as ``SystemAssigned, UserAssigned``."""
    return ",".join(sorted(word.strip().casefold() for word in text.split(",")))


TEXT = Value()
WORD = Value(fold=str.casefold)  # one of Azure's own words
ID = Value(fold=fold_id)
LOCATION = Value(fold=fold_location)
NUMBER = Value(int)
FLAG = Value(bool)
ANYTHING = Value(object)

IDENTITY = Keys(
    {
        "type": Value(fold=_fold_words, default="None"),
        "userAssignedIdentities": Named(Keys({}, ("principalId", "clientId")), fold_id),
    },
    ("principalId", "tenantId"),
)


def tracked_resource(properties: Keys) -> Keys:
    """The schema of a resource that has a region and tags."""
    return Keys(
        {
            "location": LOCATION,
            "kind": WORD,
            "tags": Named(TEXT, str.casefold),
            "identity": IDENTITY,
            "properties": properties,
        },
        ("id", "name", "type", "etag", "systemData"),
    )


def to_arm(value: Any, schema: Schema, where: str) -> Any:
    """What a user wrote, with Azure's spelling of the keys: ``transform_kql`` and ``transformKql`` are one.

    Empty entries (None) are left out, and so is what only Azure writes, so that a document of an info module can be
    given back. Raises DocumentError with everything that is wrong with it; ``where`` is the name of the option.
    """
    faults: list[str] = []
    document = _to_arm(value, schema, where, faults)
    refuse(faults)
    return document


def _to_arm(value: Any, schema: Schema, where: str, faults: list[str]) -> Any:
    if isinstance(schema, Value):
        return _converted(value, schema.type, where, faults)
    if isinstance(schema, Each):
        if isinstance(value, str) or not isinstance(value, Sequence):
            faults.append(f"{where} is to be a list, not {value!r}")
            return []
        return [_to_arm(item, schema.item, f"{where}[{index}]", faults) for index, item in enumerate(value)]
    if not isinstance(value, Mapping):
        faults.append(f"{where} is to have keys, and is {value!r}")
        return {}
    given = {key: item for key, item in value.items() if item is not None}
    if isinstance(schema, Named):
        return {str(key): _to_arm(item, schema.item, f"{where}.{key}", faults) for key, item in given.items()}
    return _known_keys(given, schema, where, faults)


def _known_keys(given: Mapping[str, Any], schema: Keys, where: str, faults: list[str]) -> dict[str, Any]:
    spellings = {_squashed(key): key for key in (*schema.keys, *schema.read_only)}
    document: dict[str, Any] = {}
    for spelled, item in given.items():
        key = spellings.get(_squashed(str(spelled)))
        if key is None:
            nearest = difflib.get_close_matches(_squashed(str(spelled)), spellings, n=1)
            known = f"did you mean {spellings[nearest[0]]}?" if nearest else f"known are {', '.join(schema.keys)}"
            faults.append(f"{where} has no {spelled}; {known}")
        elif key in document:
            faults.append(f"{where} has {key} twice")
        elif key not in schema.read_only:
            document[key] = _to_arm(item, schema.keys[key], f"{where}.{key}", faults)
    return document


def _squashed(key: str) -> str:
    return key.replace("_", "").casefold()


def _converted(value: Any, wanted: type, where: str, faults: list[str]) -> Any:
    if wanted is object or (isinstance(value, wanted) and not (wanted is int and isinstance(value, bool))):
        return value
    if wanted is str and isinstance(value, int) and not isinstance(value, bool):
        return str(value)  # YAML takes an unquoted 5000 for a number
    if wanted is int and isinstance(value, str) and value.isdigit():
        return int(value)  # a template makes text of a number
    faults.append(f"{where} is to be {_NAMES[wanted]}, not {value!r}")
    return None


_NAMES = {str: "a text", int: "a whole number", bool: "true or false"}


def comparable(value: Any, schema: Schema) -> Any:
    """A document without the differences that mean nothing; None for what is as good as not there.

    Keys that nobody knows stay as they are: a newer Azure may have them.
    """
    if value is None:
        return None
    if isinstance(schema, Value):
        return None if value in (schema.default, "", [], {}) else schema.fold(value)
    if isinstance(schema, Each):
        items = [comparable(item, schema.item) for item in value]
        return sorted(items, key=lambda item: json.dumps(item, sort_keys=True, default=str)) or None
    if isinstance(schema, Named):
        return {schema.fold(key): comparable(item, schema.item) for key, item in value.items()} or None
    found = {
        key: comparable(item, schema.keys[key]) if key in schema.keys else (item or None)
        for key, item in value.items()
        if key not in schema.read_only
    }
    return {key: item for key, item in found.items() if item is not None} or None


def writable(value: Any, schema: Schema) -> Any:
    """A document of Azure's without what only Azure writes, so that it can be sent back."""
    if isinstance(schema, Keys) and isinstance(value, Mapping):
        return {
            key: writable(item, schema.keys[key]) if key in schema.keys else item
            for key, item in value.items()
            if key not in schema.read_only and item is not None
        }
    if isinstance(schema, Named) and isinstance(value, Mapping):
        return {key: writable(item, schema.item) for key, item in value.items()}
    if isinstance(schema, Each) and isinstance(value, Sequence):
        return [writable(item, schema.item) for item in value]
    return value
