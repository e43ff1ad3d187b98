"""The stand-in for dstack gives what a real server gave, to those who have the token."""

from __future__ import annotations

import subprocess
import sys
import urllib.error
import urllib.request

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from tests.stand_ins.dstack import METRICS_TOKEN, TOKEN, DstackStandIn, recorded_fleets
from tests.unit.programs.web_server import WebServer


def test_the_records_are_of_one_server() -> None:
    """What the metrics say of instances and what the API says of them can be joined."""
    server = WebServer()
    DstackStandIn(server)
    request = urllib.request.Request(f"{server.url}/metrics", headers={"Authorization": f"Bearer {METRICS_TOKEN}"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        families = list(text_string_to_metric_families(answer.read().decode()))
    server.close()
    [prices] = [family for family in families if family.name == "dstack_instance_price_dollars_per_hour"]
    instances = {one["id"]: one["status"] for fleet in recorded_fleets() for one in fleet["instances"]}
    priced = {instances[sample.labels["dstack_instance_id"]] for sample in prices.samples}
    assert priced == {"busy", "idle", "terminating"}
    assert any(family.name.startswith("DCGM_") for family in families)


def test_metrics_want_their_token() -> None:
    server = WebServer()
    DstackStandIn(server)
    request = urllib.request.Request(f"{server.url}/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    with pytest.raises(urllib.error.HTTPError) as raised:
        urllib.request.urlopen(request, timeout=10)
    server.close()
    assert raised.value.code == 403


def test_by_hand_it_prints_the_variables_that_lead_to_it() -> None:
    command = [sys.executable, "-m", "tests.stand_ins.dstack"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            lines = [process.stdout.readline() for _line in range(4)]
            variables = yaml.safe_load("".join(lines))
            with urllib.request.urlopen(f"{variables['observability_dstack_url']}/healthcheck", timeout=10) as answer:
                assert answer.status == 200
            assert variables["dstack_poller_token"] == TOKEN
        finally:
            process.terminate()
    assert process.returncode == 0
