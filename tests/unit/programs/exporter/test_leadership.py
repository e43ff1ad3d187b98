"""Two exporters, one active: every change of roles, and what each of them serves."""

from __future__ import annotations

import json
import logging
import socket

import pytest
from slurm_observability.exporter.leadership import Leadership
from slurm_observability.slurm.controllers import Controller, Controllers

BOTH_UP = "Slurmctld(primary) at head is UP\nSlurmctld(backup) at spare is UP\n"
HEAD_DOWN = "Slurmctld(primary) at head is DOWN\nSlurmctld(backup) at spare is UP\n"
SPARE_DOWN = "Slurmctld(primary) at head is UP\nSlurmctld(backup) at spare is DOWN\n"
NOBODY_UP = "Slurmctld(primary) at head is DOWN\nSlurmctld(backup) at spare is DOWN\n"


def pair(head: bool, spare: bool) -> Controllers:
    return Controllers((Controller("head", "primary", head), Controller("spare", "backup", spare)))


def roles(host: str, *answers: Controllers) -> list[bool]:
    """Return whether the exporter on the host is active after each answer."""
    leadership = Leadership(host, lambda: None)
    seen = []
    for answer in answers:
        leadership.update(answer)
        seen.append(leadership.active)
    return seen


def test_before_the_first_answer_nobody_is_active():
    leadership = Leadership("head", lambda: None)
    assert (leadership.active, leadership.decided) == (False, False)


@pytest.mark.parametrize(
    ("answers", "head", "spare"),
    [
        ([pair(True, True)], [True], [False]),
        ([pair(True, False)], [True], [False]),
        ([pair(False, True)], [False], [True]),
        ([pair(False, False)], [True], [False]),
        # The primary dies: its exporter steps down at once, the other takes over when it is told so twice.
        ([pair(True, True)] + [pair(False, True)] * 3, [True, False, False, False], [False, False, True, True]),
        # ... and comes back.
        ([pair(False, True)] + [pair(True, True)] * 3, [False, False, True, True], [True, False, False, False]),
        # One lost answer of the primary.
        ([pair(True, True), pair(False, True), pair(True, True), pair(False, True)], None, [False] * 4),
        # Nobody answers: as it was, for as long as it lasts; then the first that answers.
        ([pair(True, True), *[pair(False, False)] * 3, pair(True, True)], [True] * 5, [False] * 5),
        ([pair(False, True), *[pair(False, False)] * 3, pair(False, True)], [False] * 5, [True] * 5),
        # A silence between two answers does not make them one.
        ([pair(True, True), pair(False, True), pair(False, False), pair(False, True)], None, [False] * 3 + [True]),
    ],
)
def test_every_change(answers, head, spare):
    if head is not None:
        assert roles("head", *answers) == head
    assert roles("spare", *answers) == spare


@pytest.mark.parametrize(
    ("controller", "host", "same"),
    [
        ("head", "head", True),
        ("HEAD", "head", True),
        ("head", "head.example.net", True),
        ("head.example.net", "head", True),
        ("head.example.net", "head.example.net", True),
        ("head.one.net", "head.other.net", False),
        ("head", "head2", False),
        ("head2.example.net", "head", False),
    ],
)
def test_a_host_knows_itself_with_and_without_its_domain(controller, host, same):
    assert roles(host, Controllers((Controller(controller, "primary", True),))) == [same]


def test_a_host_that_is_no_controller_says_so_once_and_stays_the_standby(caplog):
    assert roles("login", pair(True, True), pair(False, True), pair(False, True)) == [False, False, False]
    errors = [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]
    assert errors == ["this host, login, is none of the controllers (head, spare): it stays the standby"]


def test_only_changes_are_told():
    changes = []
    leadership = Leadership("head", lambda: changes.append(leadership.active))
    for answer in (pair(True, True), pair(True, True), pair(False, True), pair(False, True), pair(True, True)):
        leadership.update(answer)
    assert changes == [True, False]
    leadership.update(pair(True, True))
    assert changes == [True, False, True]


@pytest.fixture
def on_host(monkeypatch):
    return lambda name: monkeypatch.setattr(socket, "gethostname", lambda: name)


