"""Rows that come, and rows that do not."""

from __future__ import annotations

import time

import pytest

from tests.unit.stand_ins.azure.conftest import RULES, Client, rule_body

from .conftest import Site

VERSION = "2023-01-01"
STREAM = "Custom-Text-slurmd_raw_CL"


@pytest.fixture
def immutable_id(site: Site) -> str:
    """Of a rule that takes rows to the table of slurmd's log."""
    site.furniture.table(site.workspace, "slurmd_raw_CL")
    path = f"{site.furniture.group}/providers/Microsoft.Insights/dataCollectionRules/slurmd_raw_dcr"
    rule = Client(site.stand_in).send("PUT", path, rule_body(site.workspace), RULES).document
    site.furniture.publisher(site.stand_in.estate.tenancy.operator.object_id, site.furniture.group)
    identifier: str = rule["properties"]["immutableId"]
    return identifier


def test_a_row_that_comes_late_is_waited_for(site: Site, immutable_id: str) -> None:
    process = site.start(
        azure_logs_phase=["verify"],
        azure_logs_catalogue=site.only("slurmd", "syslog"),
        azure_logs_verify_required=["slurmd"],
        azure_logs_verify_minutes=5,
        __azure_logs_pause=1,
    )
    while site.stand_in.services.counts()["POST query"] < 2 and process.poll() is None:
        time.sleep(0.2)
    rows = [{"RawData": f"line {number}"} for number in range(3)]
    path = f"/dataCollectionRules/{immutable_id}/streams/{STREAM}"
    posted = Client(site.stand_in).send("POST", path, rows, VERSION, audience="https://monitor.azure.com")
    assert posted.status == 204
    output, _none = process.communicate(timeout=300)
    assert process.returncode == 0, output
    assert "no rows yet: slurmd, syslog" in output
    assert "waiting for slurmd, up to 5 min more" in output
    assert "slurmd_raw_CL: 3 rows, the newest of" in output
    assert "no rows yet: syslog\n" in output, "a log that is not required is shown, and not waited for"


def test_rows_that_do_not_come_are_named_and_where_to_look(site: Site, immutable_id: str) -> None:
    run = site.run(
        azure_logs_phase=["verify"], azure_logs_verify_required=["slurmd", "syslog"], azure_logs_verify_minutes=0
    )
    assert run.status != 0
    assert "no row of slurmd has come within 0 min. No agent has reported either" in run.error
    assert "docs/azure-logs.md says more" in run.error


def test_check_mode_asks_nothing(site: Site) -> None:
    run = site.run("--check", azure_logs_phase=["verify"], azure_logs_verify_required=["slurmd"])
    assert run.status == 0, run.output
    assert site.stand_in.services.counts()["POST query"] == 0
