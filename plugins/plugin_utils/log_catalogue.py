# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The catalogue of a cluster's logs: a site's own part merged onto the collection's, checked, each source resolved."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ansible_collections.slurm.observability.plugins.module_utils.azure.rule_lint import lint_rule
from ansible_collections.slurm.observability.plugins.module_utils.azure.table_lint import lint_table
from ansible_collections.slurm.observability.plugins.plugin_utils import log_catalogue_form, log_documents

Catalogue = Mapping[str, Any]

_OFFSET = re.compile(r"(?P<sign>[+-])(?P<hours>\d\d):?(?P<minutes>\d\d)")


class CatalogueError(ValueError):
    """The catalogue cannot be used; the text names everything that is wrong with it."""


@dataclass(frozen=True)
class Source:
    """A log of the catalogue with everything that follows from it. The fields are described in log_catalogue.yml."""

    name: str
    description: str
    nodes: str
    paths: list[str]
    journal: dict[str, Any] | None
    table: str
    stream: str
    rule: str
    transform: str
    columns: list[dict[str, str]]
    record_start: str | None
    plan: str
    retention_days: int | None
    total_retention_days: int | None


def resolve(
    catalogue: Catalogue,
    own: Catalogue | None = None,
    os_families: Sequence[str] = ("Debian",),
    utc_offset: str = "+00:00",
    shared_file_systems: Sequence[str] = (),
) -> list[dict[str, Any]]:
    """The sources of a catalogue, as dictionaries with the keys of Source.

    :param own: a site's part of the same form, merged onto the catalogue key by key.
    :param os_families: the families, in Ansible's words, of the distributions that the nodes run.
    :param utc_offset: how far the nodes' clocks are ahead of UTC, such as ``+02:00``, for lines without a zone.
    :param shared_file_systems: mount points on the nodes whose content other hosts write; no log may be there.
    :raises CatalogueError: with every finding, when there is one.
    """
    merged = merge(catalogue, own or {})
    offset = offset_minutes(utc_offset)
    _refuse(log_catalogue_form.shape_findings(merged))
    _refuse(log_catalogue_form.value_findings(merged))
    sources = [
        _source(name, entry, merged, os_families, offset)
        for name, entry in merged["sources"].items()
        if entry.get("enabled") is not False
    ]
    _refuse([*_used_twice(sources), *(finding for one in sources for finding in _lint(one, shared_file_systems))])
    return [asdict(source) for source in sources]


def merge(base: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """``own`` onto ``base``, in new containers: dictionaries are merged, everything else is replaced."""
    merged: dict[str, Any] = _plain(base)
    for key, value in own.items():
        old = merged.get(key)
        merged[key] = merge(old, value) if isinstance(old, Mapping) and isinstance(value, Mapping) else _plain(value)
    return merged


def _plain(value: Any) -> Any:
    """The same in containers of Python's own: those of Ansible's variables cannot be copied with their types."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value


def offset_minutes(text: str) -> int:
    """The minutes of an offset from UTC such as ``+02:00``.

    :raises CatalogueError: when it is none. The name of a zone is none: Azure's transformations know no zones.
    """
    match = _OFFSET.fullmatch(str(text))
    if not match or int(match["hours"]) > 14 or int(match["minutes"]) > 59:
        raise CatalogueError(f"utc_offset: '{text}' is to be an offset from UTC such as '+02:00'")
    minutes = int(match["hours"]) * 60 + int(match["minutes"])
    return -minutes if match["sign"] == "-" else minutes


def _refuse(findings: Iterable[str]) -> None:
    if told := "; ".join(findings):
        raise CatalogueError(told)


def _source(
    name: str, entry: Mapping[str, Any], catalogue: Catalogue, os_families: Sequence[str], offset: int
) -> Source:
    of_table = {key: entry.get(key, catalogue["table"].get(key)) for key in log_catalogue_form.TABLE_KEYS}
    if of_table["plan"] in ("Basic", "Auxiliary"):
        of_table["retention_days"] = entry.get("retention_days")  # that of these plans is fixed
    times = [catalogue["times"][time] for time in entry.get("time") or ()]
    journal = entry.get("journal")
    return Source(
        name=name,
        description=entry.get("description") or name,
        nodes=entry["nodes"],
        paths=_paths(entry["paths"], os_families) + ([journal["path"]] if journal else []),
        journal=journal,
        table=entry.get("table") or f"{name}_raw_CL",
        stream=entry.get("stream") or f"Custom-Text-{name}_raw_CL",
        rule=entry.get("rule") or f"{name}_raw_dcr",
        transform=_transform(times, entry.get("where"), [column["name"] for column in catalogue["columns"]], offset),
        columns=list(catalogue["columns"]),
        record_start=entry.get("record_start"),
        plan=of_table["plan"] or "Analytics",
        retention_days=of_table["retention_days"],
        total_retention_days=of_table["total_retention_days"],
    )


def _paths(paths: Sequence[str] | Mapping[str, Sequence[str]], os_families: Sequence[str]) -> list[str]:
    """The paths for all of the families, each once."""
    if not isinstance(paths, Mapping):
        return list(paths)
    return list(dict.fromkeys(path for family in os_families for path in paths.get(family, ())))


def _transform(times: Sequence[str], where: str | None, columns: Sequence[str], offset: int) -> str:
    """The transformation of a source: what it lets through, and TimeGenerated out of the text."""
    if not times and not where:
        return "source"
    steps = [f"| where {where}"] if where else []
    for time in times:
        steps += [time.strip(), "| extend TimeGenerated = iif(isnotnull(LineTime), LineTime, TimeGenerated)"]
    steps.append(f"| project {', '.join(columns)}")
    pipeline = "\n".join(["source", *steps])
    return f"let Offset = {offset}m;\n{pipeline}" if re.search(r"\bOffset\b", pipeline) else pipeline


def _used_twice(sources: Sequence[Source]) -> Iterator[str]:
    for key in ("table", "rule"):
        first: dict[str, str] = {}
        for source in sources:
            value = getattr(source, key)
            other = first.setdefault(value.casefold(), source.name)
            if other != source.name:
                yield f"sources.{source.name}.{key}: {value} is that of {other}"


def _lint(source: Source, shared_file_systems: Sequence[str]) -> list[str]:
    """What Azure would refuse of the table and the rule of a source."""
    entry = asdict(source)
    if not source.paths:
        return [f"sources.{source.name}.paths: there is none for the distributions of the nodes (os_families)."]
    findings = lint_table(log_documents.table(entry))
    tables = {source.table: [column["name"] for column in source.columns]}
    rule = log_documents.rule(entry, workspace_id="/workspace")
    findings += [finding for finding in lint_rule(rule, tables, shared_file_systems) if finding not in findings]
    return [f"sources.{source.name}: {finding}" for finding in findings]
