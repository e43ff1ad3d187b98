"""The parts of bin/bench exporter that decide: what the specification's commands are, what is true, what is met."""

from __future__ import annotations

import re
import sys
from datetime import datetime
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def benchmarks_importable(monkeypatch):
    for folder in (TESTS, TESTS / "benchmarks"):
        monkeypatch.syspath_prepend(str(folder))
    yield
    for name in [name for name in sys.modules if name.partition(".")[0] in ("side_by_side", "simulated_cluster")]:
        del sys.modules[name]


@pytest.fixture
def slurm_log(tmp_path, monkeypatch):
    """Commands named as Slurm's that note their arguments. sinfo answers with two partitions, or with node counts."""
    log = tmp_path / "log"
    for name, answer in {
        "squeue": "printf 'a\\nb\\n'",
        "sacct": "printf 'a\\n'",
        "sinfo": "case $* in *%P*) printf 'hpc*\\nhtc\\n' ;; *%D*) printf '3\\n4\\n' ;; *) printf 'n1\\nn2\\n' ;; esac",
    }.items():
        command = tmp_path / name
        command.write_text(f'#!/bin/sh\necho "{name} $*" >>{log}\n{answer}\n')
        command.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    return log


def test_the_sequence_has_the_commands_of_the_specification(slurm_log):
    from side_by_side.spec_sequence import SpecSequence

    sequence = SpecSequence(datetime(2026, 1, 26, 12))
    metrics = sequence.collect()
    commands = slurm_log.read_text().splitlines()
    # 7 squeue, 12 sinfo and 8 sacct for the cluster; 7, 8 and 8 for each partition; one that finds the partitions.
    assert len(commands) == sequence.commands == 27 + 2 * 23 + 1
    assert commands[:2] == ["squeue -h", "squeue -t RUNNING -h"]
    assert "sacct -a -S 2026-01-26T12:00:00 -E now -s NODE_FAIL --noheader -X -n" in commands
    assert "sinfo -p htc -t mix -h -o %D" in commands
    assert metrics["slurm_jobs_running", ""] == 2
    assert metrics["slurm_nodes_idle", ""] == 7
    assert metrics["slurm_partition_nodes_drain_total", "hpc"] == 21
    assert metrics["slurm_partition_jobs_total_failed", "htc"] == 1


def test_a_command_that_fails_counts_nothing(slurm_log):
    from side_by_side.spec_sequence import SpecSequence

    (slurm_log.parent / "sacct").write_text("#!/bin/sh\necho row\nexit 1\n")
    assert SpecSequence(datetime(2026, 1, 26)).collect()["slurm_jobs_total_submitted", ""] == 0


@pytest.mark.parametrize(
    ("state", "cpus", "words"),
    [
        ("allocated+drain", "102/0/410/512", {"MIXED", "DRAIN"}),
        ("mixed", "512/0/0/512", {"ALLOCATED"}),
        ("idle+completing", "5/507/0/512", {"IDLE", "COMPLETING"}),
    ],
)
def test_cpus_tell_an_allocated_node_from_a_mixed_one(state, cpus, words):
    from side_by_side.truth import _state

    assert _state(state, cpus) == words


def test_a_wrong_and_a_missing_value_are_both_named():
    from side_by_side.truth import differences

    truth = {("slurm_jobs", ""): 3.0, ("slurm_nodes", ""): 2.0, ("slurm_nodes_idle", ""): 1.0}
    lines = differences({("slurm_jobs", ""): 3.0, ("slurm_nodes", ""): 5.0, ("other", "hpc"): 1.0}, truth)
    assert lines == [
        "slurm_nodes{partition=''} is 2, the answer was 5.0",
        "slurm_nodes_idle{partition=''} is 1, the answer was None",
    ]


def cost(wall=0.2, **other):
    return {"wall": wall, "own_cpu": 0.1, "child_cpu": 0.1, "daemon_cpu": 0.1, "processes": 3, "rpcs": 2, **other}


