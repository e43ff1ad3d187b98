"""Cluster overview: what is wrong, and what is going on."""

from __future__ import annotations

from grafana_foundation_sdk.builders.dashboard import Dashboard
from grafana_foundation_sdk.builders.table import Panel
from grafana_foundation_sdk.models import units

from .house import links, uids, variables
from .house.board import Row, board
from .house.queries import Query
from .house.tables import Column, table


def dashboard() -> Dashboard:
    """The page to open first."""
    return board(
        "Cluster overview",
        uids.OVERVIEW,
        "What is wrong on the cluster, and what it is doing. Every name of a node, partition or job leads on.",
        variables=[variables.datasource(), variables.partition()],
        rows=[
            Row("", [_firing()]),
        ],
    )


def _firing() -> Panel:
    return table(
        "Firing alerts",
        "Alerts that fire now, by severity. Their runbooks are in the collection's docs/alerts.",
        [Query('sum by (alertname, severity, node) (ALERTS{alertstate="firing",alertname!="Watchdog"})', "Series")],
        [
            Column("severity", "Severity"),
            Column("alertname", "Alert"),
            Column("node", "Node", link=links.NODE),
            Column("Series", unit=units.Short),
        ],
    )
