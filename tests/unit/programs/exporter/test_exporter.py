"""The exporter as a whole, over stand-ins of Slurm's commands that fail in every way."""

from __future__ import annotations

import json
import logging
import time

import pytest
from slurm_observability.exporter import wiring
from slurm_observability.exporter.exporter import Exporter
from slurm_observability.exporter.settings import Settings

ONLY_OFTEN = dict.fromkeys(wiring.WAITING)
COMMANDS = {"jobs": "squeue", "nodes": "scontrol", "history": "sacct"}


@pytest.fixture
def ready(start, eventually):
    """Start an exporter and wait until all of its sources have answered."""

    def begin(**settings):
        client = start(**settings)
        eventually(
            lambda: all(value for key, value in client.metrics().items() if key.startswith("slurm_exporter_source_up"))
        )
        eventually(lambda: client.metrics()["slurm_exporter_history_complete"])
        return client

    return begin


def test_every_number(ready):
    metrics = ready().metrics()
    expected = {
        "slurm_jobs": 3,
        "slurm_jobs_pending": 2,
        "slurm_jobs_running": 1,
        "slurm_jobs_failed": 1,
        "slurm_jobs_suspended": 0,
        'slurm_partition_jobs{partition="hpc"}': 3,
        'slurm_partition_jobs{partition="htc"}': 1,
        'slurm_partition_jobs{partition="cloud"}': 0,
        'slurm_partition_jobs_pending{partition="htc"}': 1,
        "slurm_jobs_hold": 1,
        "slurm_jobs_cpus_alloc": 2,
        "slurm_jobs_gpus_pending": 2,
        "slurm_jobs_nodes_alloc": 1,
        'slurm_jobs_pending_reason{reason="JobHeldUser"}': 1,
        'slurm_partition_jobs_pending_reason{partition="htc",reason="Priority"}': 1,
        'slurm_user_jobs_running{username="alice"}': 1,
        'slurm_account_jobs_pending{account="research"}': 2,
        'slurm_exporter_cut_label_values{metric="slurm_user_jobs"}': 0,
        "slurm_nodes": 7,
        "slurm_nodes_alloc": 1,
        "slurm_nodes_mixed": 2,
        "slurm_nodes_idle": 1,
        "slurm_nodes_down": 1,
        "slurm_nodes_drain": 2,
        "slurm_nodes_draining": 1,
        "slurm_nodes_drained": 1,
        "slurm_nodes_drain_total": 2,
        "slurm_nodes_maint": 1,
        "slurm_nodes_fail": 0,
        "slurm_nodes_powered_down": 1,
        "slurm_nodes_powering_up": 1,
        'slurm_partition_nodes{partition="htc"}': 4,
        'slurm_partition_nodes_drain_total{partition="htc"}': 2,
        'slurm_partition_nodes_idle{partition="cloud"}': 0,
        "slurm_jobs_total_submitted": 3,
        "slurm_jobs_total_completed": 1,
        "slurm_jobs_total_cancelled": 1,
        "slurm_jobs_total_node_failed": 1,
        "slurm_jobs_total_timeout": 0,
        'slurm_partition_jobs_total_submitted{partition="hpc"}': 2,
        'slurm_partition_jobs_total_completed{partition="cloud"}': 0,
        'slurm_node_down{node="n3"}': 0,
        'slurm_node_down{node="n4"}': 1,
        'slurm_node_drain{node="n2"}': 1,
        'slurm_sd_targets{job="node_exporter"}': 5,
        'slurm_sd_targets{job="dcgm_exporter"}': 2,
        "slurm_exporter_errors_total": 0,
    }
    assert {name: metrics.get(name) for name in expected} == expected
    assert 'slurm_node_down{node="n6"}' not in metrics and 'slurm_node_drain{node="n7"}' not in metrics


def test_a_partition_without_nodes_and_jobs_has_zeros(ready, eventually):
    client = ready(intervals={"partitions": 0.1})
    eventually(lambda: "slurm_partitions" in client.metrics())
    metrics = client.metrics()
    assert metrics["slurm_partitions"] == 4
    for name in ("nodes", "nodes_idle", "cpus", "gpus_idle", "jobs", "jobs_pending"):
        assert metrics[f'slurm_partition_{name}{{partition="void"}}'] == 0


def test_a_scrape_runs_no_command(ready, fake_slurm):
    client = ready(interval=3600)
    before = [fake_slurm.calls(command) for command in ("squeue", "scontrol", "sacct")]
    for _ in range(5):
        client.metrics()
        client.get("/sd/node_exporter")
    assert [fake_slurm.calls(command) for command in ("squeue", "scontrol", "sacct")] == before


