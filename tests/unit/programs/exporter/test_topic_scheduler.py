"""slurmctld's statistics as metrics."""

from __future__ import annotations

from slurm_observability.exporter.topics.scheduler import METRICS, NUMBERS, families
from slurm_observability.slurm.scheduler import Calls, SchedulerStatistics

from tests.unit.programs.exporter.shown import SCENE, shown


def test_a_number_that_is_not_told_is_absent():
    answer = SchedulerStatistics({"bf_cycle_last": 218, "server_thread_cnt": 3})
    assert shown(families(answer, SCENE)) == {"slurm_bf_cycle_last": 218, "slurm_server_thread_cnt": 3}


def test_every_number_has_a_metric_of_the_same_name():
    values = dict.fromkeys(NUMBERS, 7)
    assert shown(families(SchedulerStatistics(values), SCENE)) == {f"slurm_{name}": 7 for name in NUMBERS}


def test_calls_are_counters_in_seconds():
    answer = SchedulerStatistics(
        calls={"REQUEST_PING": Calls(2, 1_500_000, queued=4, dropped=5), "REQUEST_NODE_INFO": Calls(1, 1)},
        user_calls={'a"b': Calls(3, 2_000_000)},
        pending_calls={"REQUEST_PING": 9},
    )
    assert shown(families(answer, SCENE)) == {
        'slurm_rpcs_total{rpc="REQUEST_PING"}': 2,
        'slurm_rpcs_total{rpc="REQUEST_NODE_INFO"}': 1,
        'slurm_rpc_seconds_total{rpc="REQUEST_PING"}': 1.5,
        'slurm_rpc_seconds_total{rpc="REQUEST_NODE_INFO"}': 1e-6,
        'slurm_user_rpcs_total{username="a"b"}': 3,
        'slurm_user_rpc_seconds_total{username="a"b"}': 2,
        'slurm_rpcs_queued{rpc="REQUEST_PING"}': 4,
        'slurm_rpcs_dropped_total{rpc="REQUEST_PING"}': 5,
        'slurm_rpcs_pending{rpc="REQUEST_PING"}': 9,
    }


def test_only_what_never_begins_again_by_itself_is_a_counter():
    assert {metric.kind for metric in METRICS if not metric.name.endswith("_total")} == {"gauge"}
    assert {metric.kind for metric in METRICS if metric.name.endswith("_total")} == {"counter"}
