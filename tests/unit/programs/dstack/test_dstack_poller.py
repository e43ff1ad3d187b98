"""What the poller shows: the last answer of the server, and how the questions fare."""

from __future__ import annotations

import logging

import pytest
from prometheus_client.parser import text_string_to_metric_families
from slurm_observability.dstack.client import Client, DstackError
from slurm_observability.dstack.metrics import INSTANCE_METRICS, OWN_METRICS
from slurm_observability.dstack.poller import Poller

from tests.stand_ins.dstack import fleet, instance

NAMES = {
    "dstack_project_name": "research",
    "dstack_fleet_name": "h100",
    "dstack_instance_name": "h100-0",
    "dstack_instance_id": "id-of-h100-0",
}


@pytest.fixture
def poller(make_settings):
    return Poller(Client(make_settings()), interval=0.02)


def samples(poller):
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(poller.metrics().decode())
        for sample in family.samples
    }


def of_instances(poller):
    return {key: value for key, value in samples(poller).items() if key[0].startswith("dstack_instance_")}


def test_an_instance_has_the_labels_of_dstacks_own_metrics(dstack, poller):
    dstack.fleets = [
        fleet("h100", instance("h100-0", "busy", unreachable=True, health_status="failure", busy_blocks=3))
    ]
    poller.poll()
    shown = {
        sample.name: (sample.labels, sample.value)
        for family in text_string_to_metric_families(poller.metrics().decode())
        for sample in family.samples
    }
    status = {"dstack_backend": "azure", "dstack_hostname": "10.0.0.4", "dstack_status": "busy"}
    assert shown["dstack_instance_status_info"] == ({**NAMES, **status}, 1)
    assert shown["dstack_instance_health_status"] == (NAMES, 2)
    assert shown["dstack_instance_unreachable"] == (NAMES, 1)
    assert shown["dstack_instance_busy_blocks"] == (NAMES, 3)
    assert shown["dstack_instance_total_blocks"] == (NAMES, 8)


def test_what_is_not_said_makes_no_sample(dstack, poller):
    dstack.fleets = [fleet("h100", instance("h100-0", health_status=None, unreachable=None, total_blocks=None))]
    poller.poll()
    assert {key[0] for key in of_instances(poller)} == {"dstack_instance_status_info", "dstack_instance_busy_blocks"}


def test_nothing_is_said_before_the_first_answer(poller):
    assert not {"dstack_poller_up", "dstack_poller_last_success_timestamp_seconds"} & {
        key[0] for key in samples(poller)
    }


def test_the_last_answer_stays_while_the_server_fails(dstack, poller):
    dstack.fleets = [fleet("h100", instance("h100-0"))]
    poller.poll()
    before = of_instances(poller)
    assert before and samples(poller)[("dstack_poller_up",)] == 1
    dstack.answers(403, b"no")
    for _turn in range(2):
        with pytest.raises(DstackError):
            poller.poll()
    after = samples(poller)
    assert of_instances(poller) == before
    assert after[("dstack_poller_up",)] == 0
    assert after[("dstack_poller_errors_total", "unauthorised")] == 2
    assert after[("dstack_poller_errors_total", "failed")] == 0
    dstack.recovers()
    dstack.fleets = []
    poller.poll()
    assert of_instances(poller) == {} and samples(poller)[("dstack_poller_up",)] == 1


def test_an_outage_is_two_lines_in_the_journal(dstack, poller, caplog, eventually):
    caplog.set_level(logging.INFO)
    dstack.answers(500, b"oh")
    poller.start()
    try:
        eventually(lambda: samples(poller)[("dstack_poller_errors_total", "failed")] > 2)
        dstack.recovers()
        eventually(lambda: samples(poller)[("dstack_poller_up",)] == 1)
        eventually(lambda: len(caplog.messages) > 1)
    finally:
        poller.stop()
    assert caplog.messages == [f"{dstack.url} answers 500: oh; the last answer stays", "dstack answers again"]


def test_a_fault_of_the_program_ends_nothing(eventually, caplog):
    answers = iter([lambda: [][0], list])

    class Dstack:
        def instances(self):
            return next(answers, list)()

    poller = Poller(Dstack(), interval=0.02)
    poller.start()
    try:
        eventually(lambda: samples(poller).get(("dstack_poller_up",)) == 1)
    finally:
        poller.stop()
    assert samples(poller)[("dstack_poller_errors_total", "failed")] == 1
    assert "this is a fault of the program" in caplog.text


def test_every_metric_is_shown(dstack, poller):
    dstack.fleets = [fleet("h100", instance("h100-0"))]
    poller.poll()
    shown = [line.split()[2] for line in poller.metrics().decode().splitlines() if line.startswith("# TYPE")]
    assert sorted(shown) == sorted(metric.name for metric in (*INSTANCE_METRICS, *OWN_METRICS))


def test_a_name_with_quotes_stays_one_label(dstack, poller):
    dstack.fleets = [fleet('a "b"\\\nc', instance("h100-0"))]
    poller.poll()
    assert ("dstack_instance_busy_blocks", "research", 'a "b"\\\nc', "h100-0", "id-of-h100-0") in samples(poller)