def test_a_scrape_opens_no_file(cluster, monkeypatch):
    exporter = Exporter(Settings(reset_time=int(time.time()) - 60, cluster="lab", intervals=ONLY_OFTEN))
    exporter.refresh()
    with monkeypatch.context() as patch:
        for name in ("builtins.open", "os.open", "os.listdir"):
            patch.setattr(name, None)
        of_last_refresh, of_now = exporter.metrics()
    assert b"\nslurm_jobs 3\n" in of_last_refresh and b"\nprocess_cpu_seconds_total " in of_last_refresh
    assert b"\nslurm_exporter_source_age_seconds{" in of_now


def test_a_cycle_is_one_command_of_each_kind(ready, fake_slurm):
    ready(interval=3600)
    assert len(fake_slurm.calls("squeue")) == 1
    assert len([call for call in fake_slurm.calls("scontrol") if "nodes" in call]) == 1
    exporter = Exporter(Settings(reset_time=int(time.time()) - 60, cluster="lab", intervals=ONLY_OFTEN))
    exporter.refresh()
    before = {command: len(fake_slurm.calls(command)) for command in ("squeue", "scontrol", "sacct")}
    exporter.refresh(*COMMANDS)
    assert {command: len(fake_slurm.calls(command)) - count for command, count in before.items()} == {
        "squeue": 1,
        "scontrol": 1,
        "sacct": 1,
    }


@pytest.mark.parametrize("source", list(COMMANDS))
@pytest.mark.parametrize("fault", ["fails", "hangs", "garbage"])
def test_a_source_in_trouble_keeps_its_values_and_leaves_the_others_alone(
    ready, cluster, fake_slurm, eventually, source, fault
):
    # The others may take their time: on a busy machine a command needs more than this.
    client = ready(timeouts={source: 0.3})
    before = client.metrics()
    {
        "fails": lambda: fake_slurm.fails(COMMANDS[source], "Unable to contact slurm controller"),
        "hangs": lambda: fake_slurm.hangs(COMMANDS[source]),
        "garbage": lambda: fake_slurm.answers(COMMANDS[source], b"\xff\xfe no | such || thing\n"),
    }[fault]()
    up, errors, age = (
        f'slurm_exporter_source_{name}{{source="{source}"}}' for name in ("up", "errors_total", "age_seconds")
    )
    eventually(lambda: client.metrics()[errors] >= 2)
    during = client.metrics()
    assert about_slurm(during) == about_slurm(before)
    assert during[up] == 0
    assert during["slurm_exporter_errors_total"] == during[errors]
    for other in COMMANDS.keys() - {source}:
        assert during[f'slurm_exporter_source_up{{source="{other}"}}'] == 1
    eventually(lambda: client.metrics()[age] > 0.5)
    cluster.recover()
    eventually(lambda: client.metrics()[up] == 1)
    assert about_slurm(client.metrics()) == about_slurm(before)


def about_slurm(metrics):
    """Leave out what tells of the exporter itself, and what grows while nothing happens."""
    own = ("slurm_exporter_", "slurm_sd_last_", "process_")
    return {
        name: value
        for name, value in metrics.items()
        if not name.startswith(own) and "_longest_wait_seconds" not in name
    }


def test_answers_stay_quick_while_every_source_hangs(ready, fake_slurm, eventually):
    client = ready()
    for command in COMMANDS.values():
        fake_slurm.hangs(command)
    time.sleep(0.5)
    ages = []
    for _ in range(5):
        began = time.monotonic()
        ages.append(client.metrics()['slurm_exporter_source_age_seconds{source="jobs"}'])
        assert time.monotonic() - began < 5  # generous: the machine may be busy; no answer of Slurm is within reach
    assert ages == sorted(ages) and ages[0] < ages[-1]


def test_nothing_is_made_up_before_the_first_answer(start, fake_slurm, eventually):
    for command in COMMANDS.values():
        fake_slurm.fails(command, "down")
    client = start()
    eventually(lambda: client.metrics()["slurm_exporter_errors_total"] >= 3)
    metrics = client.metrics()
    assert not [
        name for name in metrics if name.startswith(("slurm_jobs", "slurm_nodes", "slurm_partition", "slurm_node"))
    ]
    assert not [name for name in metrics if name.startswith("slurm_exporter_source_age_seconds")]
    assert metrics["slurm_exporter_history_complete"] == 0
    assert metrics["slurm_exporter_last_collect_timestamp_seconds"] == 0
    assert client.get("/sd/node_exporter")[0] == 503


