"""How Prometheus scrapes dcgm-exporter: one spelling of each label, whatever else a site sets."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template

VARIABLES = yaml.safe_load((Path(__file__).parents[3] / "roles/prometheus/vars/main/gpus.yml").read_text())


def settings(**of_site: Any) -> dict[str, Any]:
    """Return the settings of the job, for what a site has in prometheus_scrape_settings."""
    variables = {
        name: trust_as_template(value) if isinstance(value, str) else value for name, value in VARIABLES.items()
    }
    variables["prometheus_scrape_settings"] = of_site
    return Templar(DataLoader(), variables=variables).template(trust_as_template("{{ __prometheus_dcgm_settings }}"))


def relabelled(labels: dict[str, str]) -> dict[str, str]:
    """Do to labels what Prometheus does with the rules of this collection."""
    for rule in settings()["metric_relabel_configs"]:
        if rule.get("action") == "labeldrop":
            labels = {name: value for name, value in labels.items() if not re.fullmatch(rule["regex"], name)}
        elif re.fullmatch(rule["regex"], labels.get(rule["source_labels"][0], "")):
            labels = {**labels, rule["target_label"]: labels[rule["source_labels"][0]]}
    return labels


@pytest.mark.parametrize(
    "labels",
    [
        {"UUID": "GPU-1", "modelName": "H100", "Hostname": "n1", "DCGM_FI_DRIVER_VERSION": "570", "device": "nvidia0"},
        {"gpu_uuid": "GPU-1", "model_name": "H100", "hostname": "n1", "DCGM_FI_DRIVER_VERSION": "570"},
    ],
)
def test_the_spellings_of_exporters_and_of_links_become_one(labels: dict[str, str]) -> None:
    assert relabelled({"gpu": "0", **labels}) == {
        "gpu": "0",
        "UUID": "GPU-1",
        "modelName": "H100",
        "driver_version": "570",
    }


def test_a_site_changes_the_interval_and_adds_rules_of_its_own() -> None:
    own = {"regex": "pci_bus_id", "action": "labeldrop"}
    made = settings(dcgm_exporter={"scrape_interval": "1m", "scheme": "https", "metric_relabel_configs": [own]})
    assert (made["scrape_interval"], made["scheme"]) == ("1m", "https")
    assert made["metric_relabel_configs"] == [*settings()["metric_relabel_configs"], own]
    assert settings()["scrape_interval"] == "30s"
