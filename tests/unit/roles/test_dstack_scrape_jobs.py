"""How Prometheus scrapes a dstack server and dstack-poller, and that it scrapes neither where none is named."""

from __future__ import annotations

from pathlib import Path

from tests.unit.roles.prometheus_configuration import scrape_jobs

DROPS_DCGM = {"source_labels": ["__name__"], "regex": "DCGM_.*", "action": "drop"}


def test_nothing_is_scraped_where_no_server_is_named(tmp_path: Path) -> None:
    assert not [name for name in scrape_jobs(tmp_path) if "dstack" in name]


def test_a_server_with_a_token(tmp_path: Path) -> None:
    jobs = scrape_jobs(
        tmp_path, observability_dstack_url="https://dstack.example.org/behind/", prometheus_dstack_token="secret"
    )
    assert jobs["dstack"] == {
        "job_name": "dstack",
        "static_configs": [{"targets": ["dstack.example.org"]}],
        "scheme": "https",
        "metrics_path": "/behind/metrics",
        "authorization": {"credentials_file": "/etc/prometheus/dstack-token"},
        "metric_relabel_configs": [DROPS_DCGM],
    }
    assert jobs["dstack_poller"] == {
        "job_name": "dstack_poller",
        "static_configs": [{"targets": ["127.0.0.1:9502"], "labels": {"instance": "head"}}],
    }
    assert "secret" not in (tmp_path / "prometheus.yml").read_text()


def test_a_server_without_a_token_whose_dcgm_metrics_are_wanted(tmp_path: Path) -> None:
    own = {"regex": "dstack_run_id", "action": "labeldrop"}
    jobs = scrape_jobs(
        tmp_path,
        observability_dstack_url="http://10.0.0.9:3000",
        prometheus_dstack_dcgm_metrics=True,
        prometheus_scrape_settings={
            "dstack": {"scrape_interval": "1m", "metric_relabel_configs": [own]},
            "dstack_poller": {"scheme": "https"},
        },
    )
    assert jobs["dstack"] == {
        "job_name": "dstack",
        "static_configs": [{"targets": ["10.0.0.9:3000"]}],
        "scheme": "http",
        "metrics_path": "/metrics",
        "scrape_interval": "1m",
        "metric_relabel_configs": [own],
    }
    assert jobs["dstack_poller"]["scheme"] == "https"


def test_a_poller_on_another_host(tmp_path: Path) -> None:
    poller = {"ansible_host": "10.0.0.7", "dstack_poller_listen_address": "0.0.0.0:9600"}
    jobs = scrape_jobs(
        tmp_path,
        inventory={"slurm_controller": {"hosts": {"head": {}}}, "dstack_poller": {"hosts": {"beside": poller}}},
        observability_dstack_url="http://10.0.0.9:3000",
    )
    assert jobs["dstack_poller"]["static_configs"] == [{"targets": ["10.0.0.7:9600"], "labels": {"instance": "beside"}}]
