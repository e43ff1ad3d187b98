"""What the benchmark of dashboards makes up, and what it makes of its figures."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests import dashboard_queries

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture(scope="module")
def benchmark() -> ModuleType:
    path = list(sys.path)
    sys.path.insert(0, str(BENCHMARKS))
    specification = importlib.util.spec_from_file_location("dashboards_benchmark", BENCHMARKS / "dashboards.py")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    sys.path[:] = path
    return module


@pytest.fixture
def cluster(benchmark: ModuleType) -> Any:
    return benchmark.Cluster(nodes=8, gpus=2)


@pytest.mark.parametrize(
    ("name", "count", "labels"),
    [
        ("DCGM_FI_DEV_GPU_UTIL", 16, {"job": "dcgm_exporter", "node": "node0000", "gpu": "0", "hpc_job": "1000000"}),
        ("DCGM_FI_DEV_XID_ERRORS", 16, {"err_code": "0"}),
        ("DCGM_EXP_GPU_HEALTH_STATUS", 160, {"health_watch": "PCIE", "hpc_job": "1000000"}),
        ("gpu:hpc_job:info", 16, {"job_id": "1000000", "gpu": "0"}),
        ("gpu:power:watts", 16, {"instance": "node0000", "partition": "part0", "gpu": "0"}),
        ("job_gpu:power:watts", 16, {"job_id": "1000000", "node": "node0000", "gpu": "0"}),
        ("node:gpu_power:watts", 8, {"node": "node0000", "partition": "part0"}),
        ("job:gpus:count", 2, {"job_id": "1000000"}),
        ("job:node_cpu_usage:avg_rate5m", 8, {"job": "node_exporter", "node": "node0000"}),
        ("slurm_node_job", 8, {"job": "slurm", "node": "node0000", "job_id": "1000000"}),
        ("slurm_partition_nodes", 8, {"partition": "part0"}),
        ("slurm_user_jobs_running", 100, {"username": "username0"}),
        ("slurm_job_info", 2, {"job_id": "1000000", "account": "account0"}),
        ("node_load1", 8, {"job": "node_exporter", "node": "node0000"}),
        ("fleet:something", 1, {}),
    ],
)
def test_series_of_a_metric(cluster: Any, name: str, count: int, labels: dict[str, str]):
    series = list(cluster.series(name))
    assert len(series) == count
    assert labels.items() <= series[0].items()
    assert len({tuple(sorted(one.items())) for one in series}) == count, "no series twice"


def test_an_account_belongs_to_its_user(cluster: Any):
    shares = list(cluster.series("slurm_association_fairshare"))
    assert len({(one["username"], one["account"]) for one in shares}) == 100


def test_raw_expressions_have_no_recorded_name(benchmark: ModuleType):
    names = {"a:b": "sum(c:d) / 2", "c:d": "rate(raw_total[5m])", "c:d:e": "x"}
    assert benchmark.rules.raw("max(a:b) + c:d:e", names) == "max((sum((rate(raw_total[5m]))) / 2)) + (x)"


def test_queries_have_their_variables():
    class Prometheus:
        def ask(self, path: str, **parameters: Any) -> list[str]:
            assert (path, parameters["match[]"]) == ("label/node/values", "up")
            return ["node1", "node2"]

    def variable(**more: Any) -> dict[str, Any]:
        query = {"query": "label_values(up, node)"}
        return {"name": "node", "type": "query", "datasource": {"type": "prometheus"}, "query": query, **more}

    def asked(**more: Any) -> list[Any]:
        targets = [{"expr": 'x{n=~"$node"}[$__rate_interval]'}, {"expr": "${node}", "instant": True}]
        panel = {"title": "Panel", "type": "stat", "gridPos": {"w": 12}, "targets": targets}
        board = {"panels": [panel], "templating": {"list": [variable(**more)]}}
        values = dashboard_queries.values(board, Prometheus(), 0, 21600)
        return list(dashboard_queries.queries(board, values, 0, 21600))

    over_time, at_the_end = asked()
    assert (over_time.expression, over_time.step) == ('x{n=~"node1"}[60s]', 30)
    assert (at_the_end.expression, at_the_end.step) == ("node1", None)
    assert asked(includeAll=True)[1].expression == "node1|node2"
    assert asked(includeAll=True, allValue=".*")[1].expression == ".*"


def test_bars(benchmark: ModuleType):
    def result(query: float, whole: float, rule: float) -> dict[str, Any]:
        board = {"uid": "x", "seconds": whole, "slowest": [{"panel": "p", "seconds": query}]}
        return {"dashboards": [board], "rules": [{"name": "r", "seconds": rule, "interval": 30.0}]}

    assert [met for met, _ in benchmark.bars(result(0.9, 2.9, 2.9))] == [True, True, True]
    assert [met for met, _ in benchmark.bars(result(1.1, 3.1, 3.1))] == [False, False, False]
