"""What cannot work is told in one error, before anything is changed."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import Site

LONG = "a" * 80


def refused(site: Site, text: str, **settings: Any) -> None:
    """Ask for the checks alone, and for nothing else by mistake."""
    run = site.check(**settings)
    assert run.status != 0, run.output
    assert text in run.error
    assert run.output.count("[ERROR]") == 1, run.output
    assert site.writes() == {}


@pytest.mark.parametrize(
    ("catalogue", "text"),
    [
        ({"columns": [{"name": "TimeGenerated", "type": "timestamp"}]}, "there is no type 'timestamp'"),
        ({"sources": {"slurmd": {"table": f"{LONG}_CL"}}}, "is to have 4 to 63 letters"),
        ({"sources": {"slurmd": {"where": "RawData has 'a' | summarize count()"}}}, "summarize"),
    ],
    ids=["type of a column", "name over length", "operator"],
)
def test_a_catalogue_that_azure_would_not_take(site: Site, catalogue: dict[str, Any], text: str) -> None:
    refused(site, text, azure_logs_catalogue=catalogue)
    assert not site.stand_in.services.counts(), "it is known without asking anybody"


@pytest.mark.parametrize(
    ("environment", "text"),
    [
        (
            {"SUBSCRIPTION_ID": "", "AZURE_SUBSCRIPTION_ID": ""},
            "no subscription is named; set azure_logs_subscription_id",
        ),
        ({"WORKSPACE_NAME": "other"}, "there is no workspace other in the resource group hpc"),
        ({"REGION": "West Europe"}, "the workspace logs is in eastus, not in West Europe"),
        ({"VM_NAME": "", "VMSS_NAME": ""}, "nobody would send a log: name the scheduler"),
        ({"VMSS_NAME": "gone"}, "virtualMachineScaleSets/gone"),
    ],
    ids=["subscription", "workspace", "region", "no machines", "machine"],
)
def test_an_environment_that_is_wrong(site: Site, environment: dict[str, str], text: str) -> None:
    site.environment.update(environment)
    refused(site, text)


def test_permissions_that_are_missing_are_all_named(site: Site) -> None:
    site.stand_in.estate.behaviour.actions = ["*/read", "Microsoft.Insights/*"]
    refused(site, "Microsoft.OperationalInsights/workspaces/tables/write, ")


def test_a_workspace_that_may_not_be_read(site: Site) -> None:
    site.stand_in.estate.faults.forbid(kind="workspaces")
    refused(site, "AuthorizationFailed")


def test_a_secret_that_has_expired(site: Site) -> None:
    site.stand_in.estate.tenancy.operator.expired = True
    refused(site, "AADSTS7000222")


def test_an_identity_that_is_not_to_be_made(site: Site) -> None:
    refused(site, "there is no managed identity", azure_logs_identity="agent", azure_logs_identity_create=False)