def result(spec=10.0, exporter=None, half_year=0.2, milliseconds=2.0, wrong=(), memory=2**21, rows=500_000):
    later = {"1": 0.2, "7": 0.2, "180": half_year}
    return {
        "machine": {"slurm": "24.11.5", "python": "3.13.5", "cpus": 2, "load": 0.5},
        "size": {"nodes": 5_000, "jobs": 80_000, "rows": rows},
        "side_by_side": {
            "spec": [cost(spec, processes=120, rpcs=150)] * 3,
            "spec_half_year": cost(60.0),
            "exporter": [cost(**(exporter or {}))] * 3,
            "values": {"7": 107, "180": 107},
            "wrong": {"spec": ["the specification's own"], "exporter, 7 days": list(wrong), "exporter, 180 days": []},
        },
        "reset": {
            days: {"first": cost(1.0), "later": [cost(wall)] * 4, "history": [cost(wall / 4)] * 4}
            for days, wall in later.items()
        },
        "slower": {
            "scheduler": {"interval": 60.0, "costs": [cost(processes=1, rpcs=1)] * 3, "failed": ""},
            "licenses": {"interval": 300.0, "costs": [], "failed": "the exporter's source licenses failed"},
        },
        "http": {
            "metrics": [milliseconds / 1000] * 100,
            "healthy": [0.001] * 100,
            "bytes": 1000,
            "lines": 10,
            "rss": 2**20,
            "peak_rss": memory,
        },
    }


@pytest.mark.parametrize(
    ("change", "missed"),
    [
        ({}, None),
        ({"spec": 3.9}, 0),
        ({"milliseconds": 10.0}, 1),
        ({"half_year": 0.25}, 2),
        ({"wrong": ["slurm_jobs{partition=''} is 3, the answer was 2"]}, 3),
        ({"exporter": {"own_cpu": 0.4}}, 4),
        ({"exporter": {"processes": 4}}, 5),
        ({"memory": 150_000_000}, 6),
    ],
)
def test_each_bar_is_missed_by_its_own_figure_alone(change, missed):
    from side_by_side.report import judge

    assert [number for number, (_, met) in enumerate(judge(result(**change))) if not met] == (
        [] if missed is None else [missed]
    )


@pytest.mark.parametrize(("slowest", "met"), [(0.22, True), (0.3, False)])
def test_a_long_history_is_held_against_a_short_one(slowest, met):
    from side_by_side.report import judge_history

    short, long = result(rows=10_000), result(rows=10_000_000, half_year=slowest)
    assert [verdict for _, verdict in judge_history([long, result(), short])] == [met]
    assert judge_history([long]) == judge_history([short]) == []


def test_a_row_for_each_size():
    from side_by_side.report import compare

    rows = compare([result(), result(rows=10_000_000)])
    assert rows[2].startswith(
        "| 5,000 | 80,000 | 500,000 | 10.0 s / 0.2 s | 0.20 s | 0.100 s | 0.100 s | 50 | 150 / 2 |"
    )
    assert "| 10,000,000 |" in rows[3]


def test_what_runs_more_seldom_is_added_up_per_minute():
    from side_by_side.report import report

    text = "\n".join(report(result()))
    assert re.search(r"jobs, nodes, history +15 +12\.0 +8\.0 ", text)
    assert re.search(r"scheduler +60 +1\.0 +1\.0 ", text)
    assert re.search(r"together +13\.0 +9\.0 ", text)
    assert "the exporter's source licenses failed" in text


@pytest.mark.parametrize("text", ["1000,5000", "999,5000,1", "1000,4999,1", "1000,5000,0", "a,b,c"])
def test_what_is_no_size(text):
    from simulated_cluster.size import Size

    with pytest.raises(ValueError):
        Size.parse(text)


def test_a_size_is_spread_over_the_partitions():
    from simulated_cluster.daemons import slurm_conf
    from simulated_cluster.size import Size

    size = Size.parse("1000,10000,2000000")
    conf = slurm_conf(size)
    assert "NodeName=c[1-500] CPUs" in conf and "NodeName=c[501-1000] NodeAddr=127.1.[1-2].[1-250] " in conf
    assert "PartitionName=gpu Nodes=c[501-800] " in conf and "PartitionName=dynamic Nodes=c[701-1000] " in conf
    assert (size.records, size.needs_disk, Size().records, Size().needs_disk) == (2_500, True, 20_000, False)


def test_the_report_shows_a_wrong_value_of_the_exporter():
    from side_by_side.report import report

    text = "\n".join(report(result(wrong=["slurm_jobs{partition=''} is 3, the answer was 2"])))
    assert "wrong values (exporter, 7 days):\n  slurm_jobs{partition=''} is 3, the answer was 2" in text
    assert "50.0" in text
    assert "1 of 107" in text