def test_a_restart_serves_the_kept_totals_until_slurmdbd_answers(ready, start, fake_slurm, tmp_path, eventually):
    before = ready(state_directory=tmp_path).metrics()
    fake_slurm.fails("sacct", "Connection refused")
    client = start(state_directory=tmp_path)
    eventually(lambda: client.metrics()['slurm_exporter_source_errors_total{source="history"}'] >= 1)
    metrics = client.metrics()
    assert metrics["slurm_jobs_total_completed"] == before["slurm_jobs_total_completed"] == 1
    assert metrics['slurm_exporter_source_up{source="history"}'] == 0
    assert metrics["slurm_exporter_history_complete"] == 0


def test_a_failure_keeps_the_targets_and_a_true_empty_answer_empties_them(ready, cluster, fake_slurm, eventually):
    client = ready()
    before = client.get("/sd/node_exporter")[1]
    assert len(json.loads(before)) == 5
    fake_slurm.fails("scontrol", "down")
    eventually(lambda: client.metrics()['slurm_exporter_source_up{source="nodes"}'] == 0)
    assert client.get("/sd/node_exporter")[:2] == (200, before)
    cluster.nodes("No nodes in the system\n")
    eventually(lambda: json.loads(client.get("/sd/node_exporter")[1]) == [])
    assert client.metrics()['slurm_sd_targets{job="node_exporter"}'] == 0
    assert client.metrics()["slurm_nodes"] == 0


def test_the_cluster_name_comes_from_slurm_or_from_the_settings(ready):
    labels = [json.loads(ready(**more).get("/sd/job_agent")[1])[0]["labels"] for more in ({}, {"cluster": "other"})]
    assert [entry["__meta_slurm_cluster"] for entry in labels] == ["lab", "other"]


def test_without_accounting_sacct_is_not_run(start, fake_slurm, eventually):
    client = start(accounting=False)
    eventually(lambda: "slurm_jobs" in client.metrics() and "slurm_nodes" in client.metrics())
    assert fake_slurm.calls("sacct") == []
    metrics = client.metrics()
    assert not [name for name in metrics if "history" in name or "total_submitted" in name]
    assert metrics["slurm_exporter_last_collect_timestamp_seconds"] > 0


def test_an_outage_is_logged_once_when_it_begins_and_once_when_it_ends(ready, fake_slurm, eventually, caplog):
    with caplog.at_level(logging.INFO):
        client = ready()
        fake_slurm.fails("squeue", "slurm_load_jobs error: Unable to contact slurm controller")
        eventually(lambda: client.metrics()['slurm_exporter_source_errors_total{source="jobs"}'] >= 3)
        fake_slurm.answers("squeue", "")
        eventually(lambda: client.metrics()['slurm_exporter_source_up{source="jobs"}'] == 1)
    lines = [record.getMessage() for record in caplog.records if record.getMessage().startswith("jobs")]
    assert lines == [
        "jobs: squeue failed with exit status 1: slurm_load_jobs error: Unable to contact slurm controller; "
        "the last good values stay",
        "jobs: answers again",
    ]


def test_what_the_end_of_the_program_cuts_off_is_no_fault(cluster, fake_slurm, eventually, caplog):
    fake_slurm.hangs("squeue")
    exporter = Exporter(Settings(reset_time=int(time.time()) - 60, intervals=ONLY_OFTEN))
    exporter.start()
    eventually(lambda: fake_slurm.calls("squeue"))
    exporter.stop()
    eventually(lambda: exporter.sources["jobs"].health.attempts)
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


def test_a_fault_of_the_program_is_logged_and_ends_nothing(cluster, caplog, monkeypatch):
    exporter = Exporter(Settings(reset_time=int(time.time()) - 60, intervals=ONLY_OFTEN))
    monkeypatch.setattr("slurm_observability.slurm.jobs.count_jobs", lambda *parts: 1 / 0)
    exporter.refresh()
    assert exporter.sources["jobs"].health.errors == 1 and not exporter.sources["jobs"].health.up
    assert exporter.sources["nodes"].health.up
    assert "fault of the program" in caplog.text and "ZeroDivisionError" in caplog.text


