# -*- coding: utf-8 -*-
# Copyright: slurm.observability contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inputs of a dashboard that was exported for sharing: ``__inputs``, and the ``${NAME}`` that stand for them.

Only Grafana's page for imports fills them. Through its API a dashboard keeps them as they are, and its panels find no
data source.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

Document = dict[str, Any]

_REFERENCE = re.compile(r"\$\{([^}]+)\}")
# How exports name the data sources of a dashboard.
_EXPORTED = re.compile(r"\$\{(DS_[A-Z0-9_.-]+)\}")
# The data source of expressions is in every Grafana, under this name.
_EXPRESSIONS = "__expr__"


def fill(content: Document, values: Mapping[str, str]) -> tuple[Document, list[str]]:
    """The dashboard with its inputs filled, and what is wrong with it.

    ``values`` are by the names of inputs; ``*`` is for every data source that has none of its own. Inputs that are
    constants have a value of their own for when none is given.
    """
    known = dict(values)
    faults = []
    declared = _declared(content)
    for name, definition in declared.items():
        value = values.get(name, _default(definition, values))
        if value is None:
            faults.append(_missing(name, definition))
        else:
            known[name] = value
    filled = {key: _filled(value, known) for key, value in content.items() if key != "__inputs"}
    for name in sorted(set(_exported_sources(filled)) - set(declared) - _variables(filled)):
        if "*" in values:
            filled = _filled(filled, {name: values["*"]})
        else:
            faults.append(f"its panels name the data source ${{{name}}}, which nothing defines: give it in inputs")
    return filled, faults


def names(content: Mapping[str, Any]) -> set[str]:
    """The names that can be given a value in a dashboard."""
    return {*_declared(content), *_exported_sources(content)}


def _declared(content: Mapping[str, Any]) -> dict[str, Document]:
    """The definitions of the inputs, by name."""
    return {str(definition.get("name")): definition for definition in content.get("__inputs") or ()}


def _default(definition: Mapping[str, Any], values: Mapping[str, str]) -> str | None:
    if definition.get("pluginId") == _EXPRESSIONS:
        return _EXPRESSIONS
    if definition.get("type") == "datasource":
        return values.get("*")
    value = definition.get("value")
    return None if value is None else str(value)


def _missing(name: str, definition: Mapping[str, Any]) -> str:
    what = "a value"
    if definition.get("type") == "datasource":
        what = f"the uid of a data source of the type {definition.get('pluginId')}"
    return f"it needs {what} for {name} ({definition.get('label') or 'no label'}): give it in inputs"


def _filled(value: Any, known: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return _REFERENCE.sub(lambda match: known.get(match[1], match[0]), value)
    if isinstance(value, dict):
        return {key: _filled(inner, known) for key, inner in value.items()}
    if isinstance(value, list):
        return [_filled(inner, known) for inner in value]
    return value


def _exported_sources(value: Any, of_source: bool = False) -> Iterator[str]:
    """The names of inputs that stand where a data source is named."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _exported_sources(inner, key == "datasource" or (of_source and key == "uid"))
    elif isinstance(value, list):
        for inner in value:
            yield from _exported_sources(inner)
    elif of_source and isinstance(value, str):
        match = _EXPORTED.fullmatch(value)
        if match:
            yield match[1]


def _variables(content: Mapping[str, Any]) -> set[str]:
    """The names of the dashboard's own variables."""
    listed = (content.get("templating") or {}).get("list") or ()
    return {str(variable.get("name")) for variable in listed}
