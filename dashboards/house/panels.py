"""Panels. None can be made without a title, a description, a unit and a legend; tables are in tables.py.

Each function returns a builder of the SDK, so that a panel can be given any option that Grafana has. The kinds of
panels here are in Grafana 9 to 13, and look alike there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from grafana_foundation_sdk.builders import common
from grafana_foundation_sdk.builders.bargauge import Panel as BarGauge
from grafana_foundation_sdk.builders.dashboard import FieldColor, ThresholdsConfig
from grafana_foundation_sdk.builders.stat import Panel as Stat
from grafana_foundation_sdk.builders.statetimeline import Panel as StateTimeline
from grafana_foundation_sdk.builders.timeseries import Panel as TimeSeries
from grafana_foundation_sdk.models import common as models
from grafana_foundation_sdk.models.dashboard import DynamicConfigValue, FieldColorModeId

from . import style
from .links import Link
from .queries import PROMETHEUS, Query, with_ref_ids

Panel = TypeVar("Panel", BarGauge, Stat, StateTimeline, TimeSeries)

# Of a line. One for each pixel, of a thousand nodes over six hours, keeps Prometheus busy for seconds. A band has one
# for each: what comes and goes between two would not be seen.
MOST_POINTS = 240


def timeseries(
    title: str,
    description: str,
    unit: str,
    *queries: Query,
    width: int = 12,
    height: int = 8,
    link: Link | None = None,
    stacked: bool = False,
) -> TimeSeries:
    """Lines over time, stacked areas for the parts of a whole."""
    panel = _titled(TimeSeries(), title, description, unit, width, height, link)
    panel.targets([query.over_time(ref_id) for ref_id, query in with_ref_ids(queries)])
    panel.max_data_points(MOST_POINTS)
    panel.line_width(1).fill_opacity(40 if stacked else 8).show_points(models.VisibilityMode.NEVER)
    if stacked:
        panel.stacking(common.StackingConfig().mode(models.StackingMode.NORMAL)).min(0)
    for query in queries:
        if query.color:
            color = FieldColor().mode(FieldColorModeId.FIXED).fixed_color(query.color).build()
            panel.override_by_name(query.legend, [DynamicConfigValue("color", color)])
    tooltip = common.VizTooltipOptions().mode(models.TooltipDisplayMode.MULTI).sort(models.SortOrder.DESCENDING)
    return panel.legend(_legend(queries)).tooltip(tooltip)


def stat(
    title: str,
    description: str,
    unit: str,
    *queries: Query,
    width: int = 4,
    height: int = 4,
    link: Link | None = None,
    steps: ThresholdsConfig | None = None,
    course: bool = False,
) -> Stat:
    """Large numbers, one for each series, as they are at the end of the time range; `course` draws what was before."""
    panel = _titled(Stat(), title, description, unit, width, height, link)
    when = Query.over_time if course else Query.at_the_end
    panel.targets([when(query, ref_id) for ref_id, query in with_ref_ids(queries)])
    panel.reduce_options(_last()).thresholds(steps or style.steps(style.NEUTRAL))
    panel.color_scheme(FieldColor().mode(FieldColorModeId.THRESHOLDS)).color_mode(models.BigValueColorMode.VALUE)
    return panel.graph_mode(models.BigValueGraphMode.AREA if course else models.BigValueGraphMode.NONE)


def bargauge(
    title: str,
    description: str,
    unit: str,
    *queries: Query,
    width: int = 8,
    height: int = 8,
    link: Link | None = None,
    steps: ThresholdsConfig | None = None,
) -> BarGauge:
    """A bar for each series, as it is at the end of the time range. Sort with `sort_desc()` in the query."""
    panel = _titled(BarGauge(), title, description, unit, width, height, link)
    panel.targets([query.at_the_end(ref_id) for ref_id, query in with_ref_ids(queries)])
    panel.reduce_options(_last()).thresholds(steps or style.steps(style.NEUTRAL)).min(0)
    panel.color_scheme(FieldColor().mode(FieldColorModeId.THRESHOLDS))
    # Grafana makes two bars, and their names, as high as the panel.
    text = common.VizTextDisplayOptions().title_size(14).value_size(16)
    return panel.orientation(models.VizOrientation.HORIZONTAL).display_mode(models.BarGaugeDisplayMode.BASIC).text(text)


def statetimeline(
    title: str,
    description: str,
    unit: str,
    *queries: Query,
    width: int = 24,
    height: int = 8,
    link: Link | None = None,
    steps: ThresholdsConfig | None = None,
) -> StateTimeline:
    """A band for each series, coloured by its value over time. For codes chain `.mappings([style.names(...)])`."""
    panel = _titled(StateTimeline(), title, description, unit, width, height, link)
    panel.targets([query.over_time(ref_id) for ref_id, query in with_ref_ids(queries)])
    panel.thresholds(steps or style.ANY_IS_BAD).color_scheme(FieldColor().mode(FieldColorModeId.THRESHOLDS))
    legend = common.VizLegendOptions().show_legend(True).display_mode(models.LegendDisplayMode.LIST)
    panel.legend(legend.placement(models.LegendPlacement.BOTTOM)).merge_values(True).row_height(0.85)
    return panel.show_value(models.VisibilityMode.AUTO)


def _legend(queries: Sequence[Query]) -> common.VizLegendOptions:
    """A line of names where they are known, a table that can be scrolled where labels decide how many there are."""
    legend = common.VizLegendOptions().show_legend(True).placement(models.LegendPlacement.BOTTOM)
    if not any("{{" in query.legend for query in queries):
        return legend.display_mode(models.LegendDisplayMode.LIST).calcs(["lastNotNull"])
    table = legend.display_mode(models.LegendDisplayMode.TABLE).calcs(["lastNotNull", "max"])
    return table.sort_by("Max").sort_desc(True)


def _titled(panel: Panel, title: str, description: str, unit: str, width: int, height: int, link: Link | None) -> Panel:
    panel.title(title).description(description).unit(unit).datasource(PROMETHEUS).span(width).height(height)
    return panel.data_links([link.from_series()]) if link else panel


def _last() -> common.ReduceDataOptions:
    return common.ReduceDataOptions().values(False).calcs(["lastNotNull"])
