"""Hosts that forward by themselves: the role fluent_bit gets the rules that the same run makes."""

from __future__ import annotations

from pathlib import Path

import yaml

from .conftest import ROOT, Site

DEFAULT = yaml.safe_load((ROOT / "roles/fluent_bit/defaults/main.yml").read_text())["fluent_bit_azure_rules"]
SHOW = """\
- hosts: localhost
  gather_facts: false
  tasks:
    - ansible.builtin.debug:
        msg: >-
          {% for rule in rules %}
          {{ rule.name }}={{ rule.properties.immutableId }}@{{ rule.properties.endpoints.logsIngestion }}
          {% endfor %}
"""


def test_they_get_the_rules_of_the_run_and_in_check_mode_what_stands_for_them(site: Site, tmp_path: Path) -> None:
    show = tmp_path / "show.yml"
    show.write_text(SHOW)
    settings = {"azure_logs_phase": ["tables", "rules"], "azure_logs_direct_rules": True, "rules": DEFAULT}
    check = site.run(str(show), "--check", **settings)
    assert "slurmd_raw_dcr_direct=dcr-00000000000000000000000000000000@https://not-made-yet.invalid" in check.output

    run = site.run(str(show), **settings)
    rules = {
        rule["name"]: rule for rule in site.stand_in.estate.store.of_type("Microsoft.Insights/dataCollectionRules")
    }
    properties = rules["slurmd_raw_dcr_direct"]["properties"]
    posted_to = f"{properties['immutableId']}@{properties['endpoints']['logsIngestion']}"
    assert f"slurmd_raw_dcr_direct={posted_to}" in run.output, run.output
    assert run.output.count("@https://") == 1, "the agent's rule is none of theirs"
