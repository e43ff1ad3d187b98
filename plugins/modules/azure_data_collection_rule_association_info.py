#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: slurm.observability contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Show which machines follow which data collection rules."""

from __future__ import annotations

DOCUMENTATION = r"""
module: azure_data_collection_rule_association_info
short_description: Show which machines follow which data collection rules
version_added: 0.1.0
author: slurm.observability contributors (@slurm-observability)
description:
  - Shows the associations of rules and endpoints, or those of machines.
  - Azure shows the associations of a rule in lower case.
options:
  resource_group:
    description: The resource group of rules and endpoints that are given by name.
    type: str
  rules:
    description: The rules, by name or id.
    type: list
    elements: str
    default: []
  endpoint:
    description: A data collection endpoint, by name or id.
    type: str
extends_documentation_fragment:
  - slurm.observability.azure
  - slurm.observability.azure_targets
  - slurm.observability.azure_targets.arc
  - slurm.observability.azure_targets.parallel
attributes:
  diff_mode:
    description: Changes nothing.
    support: none
seealso:
  - module: slurm.observability.azure_data_collection_rule_association
"""

EXAMPLES = r"""
- name: Show who follows the rule for slurmd
  slurm.observability.azure_data_collection_rule_association_info:
    resource_group: cluster
    rules: [slurmd_raw_dcr]

- name: Show which rules the scheduler follows
  slurm.observability.azure_data_collection_rule_association_info:
    virtual_machines: [scheduler]
    target_resource_group: cluster
"""

RETURN = r"""
associations:
  description: The associations, as Azure describes them.
  type: list
  elements: dict
  returned: always
"""

from ansible_collections.slurm.observability.plugins.module_utils.azure import associations, many, targets
from ansible_collections.slurm.observability.plugins.module_utils.azure.module import AzureModule

ARGUMENTS = {
    "resource_group": {"type": "str"},
    "rules": {"type": "list", "elements": "str", "default": []},
    "endpoint": {"type": "str"},
}


def work(module):
    """Return what is to be shown."""
    client = module.client()
    paths = [f"{source.id}/associations" for source in associations.sources(client, module.params)]
    machines = targets.Estate(client).associable(module.params)
    paths += [f"{machine.id}/providers/{associations.TYPE}" for machine in machines]

    def listed(path):
        return list(client.list(path, associations.API_VERSION))

    found = many.each(paths, listed, module.params["parallel"])
    return {"changed": False, "associations": [association for entries in found for association in entries]}


def main():
    """Run the module."""
    module = AzureModule({**targets.ARGUMENTS, **targets.ARC_ARGUMENTS, **many.ARGUMENTS, **ARGUMENTS})
    module.run(lambda: work(module))


if __name__ == "__main__":
    main()
