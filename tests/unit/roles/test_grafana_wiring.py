"""Where Grafana comes among the playbooks, and how Prometheus scrapes it."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template

ROOT = Path(__file__).parents[3]
VARIABLES = yaml.safe_load((ROOT / "roles/prometheus/vars/main/targets.yml").read_text())
HEAD = {"slurm_controller": ["head"]}


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


def of_prometheus(name: str, **given: Any) -> Any:
    """Return a variable of the role prometheus on head."""
    variables = {
        key: trust_as_template(value) if isinstance(value, str) else value
        for key, value in {**VARIABLES, "prometheus_scrape_settings": {}, "hostvars": {"head": {}}, **given}.items()
    }
    return Templar(DataLoader(), variables=variables).template(trust_as_template("{{ " + name + " }}"))


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"groups": HEAD}, ["head"]),
        ({"groups": {**HEAD, "grafana": ["watch"]}}, ["watch"]),
        ({"groups": HEAD, "observability_grafana": False}, []),
        ({"groups": HEAD, "grafana_api_url": "https://grafana.example.org"}, []),
    ],
)
def test_prometheus_scrapes_one_that_was_installed(given: dict[str, Any], expected: list[str]) -> None:
    assert of_prometheus("__prometheus_grafana_hosts", **given) == expected


def test_prometheus_follows_its_tls_and_its_path() -> None:
    assert of_prometheus("__prometheus_grafana_access", groups=HEAD) == {}
    moved = {"grafana_tls_certificate": "/etc/tls.crt", "grafana_external_url": "https://hpc.example.org/grafana/"}
    access = of_prometheus(
        "__prometheus_grafana_access",
        groups=HEAD,
        hostvars={"head": moved},
        prometheus_scrape_settings={"grafana": {"tls_config": {"ca_file": "/etc/ca.crt"}}},
    )
    expected = {"scheme": "https", "metrics_path": "/grafana/metrics", "tls_config": {"ca_file": "/etc/ca.crt"}}
    assert access == expected
