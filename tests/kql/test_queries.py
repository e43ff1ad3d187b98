"""The queries: Microsoft's parser reads them against the tables, and the engine gives what the sample logs hold."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

import pytest
from ansible_collections.slurm.observability.plugins.plugin_utils.log_queries import read_query

from tests.kql import catalogue, engine

LOGS = (
    "(TimeGenerated:datetime,RawData:string,Computer:string,FilePath:string,Type:string,TenantId:guid,"
    "_ResourceId:string,_SubscriptionId:string,_TimeReceived:datetime,_BilledSize:real,_IsBillable:bool)"
)
USAGE = "(TimeGenerated:datetime,DataType:string,Quantity:real,QuantityUnit:string,IsBillable:bool,Solution:string)"

# What the engine does not know: the time of ingestion is the service's own, and Usage the service's table.
ONLY_PARSED = {"ingestion_delay", "cost_by_table"}


@pytest.fixture(scope="module")
def workspace():
    """The sample logs in their tables, after the transformations that test_transforms.py holds to times.yml."""
    sources = catalogue.resolved()
    tables = {source["table"]: [] for source in sources.values()}
    for one in catalogue.records():
        tables[sources[one.source]["table"]].append((one.time, one.text, one.computer, one.path))
    return engine.database(tables)


def rows(workspace, name, **parameters):
    """What a query gives; it looks as far back as the samples are old, unless told otherwise."""
    text = (catalogue.ROLE / "files" / "queries" / f"{name}.kql").read_text()
    for parameter, value in {"Since": "36500d", **parameters}.items():
        text, found = re.subn(rf"(?m)^let {parameter} = [^;]+;$", f"let {parameter} = {value};", text)
        assert found == 1, f"{name} has no parameter {parameter}"
    return engine.run(workspace, text)


def test_microsofts_parser_finds_nothing_wrong(ask):
    tables = {source["table"]: LOGS for source in catalogue.resolved().values()} | {"Usage": USAGE}
    answers = ask(tables, [path.read_text() for path in catalogue.QUERIES])
    wrong = {path.stem: answer["diagnostics"] for path, answer in zip(catalogue.QUERIES, answers, strict=True)}
    assert {name: found for name, found in wrong.items() if found} == {}
    assert all(answer["columns"] for answer in answers)


def test_microsofts_parser_reads_the_function_of_a_query(ask):
    tables = {source["table"]: LOGS for source in catalogue.resolved().values()} | {"Usage": USAGE}
    saved = [read_query(f"slurm_{path.stem}", path.read_text(), "Slurm", True) for path in catalogue.QUERIES]
    calls = [
        f"let {one['function_alias']} = ({one['function_parameters']}) {{ {one['query']} }};\n{one['function_alias']}()"
        for one in saved
        if "render" not in one["query"]
    ]
    assert [answer["diagnostics"] for answer in ask(tables, calls)] == [[]] * len(calls)


def test_a_wrong_query_would_be_found(ask):
    (answer,) = ask({"syslog_raw_CL": LOGS}, ["syslog_raw_CL | where Nope == 1"])
    assert answer["diagnostics"][0].startswith("KS142")


@pytest.mark.parametrize("path", catalogue.QUERIES, ids=lambda path: path.stem)
def test_every_query_that_the_engine_knows_gives_rows(workspace, path: Path):
    if path.stem in ONLY_PARSED:
        pytest.skip("the engine has neither ingestion_time() nor Usage")
    assert rows(workspace, path.stem)


def test_arrivals(workspace):
    found = {row["Table"]: (row["Rows"], row["Computers"]) for row in rows(workspace, "arrivals")}
    assert found["slurmctld_raw_CL"] == (37, 2)
    assert found["syslog_raw_CL"] == (14, 4)
    assert len(found) == 10


def test_silent_computers(workspace):
    assert [row["Computer"] for row in rows(workspace, "silent_computers")] == [
        "gpu-1",
        "node001",
        "scheduler",
        "gpu-2",
    ]
    assert rows(workspace, "silent_computers", Silence="36500d") == []


def test_writers(workspace):
    assert sum(row["Rows"] for row in rows(workspace, "writers")) == len(list(catalogue.records()))


def test_network_flaps_are_no_symlinks(workspace):
    found = [(row["Computer"], row["RawData"].rpartition(": ")[2]) for row in rows(workspace, "network_flaps")]
    assert found == [
        ("gpu-2", "Lost carrier"),
        ("gpu-1", "link connected"),
        ("node001", "carrier is ON"),
        ("gpu-1", "link disconnected"),
        ("gpu-1", "Link down"),
        ("scheduler", "Gained carrier"),
    ]


def test_flaps_and_slurmd_errors_are_of_one_node_and_near(workspace):
    found = rows(workspace, "flaps_and_slurmd_errors")
    assert {(row["Computer"], row["ErrorTime"]) for row in found} == {
        ("gpu-1", datetime(2025, 9, 8, 21, 11, 41, 18000)),
        ("gpu-1", datetime(2025, 9, 8, 21, 11, 46, 333000)),
        ("gpu-2", datetime(2025, 9, 8, 22, 40)),
    }
    assert len(rows(workspace, "flaps_and_slurmd_errors", Window="1s")) == 0


def test_the_failure_chain_ends_at_the_job(workspace):
    found = rows(workspace, "failure_chain")
    assert {(row["Computer"], row["JobId"]) for row in found} == {("gpu-1", "4711")}
    first = found[0]
    assert first["FlapTime"] == datetime(2025, 9, 8, 21, 11, 35)
    assert first["ErrorTime"] == datetime(2025, 9, 8, 21, 11, 41, 18000)
    assert first["FailureTime"] == datetime(2025, 9, 8, 21, 13, 32, 871000)
    assert first["Errors"] == 3


def test_failure_causes(workspace):
    found = {row["Cause"]: row["Jobs"] for row in rows(workspace, "failure_causes")}
    assert found == {
        "node failure": 1,
        "exit code 137": 1,
        "out of memory": 1,
        "time limit": 1,
        "signal 11": 1,
        "cancelled": 1,
    }


def test_node_states(workspace):
    found = [(row["Nodes"], row["Event"], row["Detail"]) for row in rows(workspace, "node_states")]
    assert found == [
        ("gpu-1", "now responding", ""),
        ("gpu-1", "state set to", "DRAINED"),
        ("gpu-1", "reason set to", "NIC eth0 flaps"),
        ("gpu-1", "not responding, setting DOWN", ""),
        ("gpu-1", "not responding", ""),
    ]


def test_health_verdicts_are_the_last_ones(workspace):
    found = [
        (row["Computer"], row["Check"], row["Status"], row["Description"]) for row in rows(workspace, "health_verdicts")
    ]
    assert found == [("gpu-1", "GpuHealth", "Error", "GPU 1 has fallen off the bus")]


def test_gpu_errors(workspace):
    found = {(row["Computer"], row["Gpu"], row["Xid"], row["Times"]) for row in rows(workspace, "gpu_errors")}
    assert found == {("gpu-1", "PCI:0008:01:00", 79, 2), ("gpu-1", "PCI:0008:01:00", 154, 1)}


def test_scheduler_stalls(workspace):
    (found,) = rows(workspace, "scheduler_stalls")
    assert (found["Call"], found["Times"]) == ("_slurm_rpc_dump_job_user", 2)
    assert (found["Longest"], found["Total"]) == pytest.approx((4.021953, 6.222053))


def test_messages_of_backfill_with_other_numbers_are_one(workspace):
    found = {row["Message"]: row["Lines"] for row in rows(workspace, "backfill_activity")}
    assert found["_attempt_backfill: N jobs to backfill"] == 2
    assert found["_attempt_backfill: no jobs to backfill"] == 1


def test_job_submissions(workspace):
    found = {(row["JobId"], row["Name"], row["Lines"]) for row in rows(workspace, "job_submissions")}
    assert found == {("4711", "pretrain", 5), ("12345", "test_job", 5)}


def test_job_errors(workspace):
    assert {row["JobId"] for row in rows(workspace, "job_errors")} == {"4711"}
    assert len(rows(workspace, "job_errors")) == 2


def test_job_resources(workspace):
    found = [(row["JobId"], row["Variable"], row["Value"]) for row in rows(workspace, "job_resources")]
    assert found == [
        ("12345", "SLURM_CPUS_PER_TASK", "1"),
        ("12345", "SLURM_NTASKS", "1"),
        ("4711", "SLURM_CPUS_PER_TASK", "12"),
        ("4711", "SLURM_MEM_PER_NODE", "1048576"),
        ("4711", "SLURM_NNODES", "2"),
    ]


def test_slurm_lines(workspace):
    found = {
        (row["Computer"], row["Level"], row["Plugin"], row["Step"], row["Message"])
        for row in rows(workspace, "slurm_lines")
    }
    assert ("node001", "debug", "sched/backfill", "", "_attempt_backfill: no jobs to backfill") in found
    assert ("node001", "debug", "", "", "sackd_mgr_dump_state: saved state of 0 nodes") in found
    assert ("scheduler", "debug", "sched/backfill", "", "_attempt_backfill: 12 jobs to backfill") in found
    assert (
        "scheduler",
        "info",
        "",
        "",
        "sched: Allocate JobId=4711 NodeList=gpu-[1-2] #CPUs=192 Partition=gpu",
    ) in found
    assert ("gpu-1", "info", "", "4711.batch", "done with step") in found
    assert ("scheduler", "error", "", "", "Nodes gpu-1 not responding") in found
    assert ("scheduler", "debug2", "", "", "Testing job time limits and checkpoints") in found


def test_syslog_lines(workspace):
    found = {(row["Host"], row["Program"], row["ProcessId"], row["Message"]) for row in rows(workspace, "syslog_lines")}
    assert ("node001", "NetworkManager", 1234, "<info> device (eth0): carrier is ON") in found
    assert ("scheduler", "systemd", 1, "Started slurmctld.service - Slurm controller daemon.") in found
    assert ("gpu-1", "weird", None, "last message repeated 3 times") in found
    assert ("gpu-1", "kernel", None, "[12345.678901] mlx5_core 0008:01:00.0 eth0: Link down") in found
