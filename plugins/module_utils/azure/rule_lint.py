# -*- coding: utf-8 -*-
# Copyright: slurm.observability contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks a data collection rule without Azure, which says of most faults only that the rule is invalid.

Limits are those of Microsoft's page "Azure Monitor service limits"; the rest is of the page "Structure of a data
collection rule" and of what the service has been seen to refuse.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.slurm.observability.plugins.module_utils.azure.file_patterns import lint_file_pattern
from ansible_collections.slurm.observability.plugins.module_utils.azure.record_starts import RECORD_STARTS
from ansible_collections.slurm.observability.plugins.module_utils.azure.transform_lint import (
    lint_columns,
    lint_transform,
)

Document = Mapping[str, Any]

MOST = {"data sources": 10, "data flows": 10, "streams": 10, "workspaces": 10, "facilities": 20, "counters": 100}
EXTENSION_SETTINGS_BYTES = 32 * 1024
LONGEST_NAME = 32  # of a data source
_OUTPUT_STREAM = re.compile(r"Microsoft-.+|Custom-.+_CL")
STREAM_TYPES = ("string", "int", "long", "real", "boolean", "dynamic", "datetime")


def lint_rule(
    document: Document, tables: Mapping[str, Sequence[str]] | None = None, shared: Sequence[str] = ()
) -> list[str]:
    """What Azure or its agent would refuse in a rule, each finding as one sentence that begins with its place.

    :param document: the rule as it is sent, with ``kind`` and ``properties``.
    :param tables: the columns of the tables that are known, by name.
    :param shared: mount points of shared file systems, see lint_file_pattern().
    """
    rule = _Rule(document.get("properties") or {})
    return [
        *_limits(rule),
        *_declarations(rule),
        *_data_sources(rule, shared),
        *_destinations(rule),
        *(finding for n in range(len(rule.flows)) for finding in _flow(rule, n, tables or {})),
        *_unused(rule),
    ]


class _Rule:
    """The parts of a rule's properties."""

    def __init__(self, properties: Document) -> None:
        self.declared: dict[str, list[Document]] = {
            stream: list(declaration.get("columns") or ())
            for stream, declaration in (properties.get("streamDeclarations") or {}).items()
        }
        # Each as (place, data source). dataImports has a form of its own: an object for each kind.
        self.sources: list[tuple[str, Document]] = [
            (f"dataSources.{kind}[{n}]", source)
            for kind, sources in (properties.get("dataSources") or {}).items()
            if isinstance(sources, Sequence)
            for n, source in enumerate(sources)
        ]
        imports = (properties.get("dataSources") or {}).get("dataImports") or {}
        self.imported = {str(source.get("stream")) for source in imports.values()}
        self.destinations: list[tuple[str, Document]] = [
            (f"destinations.{kind}", destination)
            for kind, some in (properties.get("destinations") or {}).items()
            for destination in (some if isinstance(some, Sequence) else [some])
        ]
        self.workspaces = [str(one.get("name")) for place, one in self.destinations if place.endswith(".logAnalytics")]
        self.flows: list[Document] = list(properties.get("dataFlows") or ())

    @property
    def collected(self) -> set[str]:
        """The streams that the data sources give."""
        return self.imported | {stream for _place, source in self.sources for stream in source.get("streams") or ()}

    @property
    def flowing(self) -> set[str]:
        """The streams that flow to a destination."""
        return {stream for flow in self.flows for stream in flow.get("streams") or ()}


def _limits(rule: _Rule) -> Iterator[str]:
    count = {
        "data sources": len(rule.sources),
        "data flows": len(rule.flows),
        "streams": len(rule.declared),
        "workspaces": len(rule.workspaces),
        "facilities": max((len(source.get("facilityNames") or ()) for _place, source in rule.sources), default=0),
        "counters": max((len(source.get("counterSpecifiers") or ()) for _place, source in rule.sources), default=0),
    }
    for what, most in MOST.items():
        if count[what] > most:
            yield f"properties: {count[what]} {what} are too many for one rule; Azure takes {most}."


def _declarations(rule: _Rule) -> Iterator[str]:
    for stream, columns in rule.declared.items():
        place = f"streamDeclarations.{stream}"
        if not stream.startswith("Custom-"):
            yield f"{place}: the name of a stream of one's own begins with 'Custom-'."
        if not columns:
            yield f"{place}: it has no columns."
        for column in columns:
            if str(column.get("type")).casefold() not in STREAM_TYPES:
                kinds = ", ".join(STREAM_TYPES)
                yield f"{place}.{column.get('name')}: there is no type '{column.get('type')}'; there are {kinds}."


