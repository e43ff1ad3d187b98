"""The metrics of node-health, as node_exporter shows them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from ..metrics.metric import Family, Metric
from .active.nccl import UNIT
from .active.results import Run
from .check import Report

STATUS = Metric(
    "node_health_check_status",
    "What a checker found: 0 is well, 1 a warning, 2 critical, 3 unknown. The check `answer` of the module `checker` "
    "is 3 while the checker itself gives no answer that can be read.",
    ("source", "module", "check"),
    query="node_health_check_status == 2",
)
LAST_RUN = Metric(
    "node_health_check_last_run_timestamp_seconds",
    "When the checker was last asked; of AzNHC, when it last ran.",
    ("source",),
    query="time() - node_health_check_last_run_timestamp_seconds > 1800",
)
DURATION = Metric("node_health_check_duration_seconds", "How long asking the checker took.", ("source",))

SUCCESS = Metric(
    "node_active_check_success",
    "1 where the last run of the check passed, 0 where it failed, broke off or measured less than it should.",
    ("check",),
    query="node_active_check_success == 0",
)
VALUE = Metric(
    "node_active_check_value",
    "What the last run of the check measured.",
    ("check", "unit"),
    query="min by (check, unit) (node_active_check_value)",
)
MINIMUM = Metric(
    "node_active_check_minimum_value",
    "What it should measure at least.",
    ("check", "unit"),
    query="node_active_check_value / node_active_check_minimum_value",
)
TIME = Metric(
    "node_active_check_timestamp_seconds",
    "When the last run of the check ended.",
    ("check",),
    query="time() - node_active_check_timestamp_seconds > 7 * 86400",
)

HOOK_ACTIONS = Metric(
    "slurm_health_hook_actions_total",
    "What the HealthCheckProgram did: drain and resume (would_drain and would_resume in a dry run), refused where too "
    "many nodes are drained, undone where others were drained at the same time, failed where Slurm did not answer or "
    "does not tell how many nodes are drained, blind where there is no recent verdict.",
    ("action",),
    "counter",
    query="increase(slurm_health_hook_actions_total[1h])",
)

METRICS = {
    "Checks": (STATUS, LAST_RUN, DURATION),
    "Active checks": (SUCCESS, VALUE, MINIMUM, TIME),
    "HealthCheckProgram": (HOOK_ACTIONS,),
}


def of_checks(reports: Sequence[Report]) -> Iterator[Family]:
    """Yield the metrics of the checkers."""
    yield Family(STATUS, [((r.source, check.module, check.name), check.status) for r in reports for check in r.checks])
    yield Family(LAST_RUN, [((r.source,), r.time) for r in reports])
    yield Family(DURATION, [((r.source,), r.seconds) for r in reports])


def of_active_checks(runs: Iterable[Run], minimums: Mapping[str, float]) -> Iterator[Family]:
    """Yield the metrics of the active checks. Of two results of one name the later counts."""
    latest = {result.check: (run.time, result) for run in sorted(runs, key=_ended) for result in run.results}
    success, values, bars, times = [], [], [], []
    for check, (time, result) in latest.items():
        minimum = minimums.get(check)
        enough = minimum is None or result.values.get(UNIT, 0.0) >= minimum
        success.append(((check,), result.success and enough))
        values += [((check, unit), value) for unit, value in result.values.items()]
        bars += [((check, UNIT), minimum)] if minimum is not None else []
        times.append(((check,), time))
    yield Family(SUCCESS, success)
    yield Family(VALUE, values)
    yield Family(MINIMUM, bars)
    yield Family(TIME, times)


def _ended(run: Run) -> float:
    return run.time
