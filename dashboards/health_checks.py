"""Health checks: what the checkers of the nodes found, and how active checks have come out over weeks."""

from __future__ import annotations

from grafana_foundation_sdk.builders.bargauge import Panel as BarGauge
from grafana_foundation_sdk.builders.dashboard import Dashboard
from grafana_foundation_sdk.builders.stat import Panel as Stat
from grafana_foundation_sdk.builders.statetimeline import Panel as StateTimeline
from grafana_foundation_sdk.builders.table import Panel as Table
from grafana_foundation_sdk.builders.timeseries import Panel as TimeSeries
from grafana_foundation_sdk.models import units

from .house import links, panels, problems, style, uids, variables
from .house.board import Row, board
from .house.queries import Query
from .house.tables import Column, table

HERE = f"{{{variables.IN_PARTITIONS}}}"
WELL, WARNING, CRITICAL, UNKNOWN = range(4)


def dashboard() -> Dashboard:
    """Checks of the nodes in the partitions that were chosen; a week at first."""
    return board(
        "Health checks",
        uids.HEALTH_CHECKS,
        "What health checkers said of the nodes, what the HealthCheckProgram did, and results of active checks.",
        variables=[variables.datasource(), variables.partition()],
        rows=[
            Row("", _numbers()),
            Row("Checks", [_not_well(), _hook(), _history()]),
            Row("Active checks", [_measured(), _below_bar(), _results(), _failures()]),
        ],
        since="now-7d",
    )


def _numbers() -> list[Stat]:
    worst = f"max by (node) (node_health_check_status{HERE})"
    return [
        panels.stat(
            "Nodes checked",
            "Nodes with a checker that answers.",
            units.Short,
            Query(f"count({worst}) or vector(0)", "nodes"),
        ),
        panels.stat(
            "Nodes critical",
            "Nodes of which a checker says that something is critical.",
            units.Short,
            Query(f"count(max by (node) (node_health_check_status{HERE} == {CRITICAL})) or vector(0)", "nodes"),
            steps=style.ANY_IS_BAD,
        ),
        panels.stat(
            "Nodes with warning",
            "Nodes of which a checker warns.",
            units.Short,
            Query(f"count(max by (node) (node_health_check_status{HERE} == {WARNING})) or vector(0)", "nodes"),
            steps=style.ANY_IS_NOTICED,
        ),
        panels.stat(
            "Nodes unknown",
            "Nodes with a checker that hangs, or whose answer cannot be read.",
            units.Short,
            Query(f"count(max by (node) (node_health_check_status{HERE} == {UNKNOWN})) or vector(0)", "nodes"),
            steps=style.ANY_IS_NOTICED,
        ),
        panels.stat(
            "Active failed",
            "Active checks whose last run failed, broke off, or measured less than it should.",
            units.Short,
            Query(f"count(node_active_check_success{HERE} == 0) or vector(0)", "checks"),
            steps=style.ANY_IS_BAD,
        ),
        panels.stat(
            "Drained by the hook",
            "Nodes that the HealthCheckProgram keeps drained now, of all partitions.",
            units.Short,
            Query(
                'count(max by (node) (slurm_node_reason_info{reason=~"\\\\[observability].*"})) or vector(0)',
                "drained",
            ),
            steps=style.ANY_IS_NOTICED,
        ),
    ]


def _not_well() -> Table:
    return table(
        "Checks that are not well now",
        "Each such check, the checker that it is of, and what it says.",
        [Query(f"max by (node, source, module, check) (node_health_check_status{HERE}) > 0", "Status")],
        [
            Column("node", "Node", link=links.NODE),
            Column("source", "Checker"),
            Column("module", "Module"),
            Column("check", "Check"),
            Column("Status", names=problems.CHECKED, width=100),
        ],
        width=14,
        no_value="all checks are well",
    )


def _hook() -> TimeSeries:
    return panels.timeseries(
        "What the HealthCheckProgram did",
        "Drains and resumes in the hour before, of all nodes; would_drain and would_resume are those of a dry run.",
        units.Short,
        Query(
            "sum by (action) (action:health_hook:increase1h)"
            ' or on () label_replace(vector(0), "action", "none", "", "")',
            "{{action}}",
        ),
        width=10,
    )


def _history() -> StateTimeline:
    not_well = f"max by (node, source, check) (node:health_check:status{HERE})"
    return panels.statetimeline(
        "Checks that were not well",
        "A band for each check that was not well in the time range; 50 at most.",
        units.Short,
        Query(
            f'topk(50, {not_well}) or on () label_replace(vector(0), "check", "all checks", "", "")',
            "{{node}} {{source}} {{check}}",
        ),
        link=links.NODE,
    ).mappings([problems.CHECKED])


def _measured() -> TimeSeries:
    return panels.timeseries(
        "What active checks measured",
        "The median of a partition's nodes and the least: a slower fabric shows in both, a bad node in the least.",
        units.Number,
        *(
            Query(
                f"max by (partition, check, unit) (partition:active_check_value:{which}{HERE})",
                f"{{{{check}}}} {{{{unit}}}} {which}, {{{{partition}}}}",
            )
            for which in ("median", "min")
        ),
        width=14,
    ).no_value("no active check has run")


def _below_bar() -> BarGauge:
    on = "on (node, check, unit)"
    return panels.bargauge(
        "Slowest nodes against the bar",
        "What the last run measured, of what it should measure at least: the ten slowest.",
        units.PercentUnit,
        Query(
            f"bottomk(10, min by (node, check, unit) (node_active_check_value{HERE})"
            f" / {on} min by (node, check, unit) (node_active_check_minimum_value{HERE}))",
            "{{node}} {{check}} {{unit}}",
        ),
        width=10,
        steps=style.steps(style.BAD, (1, style.GOOD)),
        link=links.NODE,
    ).no_value("no check has a bar")


def _results() -> Table:
    return table(
        "Last runs of active checks",
        "When each node was last checked, and whether it passed.",
        [
            Query(f"min by (node, check) (node_active_check_success{HERE})", "Passed"),
            Query(f"1000 * max by (node, check) (node_active_check_timestamp_seconds{HERE})", "Ended"),
        ],
        [
            Column("node", "Node", link=links.NODE),
            Column("check", "Check"),
            Column("Passed", names=style.names({"0": ("no", style.BAD), "1": ("yes", style.GOOD)})),
            Column("Ended", unit=units.DateTimeFromNow),
        ],
        width=12,
        sort_by="Ended",
        no_value="no active check has run",
    )


def _failures() -> StateTimeline:
    return panels.statetimeline(
        "Active checks that failed",
        "A band for each check of a node that failed in the time range; 50 at most.",
        units.Short,
        Query(
            f"topk(50, max by (node, check) (node:active_check_failed:bool{HERE}))"
            ' or on () label_replace(vector(0), "check", "none", "", "")',
            "{{node}} {{check}}",
        ),
        width=12,
        link=links.NODE,
    ).mappings([style.names({"0": ("passed", style.GOOD), "1": ("failed", style.BAD)})])
