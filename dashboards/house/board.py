"""A whole dashboard: what all of them have in common, and rows of panels."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import dashboard as models

from . import links

# No faster than Prometheus scrapes and evaluates its rules.
REFRESH = "1m"
REFRESH_INTERVALS = ["1m", "5m", "15m", "1h"]


@dataclass(frozen=True)
class Row:
    """Panels under a heading, from left to right, and on as many lines as they need. No heading: no title."""

    title: str
    panels: Sequence[Builder[models.Panel]]


def board(
    title: str,
    uid: str,
    description: str,
    *,
    variables: Sequence[Builder[models.VariableModel]],
    rows: Sequence[Row],
    since: str = "now-6h",
) -> builders.Dashboard:
    """A dashboard of the house. The first variable is its data source."""
    dashboard = (
        builders.Dashboard(title)
        .uid(uid)
        .description(description)
        .tags([links.TAG])
        .readonly()
        .tooltip(models.DashboardCursorSync.CROSSHAIR)
        .time(since, "now")
        .refresh(REFRESH)
        .timepicker(builders.TimePicker().refresh_intervals(REFRESH_INTERVALS))
        .variables(list(variables))
        .link(links.all_dashboards())
    )
    for row in rows:
        if row.title:
            dashboard.with_row(builders.Row(row.title).id(_id(f"row {row.title}")))
        for panel in row.panels:
            dashboard.with_panel(_Identified(panel))
    return dashboard


@dataclass(frozen=True)
class _Identified(Builder[models.Panel]):
    """A panel with its id. It is made of the title, so a link to a panel outlives those that are added before it."""

    panel: Builder[models.Panel]

    def build(self) -> models.Panel:
        """Build the panel."""
        panel = self.panel.build()
        panel.id_val = _id(panel.title or "")
        return panel


def _id(title: str) -> int:
    return zlib.crc32(title.encode()) % 1_000_000