def _data_sources(rule: _Rule, shared: Sequence[str]) -> Iterator[str]:
    for place, source in rule.sources:
        name = str(source.get("name") or "")
        if not 1 <= len(name) <= LONGEST_NAME:
            yield f"{place}.name: '{name}' is to have 1 to {LONGEST_NAME} characters, and has {len(name)}."
        for stream in source.get("streams") or ():
            if stream.startswith("Custom-") and stream not in rule.declared:
                yield f"{place}.streams: '{stream}' is not declared in streamDeclarations."
        settings = source.get("extensionSettings")
        if settings and len(json.dumps(settings)) > EXTENSION_SETTINGS_BYTES:
            yield f"{place}.extensionSettings: they are longer than {EXTENSION_SETTINGS_BYTES} bytes."
        if place.startswith("dataSources.logFiles"):
            yield from _log_file(place, source, rule, shared)
    yield from _twice("dataSources", [str(source.get("name")) for _place, source in rule.sources])


def _log_file(place: str, source: Document, rule: _Rule, shared: Sequence[str]) -> Iterator[str]:
    for pattern in source.get("filePatterns") or ():
        for finding in lint_file_pattern(pattern, shared):
            yield f"{place}.filePatterns: {finding}"
    if not source.get("filePatterns"):
        yield f"{place}.filePatterns: it has none."
    if source.get("format") not in ("text", "json"):
        yield f"{place}.format: it is to be 'text' or 'json'."
    start = ((source.get("settings") or {}).get("text") or {}).get("recordStartTimestampFormat")
    if start is not None and start not in RECORD_STARTS:
        known = ", ".join(RECORD_STARTS)
        yield f"{place}.settings.text.recordStartTimestampFormat: there is no '{start}'; there are {known}."
    for stream in source.get("streams") or ():
        columns = {column.get("name") for column in rule.declared.get(stream, ())}
        needed = {"TimeGenerated", "RawData"} if source.get("format") == "text" else {"TimeGenerated"}
        if columns and not needed <= columns:
            yield f"streamDeclarations.{stream}: it is to have {' and '.join(sorted(needed))}, which files give."


def _destinations(rule: _Rule) -> Iterator[str]:
    for place, destination in rule.destinations:
        if not destination.get("name"):
            yield f"{place}.name: it has none."
    yield from _twice("destinations", [str(destination.get("name")) for _place, destination in rule.destinations])


def _flow(rule: _Rule, n: int, tables: Mapping[str, Sequence[str]]) -> Iterator[str]:
    flow, place = rule.flows[n], f"dataFlows[{n}]"
    streams, transform = list(flow.get("streams") or ()), flow.get("transformKql")
    output = str(flow.get("outputStream") or "")
    names = {str(destination.get("name")) for _place, destination in rule.destinations}
    for destination in flow.get("destinations") or ():
        if destination not in names:
            yield f"{place}.destinations: there is no destination '{destination}' in this rule."
    for stream in streams:
        if stream.startswith("Custom-") and stream not in rule.declared:
            yield f"{place}.streams: '{stream}' is not declared in streamDeclarations."
    if not streams:
        yield f"{place}.streams: it has none."
    if transform and transform != "source" and len(streams) > 1:
        yield f"{place}.streams: with a transformation a flow has one stream, not {len(streams)}."
    workspaces = [name for name in flow.get("destinations") or () if name in rule.workspaces]
    if any(stream.startswith("Custom-") for stream in streams):
        if len(workspaces) > 1:
            yield f"{place}.destinations: a stream of one's own goes to one workspace."
        if workspaces and not output:
            yield f"{place}.outputStream: a stream of one's own needs one, such as Custom-NAME_CL."
    if output and not _OUTPUT_STREAM.fullmatch(output):
        yield f"{place}.outputStream: '{output}' is to be Microsoft-TABLE, or Custom-NAME_CL for the table NAME_CL."
    if len(streams) == 1:
        columns = [str(column.get("name")) for column in rule.declared.get(streams[0], ())]
        for finding in lint_transform(transform or "source", columns or None):
            yield f"{place}.transformKql: {finding}"
        for finding in lint_columns(transform or "source", columns, tables.get(output.partition("-")[2])):
            yield f"{place}.transformKql: {finding}"


def _unused(rule: _Rule) -> Iterator[str]:
    for stream in sorted(rule.collected - rule.flowing):
        yield f"dataFlows: '{stream}' is collected and goes nowhere."
    if rule.sources:
        for stream in sorted(set(rule.declared) - rule.collected):
            yield f"streamDeclarations.{stream}: no data source gives it."


def _twice(place: str, names: Sequence[str]) -> Iterator[str]:
    for name, count in Counter(name.casefold() for name in names).items():
        if count > 1:
            yield f"{place}: the name '{name}' is there {count} times."
