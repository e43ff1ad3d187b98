#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: slurm.observability contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Associate machines with data collection rules of Azure Monitor."""

from __future__ import annotations

DOCUMENTATION = r"""
module: azure_data_collection_rule_association
short_description: Associate machines with data collection rules of Azure Monitor
version_added: 0.1.0
author: slurm.observability contributors (@slurm-observability)
description:
  - Makes machines follow data collection rules, or stop to. One task does it for many rules and many machines.
  - A scale set of uniform orchestration is associated as a whole. One of flexible orchestration cannot be; each of
    its instances is. Instances that are born later get their associations from another run, from a boot hook, or
    from Azure Policy.
  - What is there is learned from one list for each rule, and the machines from one list for each resource group.
    Requests for single machines are only made for what is missing.
  - A machine that follows a rule already, by an association of any name, is left alone.
options:
  resource_group:
    description: The resource group of rules and endpoints that are given by name.
    type: str
  rules:
    description: The rules, by name or id. Required, unless there is O(endpoint).
    type: list
    elements: str
  endpoint:
    description: A data collection endpoint from which the machines are to get their rules, by name or id.
    type: str
  name:
    description:
      - The name of new associations with rules, the name of the rule with C(-association) when this is not set.
      - Azure wants C(agentSettings) for a rule of the kind AgentSettings.
      - A machine has one association of each name, so this makes sense with a single rule only.
    type: str
  description:
    description: What the associations are for.
    type: str
  state:
    description: Whether the machines are to follow the rules.
    type: str
    choices: [absent, present]
    default: present
extends_documentation_fragment:
  - slurm.observability.azure
  - slurm.observability.azure_targets
  - slurm.observability.azure_targets.arc
  - slurm.observability.azure_targets.parallel
attributes:
  diff_mode:
    description: Shows which rule is followed by which machine, of those that change.
    support: full
seealso:
  - module: slurm.observability.azure_data_collection_rule_association_info
  - module: slurm.observability.azure_data_collection_rule
"""

EXAMPLES = r"""
- name: Collect the logs of slurmd on all scale sets of a cluster
  slurm.observability.azure_data_collection_rule_association:
    resource_group: cluster
    rules: [slurmd_raw_dcr, syslog_raw_dcr]
    scale_set_tags: {ClusterName: ndv5}
    target_resource_group: cluster-nodes

- name: Collect the log of slurmctld on the scheduler
  slurm.observability.azure_data_collection_rule_association:
    resource_group: cluster
    rules: [slurmctld_raw_dcr]
    virtual_machines: [scheduler]
    target_resource_group: cluster
"""

RETURN = r"""
targets:
  description: The ids of the machines and scale sets that the options name.
  type: list
  elements: str
  returned: always
changes:
  description: The ids of the associations that were made, changed or removed.
  type: list
  elements: str
  returned: always
requests:
  description: How many requests were sent to Azure.
  type: int
  returned: always
"""

from ansible_collections.slurm.observability.plugins.module_utils.azure import associations, many, targets
from ansible_collections.slurm.observability.plugins.module_utils.azure.errors import DocumentError
from ansible_collections.slurm.observability.plugins.module_utils.azure.module import AzureModule
from ansible_collections.slurm.observability.plugins.module_utils.azure.schema import fold_id

ARGUMENTS = {
    "resource_group": {"type": "str"},
    "rules": {"type": "list", "elements": "str"},
    "endpoint": {"type": "str"},
    "name": {"type": "str"},
    "description": {"type": "str"},
    "state": {"type": "str", "choices": ["absent", "present"], "default": "present"},
}


def missing(module, client, source, machines):
    """Return the associations with a rule that have to be made or changed."""
    present = associations.existing(client, source)
    if present is None:
        if not module.check_mode:  # there, the task before would have made it
            raise DocumentError(f"there is no {source.id}: make it first")
        present = []
    params = module.params
    return list(associations.missing(source, present, machines, params["name"], params["description"]))


def superfluous(client, source, machines):
    """Return the associations with a rule that have to be removed."""
    unwanted = {fold_id(machine.id) for machine in machines}
    present = associations.existing(client, source) or []
    return [association for association in present if fold_id(association.target) in unwanted]


def work(module):
    """Do what the options say; return the result."""
    params = module.params
    client = module.client()
    sources = associations.sources(client, params)
    machines = targets.Estate(client).associable(params)
    if params["state"] == "present":
        changes = [change for source in sources for change in missing(module, client, source, machines)]
    else:
        changes = [change for source in sources for change in superfluous(client, source, machines)]

    def carry_out(change):
        if params["state"] == "present":
            client.put(change.id, associations.API_VERSION, change.body)
        else:
            client.ask(
                client.monitor.data_collection_rule_associations.delete,
                change.target,
                change.name,
                api_version=associations.API_VERSION,
            )

    if not machines:
        module.warn("no machine and no scale set is what the options ask for")
    if not module.check_mode:
        many.each(changes, carry_out, params["parallel"])
    lines = "".join(sorted(f"{change}\n" for change in changes))
    added = params["state"] == "present"
    return {
        "changed": bool(changes),
        "diff": {"before": "" if added else lines, "after": lines if added else ""},
        "targets": [machine.id for machine in machines],
        "changes": [change.id for change in changes],
        "requests": client.requests,
    }


def main():
    """Run the module."""
    module = AzureModule(
        {**targets.ARGUMENTS, **targets.ARC_ARGUMENTS, **many.ARGUMENTS, **ARGUMENTS},
        required_one_of=[("rules", "endpoint")],
    )
    module.run(lambda: work(module))


if __name__ == "__main__":
    main()
