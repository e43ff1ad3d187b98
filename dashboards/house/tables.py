"""Tables: which columns, in which order, with which unit and link."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from grafana_foundation_sdk.builders.dashboard import ThresholdsConfig
from grafana_foundation_sdk.builders.table import Panel
from grafana_foundation_sdk.models import units
from grafana_foundation_sdk.models.dashboard import DataTransformerConfig, DynamicConfigValue, ValueMap

from . import style
from .links import Link
from .queries import POSTGRES, PROMETHEUS, Query, Sql, with_ref_ids


@dataclass(frozen=True)
class Column:
    """A column: a label of the series, or by its legend the value of a query.

    Text is the unit of names and numbers: with any other, Grafana takes job 1234 for a value and shows 1.23 K.
    """

    source: str
    title: str = ""
    unit: str = units.String
    link: Link | tuple[Link, ...] = ()
    # The background, or what values are called, and in which colours.
    steps: ThresholdsConfig | None = None
    names: ValueMap | None = None
    width: int | None = None
    # Not shown, but there for links.
    hidden: bool = False

    @property
    def heading(self) -> str:
        """What stands above the column."""
        return self.title or self.source

    @property
    def properties(self) -> list[DynamicConfigValue]:
        """What the column has of its own."""
        # A cell without a value stays empty; what a table without rows says is that of the whole panel.
        values: dict[str, object] = {"unit": self.unit, "noValue": ""}
        if self.hidden:
            # The old name of it, and the one that Grafana's newer table alone looks at.
            values["custom.hidden"] = True
            values["custom.hideFrom"] = {"viz": True, "legend": False, "tooltip": False}
        if self.width:
            values["custom.width"] = self.width
        links = self.link if isinstance(self.link, tuple) else (self.link,)
        if links:
            values["links"] = [link.from_row().build() for link in links]
        mappings = [self.names] if self.names else [style.NOT_KNOWN] if self.unit != units.String else []
        if mappings:
            values["mappings"] = mappings
        if self.steps:
            values["thresholds"] = self.steps.build()
        if self.names or self.steps:
            values["custom.cellOptions"] = {"type": "color-text"}
        return [DynamicConfigValue(name, value) for name, value in values.items()]


def table(
    title: str,
    description: str,
    queries: Sequence[Query],
    columns: Sequence[Column],
    *,
    width: int = 24,
    height: int = 8,
    sort_by: str | None = None,
    no_value: str = "none",
) -> Panel:
    """A row for each series; several queries share a row where all the labels that are shown are equal.

    Several queries must all answer, or none: Grafana calls the value of the only one that does by another name.
    """
    panel = _table(title, description, columns, width, height, no_value).datasource(PROMETHEUS)
    panel.targets([query.as_rows(ref_id) for ref_id, query in with_ref_ids(queries)])
    fields = [_field(column, queries) for column in columns]
    panel.with_transformation(DataTransformerConfig("filterFieldsByName", options={"include": {"names": fields}}))
    if len(queries) > 1:
        panel.with_transformation(DataTransformerConfig("merge", options={}))
    renamed = {field: column.heading for field, column in zip(fields, columns, strict=True)}
    places = {field: index for index, field in enumerate(fields)}
    organized = {"excludeByName": {}, "indexByName": places, "renameByName": renamed}
    panel.with_transformation(DataTransformerConfig("organize", options=organized))
    if sort_by:
        order = [{"field": sort_by, "desc": True}]
        panel.with_transformation(DataTransformerConfig("sortBy", options={"sort": order}))
    return panel


def sql_table(
    title: str, description: str, sql: Sql, columns: Sequence[Column], *, width: int = 24, height: int = 8
) -> Panel:
    """What a statement selects. Its names of the columns are the headings."""
    return _table(title, description, columns, width, height, "none").datasource(POSTGRES).with_target(sql)


def _table(title: str, description: str, columns: Sequence[Column], width: int, height: int, no_value: str) -> Panel:
    panel = Panel().title(title).description(description).unit(units.String).span(width).height(height)
    panel.no_value(no_value).filterable(True).min_width(60)
    for column in columns:
        panel.override_by_name(column.heading, column.properties)
    return panel


def _field(column: Column, queries: Sequence[Query]) -> str:
    """The name that Grafana gives to what is in the column."""
    values = {query.legend: f"Value #{ref_id}" for ref_id, query in with_ref_ids(queries)}
    if column.source not in values:
        return column.source
    return values[column.source] if len(values) > 1 else "Value"
