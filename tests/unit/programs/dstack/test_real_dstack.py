"""dstack-poller, Prometheus and the rules against a real dstack server.

Skipped without an installation of dstack's server, whose directory DSTACK_VENV names: python -m venv DIRECTORY, then
DIRECTORY/bin/pip install 'dstack[server]'. Prometheus takes part where PROMETHEUS names its program.
"""

from __future__ import annotations

import json
import os
import threading
import urllib.error
import urllib.request
from pathlib import Path

import pytest
import yaml
from slurm_observability.dstack.client import UNAUTHORISED, Client, DstackError
from slurm_observability.dstack.pages import PollerPages
from slurm_observability.dstack.poller import Poller
from slurm_observability.dstack.settings import Settings
from slurm_observability.web.server import Server

from tests.unit.programs.dstack.real_prometheus import RealPrometheus
from tests.unit.programs.dstack.real_server import METRICS_TOKEN, DstackServer
from tests.unit.roles.prometheus_configuration import scrape_jobs

INSTALLATION, PROMETHEUS = os.environ.get("DSTACK_VENV"), os.environ.get("PROMETHEUS")
ROOT = Path(__file__).parents[4]
# What a server has once it has got an instance for a run.
OF_A_CLOUD = ("dstack_submit_to_provision_duration_seconds_bucket", "dstack_pending_runs_total")
FIRING = 'count by (alertname) (ALERTS{alertstate="firing"})'

pytestmark = pytest.mark.skipif(not INSTALLATION, reason="DSTACK_VENV names no installation of dstack's server")


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    started = DstackServer(Path(INSTALLATION), tmp_path_factory.mktemp("dstack"), DSTACK_ENABLE_PROMETHEUS_METRICS="1")
    try:
        started.wait()
        started.fill()
        yield started
    finally:
        started.close()


@pytest.fixture
def client(server, tmp_path):
    def of(token: str) -> Client:
        path = tmp_path / "token"
        path.write_text(f"{token}\n")
        path.chmod(0o600)
        return Client(Settings(url=server.url, token_file=path))

    return of


def panel_queries() -> list[str]:
    """Every query of the dashboard, with all projects chosen."""
    panels = json.loads((ROOT / "roles/grafana/files/dashboards/dstack.json").read_text())["panels"]
    queries = [target["expr"] for panel in panels for target in panel.get("targets", [])]
    return [query.replace("$__rate_interval", "1m").replace("$dstack_project_name", ".*") for query in queries]


def get(url: str, token: str = "") -> tuple[int, str]:
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"} if token else {})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, ""


def test_the_poller_sees_what_the_metrics_leave_out(client):
    seen = {one.name: one for one in client("of-an-admin").instances()}
    assert len(seen) == 110  # on more than one page
    assert {
        name: (one.status, one.health, one.unreachable, one.busy_blocks)
        for name, one in seen.items()
        if one.fleet == "h100"
    } == {
        "h100-0": ("busy", 0, 0, 8),
        "h100-1": ("idle", 1, 0, 0),
        "h100-2": ("idle", 2, 1, 0),
        "h100-3": ("pending", 0, 0, 0),
        "h100-4": ("terminating", 0, 0, 0),
    }
    assert (seen["h100-0"].project, seen["h100-0"].backend, seen["h100-0"].total_blocks) == ("research", "azure", 8)


def test_a_stranger_sees_nothing_and_a_wrong_token_is_refused(client):
    assert client("of-a-stranger").instances() == []
    with pytest.raises(DstackError) as raised:
        client("made-up").instances()
    assert raised.value.outcome == UNAUTHORISED


def test_the_metrics_want_their_own_token(server):
    url = f"{server.url}/metrics"
    assert [get(url, token)[0] for token in ("", "made-up", "of-an-admin", METRICS_TOKEN)] == [403, 403, 403, 200]


def test_both_name_an_instance_in_the_same_way(server, client):
    poller = Poller(client("of-an-admin"), 30)
    poller.poll()
    ours = {line.split("{")[1] for line in poller.metrics().decode().splitlines() if 'instance_name="h100-0"' in line}
    names = [pair for pair in next(iter(ours)).split(",") if "_id=" in pair or "_name=" in pair]
    theirs = get(f"{server.url}/metrics", METRICS_TOKEN)[1]
    line = next(line for line in theirs.splitlines() if line.startswith("dstack_instance_price") and "h100-0" in line)
    assert len(names) == 4 and all(name.rstrip("} 0123456789") in line for name in names)


@pytest.mark.skipif(not PROMETHEUS, reason="PROMETHEUS names no program")
def test_prometheus_scrapes_both_and_the_rules_find_what_is_wrong(server, client, tmp_path, eventually):
    poller = Poller(client("of-an-admin"), 30)
    poller.poll()
    pages = Server("dstack-poller", "127.0.0.1", 0, PollerPages(poller))
    threading.Thread(target=pages.serve_forever, daemon=True).start()
    token = tmp_path / "metrics-token"
    token.write_text(METRICS_TOKEN)
    host = {"dstack_poller_listen_address": f"127.0.0.1:{pages.server_address[1]}"}
    jobs = scrape_jobs(
        tmp_path,
        inventory={"slurm_controller": {"hosts": {"head": host}}},
        observability_dstack_url=server.url,
        prometheus_scrape_settings={"dstack": {"authorization": {"credentials_file": str(token)}}},
    )
    rules = yaml.safe_load((ROOT / "roles/prometheus/files/rules/dstack.yml").read_text())
    for rule in (rule for group in rules["groups"] for rule in group["rules"]):
        rule.pop("for", None)  # what takes an hour is tested with promtool
    with RealPrometheus(Path(PROMETHEUS), tmp_path, [jobs["dstack"], jobs["dstack_poller"]], rules) as prometheus:
        eventually(lambda: len(prometheus.ask(FIRING)) >= 5, 60)
        assert prometheus.ask("up") == {("up", "head", "dstack_poller"): 1, ("up", server.address, "dstack"): 1}
        assert prometheus.ask('count({__name__=~"DCGM_.*"})') == {}
        assert prometheus.ask("sum(dstack_instance_gpu_count)") == {(): 32}  # the server leaves out what is pending
        assert prometheus.ask("count(dstack_instance_status_info)") == {(): 110}
        assert prometheus.ask(FIRING) == {
            ("DstackInstanceUnhealthy",): 1,
            ("DstackInstanceHealthWarning",): 1,
            ("DstackInstanceUnreachable",): 1,
            ("DstackInstanceStuck",): 2,
            ("DstackIdleSpend",): 2,
        }
        for query in panel_queries():
            eventually(lambda query=query: prometheus.ask(query) or any(name in query for name in OF_A_CLOUD), 60)
    pages.shutdown()
