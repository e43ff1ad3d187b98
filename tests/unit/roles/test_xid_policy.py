"""The table of XIDs becomes series for the rules about GPUs, with the site's own changes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template

ROLE = Path(__file__).parents[3] / "roles/prometheus"
TABLE = yaml.safe_load((ROLE / "vars/main/xid_policy.yml").read_text())
ACTIONS = {"job", "watch", "reset", "reboot", "isolate"}


def templar(policy_of_site: dict[Any, Any]) -> Templar:
    """Return what renders the role's templates with a value of prometheus_xid_policy."""
    variables = {
        **TABLE,
        "prometheus_xid_policy": policy_of_site,
        "__prometheus_rules_mark": "# Shipped.",
        "__prometheus_xid_policy_of_site": trust_as_template(TABLE["__prometheus_xid_policy_of_site"]),
    }
    return Templar(DataLoader(), variables=variables)


def rules(policy_of_site: dict[Any, Any]) -> list[dict[str, Any]]:
    """Return the rules that the role writes for a value of prometheus_xid_policy."""
    template = trust_as_template((ROLE / "templates/gpu_xid_policy.yml.j2").read_text())
    [group] = yaml.safe_load(templar(policy_of_site).template(template))["groups"]
    return group["rules"]


def is_accepted(policy_of_site: dict[Any, Any]) -> bool:
    """Return what the role's validation says to a value of prometheus_xid_policy."""
    [task] = yaml.safe_load((ROLE / "tasks/validate.yml").read_text())
    [condition] = [rule["that"] for rule in task["vars"]["_common_rules"] if "xid" in rule["message"]]
    return templar(policy_of_site).template(trust_as_template(condition))


def labels(xid: str, made: list[dict[str, Any]]) -> dict[str, str]:
    [found] = [rule["labels"] for rule in made if rule["labels"]["xid"] == xid]
    return found


def test_each_code_is_one_series_with_what_the_alerts_need():
    made = rules({})
    assert len(made) == len(TABLE["__prometheus_xid_policy"]) > 40
    assert {(rule["record"], rule["expr"]) for rule in made} == {("gpu:xid:policy", "vector(1)")}
    assert labels("79", made) == {
        "xid": "79",
        "severity": "critical",
        "action": "reboot",
        "meaning": "GPU has fallen off the bus",
    }


@pytest.mark.parametrize("xid", TABLE["__prometheus_xid_policy"])
def test_a_line_of_the_table(xid: str):
    policy = TABLE["__prometheus_xid_policy"][xid]
    assert policy.keys() == {"severity", "action", "meaning"}
    assert policy["severity"] in TABLE["__prometheus_xid_severities"]
    assert policy["action"] in ACTIONS
    assert policy["meaning"]
    assert (policy["severity"] == "critical") == (policy["action"] in {"reset", "reboot", "isolate"})


def test_a_site_changes_what_it_names_and_no_more():
    made = rules({"94": {"severity": "critical", "action": "reset"}})
    assert labels("94", made) == {
        "xid": "94",
        "severity": "critical",
        "action": "reset",
        "meaning": "Contained ECC error",
    }
    assert len(made) == len(rules({}))


def test_a_number_is_the_same_code_as_its_text():
    made = rules({94: {"severity": "info"}, 999: {"severity": "warning", "action": "watch", "meaning": 'A "new" one'}})
    assert labels("94", made)["severity"] == "info"
    assert labels("999", made)["meaning"] == 'A "new" one'


@pytest.mark.parametrize(
    "policy", [{}, {94: {"severity": "info"}}, {"999": {"severity": "info", "action": "watch", "meaning": "New"}}]
)
def test_what_the_role_accepts(policy: dict[Any, Any]):
    assert is_accepted(policy) is True


@pytest.mark.parametrize(
    "policy",
    [
        {"999": {"severity": "info", "action": "watch"}},
        {"94": {"severity": "urgent"}},
        {"94": {"colour": "red"}},
        {"XID 94": {"severity": "info", "action": "watch", "meaning": "New"}},
    ],
)
def test_what_the_role_refuses(policy: dict[Any, Any]):
    assert is_accepted(policy) is False
