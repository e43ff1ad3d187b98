"""What else can be asked for: an endpoint, an identity, policies, forwarders, machines of all kinds, other names."""

from __future__ import annotations

import re
import subprocess

from .conftest import ROOT, Site

INSIGHTS = "Microsoft.Insights/dataCollection"


def test_all_that_can_be_asked_for_and_its_removal(site: Site) -> None:
    furniture, store = site.furniture, site.stand_in.estate.store
    furniture.scale_set("gpu", 2, mode="Flexible", tags={"ClusterName": "hpc"})
    furniture.arc_machine("login")
    principal = site.stand_in.estate.tenancy.operator.object_id
    site.furnished = set(site.ids())
    site.environment.update(WORKSPACE_TABLE_NAME="controller", DATA_COLLECTION_RULES_NAME="controller_dcr")
    settings = {
        "azure_logs_catalogue": site.only("slurmctld", "slurmd"),
        "azure_logs_scheduler": {"virtual_machines": [site.scheduler], "arc_machines": ["login"]},
        "azure_logs_compute": {"scale_sets": ["nodes"], "scale_set_tags": {"ClusterName": "hpc"}},
        "azure_logs_tags": {"owner": "hpc"},
        "azure_logs_endpoint": "cluster",
        "azure_logs_endpoint_access": "Disabled",
        "azure_logs_direct_rules": True,
        "azure_logs_identity": "agent",
        "azure_logs_publishers": [principal],
        "azure_logs_agent_version": "1.37",
        "azure_logs_policy_scope": furniture.group,
        "azure_logs_utc_offset": "+02:00",
    }
    run = site.run(**settings)
    assert run.status == 0, run.output
    made = site.made()
    assert made >= {
        f"{INSIGHTS}Endpoints/cluster",
        "Microsoft.OperationalInsights/workspaces/logs/tables/controller_CL",
        "Microsoft.ManagedIdentity/userAssignedIdentities/agent",
        "Microsoft.Authorization/policyAssignments/slurmd_raw_dcr",
        "Microsoft.Compute/virtualMachineScaleSets/gpu/extensions/AzureMonitorLinuxAgent",
    }
    rules = {rule["name"]: rule for rule in store.of_type(f"{INSIGHTS}Rules")}
    assert set(rules) == {"controller_dcr", "controller_dcr_direct", "slurmd_raw_dcr", "slurmd_raw_dcr_direct"}
    rule = rules["controller_dcr"]
    assert rule["tags"] == {"owner": "hpc"}
    assert rule["properties"]["dataCollectionEndpointId"].endswith("/dataCollectionEndpoints/cluster")
    assert rule["properties"]["dataFlows"][0]["outputStream"] == "Custom-controller_CL"
    assert "let Offset = 120m;" in rule["properties"]["dataFlows"][0]["transformKql"]
    (endpoint,) = store.of_type(f"{INSIGHTS}Endpoints")
    assert endpoint["properties"]["networkAcls"]["publicNetworkAccess"] == "Disabled"

    followed = {
        (one["properties"].get("dataCollectionRuleId", "endpoint").rpartition("/")[2], one["id"].split("/")[8])
        for one in store.of_type(f"{INSIGHTS}RuleAssociations")
    }
    assert {rule for rule, _machine in followed} == {"controller_dcr", "slurmd_raw_dcr", "endpoint"}
    assert {machine for rule, machine in followed if rule == "controller_dcr"} == {"scheduler", "login"}
    of_nodes = {machine for rule, machine in followed if rule == "slurmd_raw_dcr"}
    assert "nodes" in of_nodes
    assert len(of_nodes) == 3, "one scale set as a whole, and the two instances of the other"

    extension = store.get(f"{site.scheduler}/extensions/AzureMonitorLinuxAgent")
    assert extension and extension["properties"]["typeHandlerVersion"] == "1.37"
    assert "userAssignedIdentities/agent" in str(extension["properties"]["settings"])
    roles = [one["properties"] for one in store.of_type("Microsoft.Authorization/roleAssignments")]
    assert len(roles) == 4, "two that publish, and two roles of the policy's identity"
    assert principal in {role["principalId"] for role in roles}

    again = site.run(**settings)
    assert (again.status, again.changed) == (0, 0), again.output

    back = site.run(**settings, azure_logs_state="absent", azure_logs_remove_agent=True, azure_logs_remove_tables=True)
    assert back.status == 0, back.output
    assert site.made() == {"Microsoft.ManagedIdentity/userAssignedIdentities/agent"}, "scale sets still name it"


def test_the_example_names_what_the_role_reads() -> None:
    example = ROOT / ".env.example"
    subprocess.run(["bash", "-euc", f"source {example}"], check=True)
    given = set(re.findall(r"export (\w+)=", example.read_text()))
    defaults = (ROOT / "roles/azure_logs/defaults/main.yml").read_text()
    read = set(re.findall(r"builtin\.env', '(\w+)'", defaults))
    assert given - read == {"FLUENT_BIT_SOURCE_PATH"}, "of the agent's hosts"
    assert read - given == {"AZURE_SUBSCRIPTION_ID", "SLURM_SCHEDULER_VM"}, "other names for the same"