def numbers(metrics) -> set[str]:
    """Return the names of what a standby must not serve."""
    prefixes = ("slurm_jobs", "slurm_nodes", "slurm_partition", "slurm_node_", "slurm_exporter_history")
    return {name for name in metrics if name.startswith(prefixes)}


def test_a_standby_serves_targets_and_how_it_fares_and_runs_neither_squeue_nor_sacct(
    start, cluster, on_host, fake_slurm, eventually
):
    cluster.ping(BOTH_UP)
    on_host("spare")
    client = start(high_availability=True)
    eventually(lambda: client.get("/-/ready")[0] == 200)
    eventually(lambda: client.get("/sd/node_exporter")[0] == 200)
    metrics = client.metrics()
    assert metrics["slurm_exporter_active"] == 0
    assert numbers(metrics) == set()
    assert metrics['slurm_controller_up{controller="head",role="primary"}'] == 1
    assert metrics['slurm_sd_targets{job="node_exporter"}'] == 5
    assert len(json.loads(client.get("/sd/node_exporter")[1])) == 5
    assert {name for name in metrics if "source_up" in name} == {
        'slurm_exporter_source_up{source="controllers"}',
        'slurm_exporter_source_up{source="nodes"}',
    }
    assert fake_slurm.calls("squeue") == fake_slurm.calls("sacct") == []


def test_the_standby_takes_over_and_steps_down_again(start, cluster, on_host, fake_slurm, eventually):
    cluster.ping(BOTH_UP)
    on_host("spare.example")
    client = start(high_availability=True)
    eventually(lambda: client.get("/sd/node_exporter")[0] == 200)
    cluster.ping(HEAD_DOWN)
    eventually(lambda: client.metrics().get("slurm_jobs_total_submitted") == 3)
    metrics = client.metrics()
    assert metrics["slurm_exporter_active"] == 1
    assert metrics["slurm_jobs"] == 3 and metrics["slurm_nodes"] == 7
    assert metrics['slurm_controller_up{controller="head",role="primary"}'] == 0
    cluster.ping(BOTH_UP)
    eventually(lambda: client.metrics()["slurm_exporter_active"] == 0)
    assert numbers(client.metrics()) == set()
    # A command may have been under way; after that there is no other.
    eventually(lambda: "jobs" not in str([name for name in client.metrics() if "source_up" in name]))
    asked = len(fake_slurm.calls("scontrol"))
    eventually(lambda: len(fake_slurm.calls("scontrol")) > asked + 4)
    before = len(fake_slurm.calls("squeue")), len(fake_slurm.calls("sacct"))
    eventually(lambda: len(fake_slurm.calls("scontrol")) > asked + 10)
    assert (len(fake_slurm.calls("squeue")), len(fake_slurm.calls("sacct"))) == before
    assert numbers(client.metrics()) == set()


def test_the_active_one_stays_so_while_nobody_answers(start, cluster, on_host, fake_slurm, eventually):
    cluster.ping(SPARE_DOWN)
    on_host("head")
    client = start(high_availability=True)
    eventually(lambda: client.metrics().get("slurm_jobs") == 3)
    cluster.ping(NOBODY_UP)
    eventually(lambda: client.metrics()['slurm_controller_up{controller="head",role="primary"}'] == 0)
    fake_slurm.fails("scontrol", "Unable to contact slurm controller")
    eventually(lambda: client.metrics()['slurm_exporter_source_up{source="controllers"}'] == 0)
    metrics = client.metrics()
    assert metrics["slurm_exporter_active"] == 1 and metrics["slurm_jobs"] == 3


def test_without_an_answer_it_is_not_ready_and_serves_no_numbers(start, cluster, on_host, fake_slurm, eventually):
    fake_slurm.fails("scontrol", "Unable to contact slurm controller")
    on_host("head")
    client = start(high_availability=True)
    eventually(lambda: client.metrics()["slurm_exporter_errors_total"] >= 2)
    assert client.get("/-/ready")[0] == 503
    assert client.metrics()["slurm_exporter_active"] == 0
    assert fake_slurm.calls("squeue") == []


def test_one_exporter_alone_is_always_active(start, cluster, on_host, eventually):
    cluster.ping(NOBODY_UP)
    on_host("login")
    client = start()
    eventually(lambda: client.metrics().get("slurm_jobs") == 3)
    assert client.metrics()["slurm_exporter_active"] == 1
