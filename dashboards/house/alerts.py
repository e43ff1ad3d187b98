"""Tables of alerts, the worst first."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from grafana_foundation_sdk.builders.table import Panel
from grafana_foundation_sdk.models import units

from . import style
from .queries import Query
from .tables import Column, table

FIRING = 'alertstate="firing"'


def alert_table(
    title: str,
    description: str,
    alerts: Callable[[str], str],
    columns: Sequence[Column],
    *,
    counted: bool = False,
    width: int = 24,
    height: int = 8,
    no_value: str = "no alerts",
) -> Panel:
    """A row for each alert and what the columns name; if ``counted`` with how many series of it fire.

    ``alerts`` gives the query for alerts that match more, such as `lambda more: f"ALERTS{{{more}}}"`.
    """
    each = f"by ({', '.join(['severity', 'alertname', *(column.source for column in columns)])})"
    critical, warning = (f"({alerts(FIRING + more)})" for more in (',severity="critical"', ',severity="warning"'))
    queries = [Query(f"max {each} (2 * {critical} or {warning} or 0 * ({alerts(FIRING)}))", "Rank")]
    shown = [
        Column("severity", "Severity", names=style.SEVERITY, width=90),
        Column("alertname", "Alert"),
        *columns,
        Column("Rank", hidden=True),
    ]
    if counted:
        queries.append(Query(f"count {each} ({alerts(FIRING)})", "Series"))
        shown.append(Column("Series", unit=units.Short, width=70))
    return table(title, description, queries, shown, width=width, height=height, sort_by="Rank", no_value=no_value)
