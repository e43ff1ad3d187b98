# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The form of a catalogue of logs: which keys it has, and of which types. What Azure refuses is checked elsewhere."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.slurm.observability.plugins.module_utils.azure.record_starts import RECORD_STARTS

Catalogue = Mapping[str, Any]

NODES = ("scheduler", "compute", "all")
TABLE_KEYS = {"plan": str, "retention_days": int, "total_retention_days": int}
_SOURCE_KEYS = {
    **{"description": str, "enabled": bool, "nodes": str, "paths": (list, dict), "journal": dict, "time": list},
    **{"where": str, "record_start": str, "table": str, "stream": str, "rule": str},
    **TABLE_KEYS,
}
_KEYS = {"columns": list, "table": dict, "sources": dict, "times": dict}
_TYPES = {str: "a text", int: "a whole number", bool: "true or false", list: "a list", dict: "a dictionary"}


def shape_findings(catalogue: Catalogue) -> Iterator[str]:
    """Keys that are not known, and values of the wrong type."""
    yield from _misfits("", catalogue, _KEYS, required=True)
    parts: dict[str, Any] = {key: kind() for key, kind in _KEYS.items()}
    parts.update((key, part) for key, part in catalogue.items() if isinstance(part, _KEYS.get(key, ())))
    yield from _misfits("table.", parts["table"], TABLE_KEYS)
    yield from _misfits("times.", parts["times"], dict.fromkeys(parts["times"], str), required=True)
    for n, column in enumerate(parts["columns"]):
        if not isinstance(column, dict) or set(column) != {"name", "type"} or not _are_texts(list(column.values())):
            yield f"columns[{n}]: it has the keys name and type, both texts"
    for name, entry in parts["sources"].items():
        if isinstance(entry, dict):
            yield from _misfits(f"sources.{name}.", entry, _SOURCE_KEYS)
        else:
            yield f"sources.{name}: it is to be a dictionary; 'enabled: false' leaves a source out"


def _misfits(place: str, given: Mapping[str, Any], known: Mapping[str, Any], required: bool = False) -> Iterator[str]:
    """Keys that are not known, and values that are not of their types. None unsets what is not required."""
    for key, value in given.items():
        if key not in known:
            near = difflib.get_close_matches(str(key), known, n=1)
            yield f"{place}{key}: there is no such key" + (f"; did you mean '{near[0]}'?" if near else "")
        elif not isinstance(value, known[key]) and (value is not None or required):
            types = known[key] if isinstance(known[key], tuple) else (known[key],)
            yield f"{place}{key}: it is to be {' or '.join(_TYPES[kind] for kind in types)}"


def value_findings(catalogue: Catalogue) -> Iterator[str]:
    """What is wrong with the values of a source, in a catalogue of the right shape."""
    for name, entry in catalogue["sources"].items():
        if entry.get("enabled") is False:
            continue
        place = f"sources.{name}"
        if entry.get("nodes") not in NODES:
            yield f"{place}.nodes: '{entry.get('nodes')}' is to be one of {', '.join(NODES)}"
        paths, journal = entry.get("paths"), entry.get("journal")
        if not all(_are_texts(some) for some in (paths.values() if isinstance(paths, dict) else [paths])):
            yield f"{place}.paths: it is to be a list of texts, or a dictionary of such lists"
        for time in entry.get("time") or ():
            if time not in list(catalogue["times"]):
                yield f"{place}.time: there is no '{time}' among times: {', '.join(catalogue['times'])}"
        if journal and not (
            set(journal) == {"path", "matches"} and _are_texts([journal["path"]]) and _are_texts(journal["matches"])
        ):
            yield f"{place}.journal: it has the keys path, a text, and matches, a list of texts"
        if entry.get("record_start") not in (None, *RECORD_STARTS):
            yield f"{place}.record_start: '{entry['record_start']}' is to be one of {', '.join(RECORD_STARTS)}"


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)
