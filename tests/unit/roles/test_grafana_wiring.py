"""Where Grafana comes among the playbooks, and how Prometheus scrapes it."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.unit.roles.prometheus_configuration import scrape_jobs

ROOT = Path(__file__).parents[3]


def hosts(tmp_path: Path, inventory: str, *settings: str) -> dict[str, list[str]]:
    """Return the hosts of each play of the playbooks that have to do with Grafana."""
    (tmp_path / "hosts").write_text(inventory)
    options = [word for setting in settings for word in ("-e", setting)]
    books = [str(ROOT / f"playbooks/{name}.yml") for name in ("dashboards", "remove")]
    listed = subprocess.run(
        ["ansible-playbook", "-i", str(tmp_path / "hosts"), *books, "--list-hosts", *options],
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")},
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    plays = re.findall(r"play #\d+ \(.*?\): (.*?)\s+TAGS.*?hosts \(\d+\):((?:\n      \S+)*)", listed, re.DOTALL)
    return {name: found.split() for name, found in plays}


@pytest.mark.parametrize(
    ("inventory", "settings", "expected"),
    [
        ("[slurm_controller]\nhead\nbackup\n", (), ["head"]),
        ("[slurm_controller]\nhead\n[grafana]\nwatch\n", (), ["watch"]),
        ("[slurm_controller]\nhead\n", ("observability_grafana=false",), []),
    ],
)
def test_it_goes_where_the_inventory_says(
    tmp_path: Path, inventory: str, settings: tuple[str, ...], expected: list[str]
) -> None:
    found = hosts(tmp_path, inventory, *settings)
    assert found["Show it"] == found["Remove Grafana"] == expected


def test_prometheus_scrapes_the_one_that_was_installed(tmp_path: Path) -> None:
    target = {"targets": ["127.0.0.1:3000"], "labels": {"instance": "head"}}
    assert scrape_jobs(tmp_path)["grafana"] == {"job_name": "grafana", "static_configs": [target]}


def test_prometheus_follows_its_address_its_tls_and_its_path(tmp_path: Path) -> None:
    moved = {
        "ansible_host": "10.0.0.9",
        "grafana_listen_address": "0.0.0.0:443",
        "grafana_tls_certificate": "/etc/tls.crt",
        "grafana_external_url": "https://hpc.example.org/grafana/",
    }
    inventory = {"slurm_controller": {"hosts": {"head": {}}}, "grafana": {"hosts": {"watch": moved}}}
    tls = {"tls_config": {"ca_file": "/etc/ca.crt"}}
    assert scrape_jobs(tmp_path, inventory, prometheus_scrape_settings={"grafana": tls})["grafana"] == {
        "job_name": "grafana",
        "static_configs": [{"targets": ["10.0.0.9:443"], "labels": {"instance": "watch"}}],
        "scheme": "https",
        "metrics_path": "/grafana/metrics",
        **tls,
    }


def test_prometheus_scrapes_none_that_listens_on_loopback_elsewhere(tmp_path: Path) -> None:
    for moved in ({}, {"grafana_listen_address": "[::1]:3000"}):
        inventory = {"slurm_controller": {"hosts": {"head": {}}}, "grafana": {"hosts": {"watch": moved}}}
        assert "grafana" not in scrape_jobs(tmp_path, inventory)


@pytest.mark.parametrize(
    "given", [{"observability_grafana": False}, {"grafana_api_url": "https://grafana.example.org"}]
)
def test_prometheus_scrapes_none_where_none_was_installed(tmp_path: Path, given: dict[str, Any]) -> None:
    jobs = scrape_jobs(tmp_path, **given)
    assert "prometheus" in jobs and "grafana" not in jobs