def test_a_fault_in_showing_an_answer_does_not_end_the_refreshing(cluster, fake_slurm, eventually, caplog, monkeypatch):
    exporter = Exporter(Settings(reset_time=int(time.time()) - 60, interval=0.1, intervals=ONLY_OFTEN))
    monkeypatch.setattr(exporter, "_publish", lambda source: 1 / 0)
    exporter.start()
    try:
        eventually(lambda: exporter.sources["jobs"].health.attempts >= 3)
    finally:
        exporter.stop()
    assert "cannot be shown; this is a fault of the program" in caplog.text


def test_names_that_need_escaping_stay_labels(ready, fake_slurm, eventually):
    client = ready()
    fake_slurm.answers("squeue", '|MARK||RUNNING|a"b\\c|alice|1|N/A|MARK|None|MARK|research\n')
    eventually(lambda: client.metrics().get('slurm_partition_jobs_running{partition="a"b\\c"}') == 1)


def test_a_topic_has_its_own_interval_and_timeout_or_is_off(start, fake_slurm, eventually):
    fake_slurm.hangs("sacct")
    client = start(interval=0.1, timeout=60.0, intervals={"history": 0.2}, timeouts={"history": 0.1})
    eventually(lambda: client.metrics()['slurm_exporter_source_errors_total{source="history"}'] >= 1)
    metrics = client.metrics()
    assert metrics['slurm_exporter_source_interval_seconds{source="history"}'] == 0.2
    assert metrics['slurm_exporter_source_interval_seconds{source="jobs"}'] == 0.1
    assert 0.2 <= metrics['slurm_exporter_source_backoff_seconds{source="history"}'] <= 0.8
    assert metrics['slurm_exporter_source_backoff_seconds{source="jobs"}'] == 0
    assert metrics['slurm_exporter_commands_total{command="sacct"}'] >= 1
    assert not [name for name in start(intervals={"history": None}).metrics() if "history" in name]


def test_a_rate_limit_is_counted_and_answered_with_a_longer_pause(start, fake_slurm, eventually):
    fake_slurm.fails("squeue", "slurm_load_jobs error: Rate limit exceeded, please retry later")
    client = start(interval=0.1)
    eventually(lambda: client.metrics()['slurm_exporter_source_rate_limited_total{source="jobs"}'] == 1)
    metrics = client.metrics()
    assert metrics['slurm_exporter_source_backoff_seconds{source="jobs"}'] == 30
    assert metrics['slurm_exporter_source_errors_total{source="jobs"}'] == 1
    assert metrics['slurm_exporter_source_rate_limited_total{source="nodes"}'] == 0


def test_what_is_asked_seldom_does_not_make_the_last_collection_an_old_one(start, fake_slurm, eventually):
    fake_slurm.fails("sdiag", "down")
    client = start(seldom=True)
    eventually(lambda: client.metrics()["slurm_exporter_last_collect_timestamp_seconds"] > 0)
    eventually(lambda: client.metrics()['slurm_exporter_source_errors_total{source="scheduler"}'] >= 1)
    metrics = client.metrics()
    assert metrics['slurm_exporter_source_up{source="scheduler"}'] == 0
    assert time.time() - metrics["slurm_exporter_last_collect_timestamp_seconds"] < 10


def test_one_look_at_the_configuration_serves_all_topics(cluster, fake_slurm):
    exporter = Exporter(Settings(reset_time=int(time.time()) - 60, intervals={"running_jobs": 30.0}))
    exporter.refresh()
    assert {name: source.health.up for name, source in exporter.sources.items()} == dict.fromkeys(wiring.TOPICS, True)
    assert len([call for call in fake_slurm.calls("scontrol") if "config" in call]) == 1
    assert fake_slurm.calls("sshare") == []  # this cluster does not weigh shares


@pytest.mark.parametrize("flags, level", [("", True), ("PriorityFlags = CALCULATE_RUNNING,NO_FAIR_TREE\n", False)])
def test_shares_are_asked_for_where_priorities_depend_on_them(cluster, fake_slurm, flags, level):
    fake_slurm.answers("scontrol", f"ClusterName = lab\nPriorityType = priority/multifactor\n{flags}")
    fake_slurm.answers("sshare", "1|0.500000|0|0.000000|0.000000|1.000000|inf||al| physics\n")
    exporter = Exporter(Settings(reset_time=int(time.time()) - 60))
    exporter.refresh("fairshare")
    metrics = b"".join(exporter.metrics())
    assert b'slurm_association_fairshare{account="physics",username="al",partition=""} 1.0\n' in metrics
    assert (b"slurm_association_level_fairshare{" in metrics) == level
