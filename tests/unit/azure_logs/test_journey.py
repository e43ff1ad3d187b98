"""From a subscription with a workspace and machines alone to logs that are collected, and back."""

from __future__ import annotations

from .conftest import Site

RULE = "Microsoft.Insights/dataCollectionRules/slurmd_raw_dcr"
ASSOCIATION = "Microsoft.Insights/dataCollectionRuleAssociations/slurmd_raw_dcr-association"
QUERY = "Microsoft.OperationalInsights/workspaces/logs/savedSearches/slurm_one"
TABLE = "Microsoft.OperationalInsights/workspaces/logs/tables/slurmd_raw_CL"
AGENTS = {
    "Microsoft.Compute/virtualMachines/scheduler/extensions/AzureMonitorLinuxAgent",
    "Microsoft.Compute/virtualMachineScaleSets/nodes/extensions/AzureMonitorLinuxAgent",
}


def test_check_first_then_twice_then_back(site: Site) -> None:
    check = site.run("--check")
    assert check.status == 0, check.output
    assert check.changed > 0
    assert (site.writes(), site.made()) == ({}, set())

    # As a user may give it, and with all that Ansible has to say.
    secret = site.environment.pop("AZURE_SECRET")
    connection = {**site.settings["azure_logs_connection"], "secret": secret}
    first = site.run("-vvv", azure_logs_connection=connection)
    assert first.status == 0, first.output
    assert secret not in first.output
    site.environment["AZURE_SECRET"] = secret
    assert site.made() == {TABLE, RULE, ASSOCIATION, QUERY} | AGENTS
    writes = site.writes()

    again = site.run("--diff")
    assert (again.status, again.changed, site.writes()) == (0, 0, writes), again.output

    back = site.run(azure_logs_state="absent")
    assert back.status == 0, back.output
    assert site.made() == {TABLE} | AGENTS  # rows are never lost by the way, and others may need the agent
    writes = site.writes()
    again = site.run(azure_logs_state="absent")
    assert (again.status, again.changed, site.writes()) == (0, 0, writes), again.output
