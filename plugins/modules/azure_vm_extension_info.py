#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: slurm.observability contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Show the extensions of virtual machines and scale sets."""

from __future__ import annotations

DOCUMENTATION = r"""
module: azure_vm_extension_info
short_description: Show the extensions of virtual machines and scale sets
version_added: 0.1.0
author: slurm.observability contributors (@slurm-observability)
description:
  - Shows one extension, or all, of virtual machines and scale sets. Instances of a flexible scale set are shown beside
    the set.
options:
  name:
    description: The name of one extension.
    type: str
extends_documentation_fragment:
  - slurm.observability.azure
  - slurm.observability.azure_targets
  - slurm.observability.azure_targets.parallel
attributes:
  diff_mode:
    description: Changes nothing.
    support: none
seealso:
  - module: slurm.observability.azure_vm_extension
"""

EXAMPLES = r"""
- name: Show the agent of the scheduler
  slurm.observability.azure_vm_extension_info:
    virtual_machines: [scheduler]
    target_resource_group: cluster
    name: AzureMonitorLinuxAgent
"""

RETURN = r"""
extensions:
  description: The extensions, as Azure describes them, by the id of their machine or scale set.
  type: dict
  returned: always
"""

from ansible_collections.slurm.observability.plugins.module_utils.azure import extensions, many, targets
from ansible_collections.slurm.observability.plugins.module_utils.azure.module import AzureModule


def work(module):
    """Return what is to be shown."""
    client = module.client()
    name = module.params["name"]
    machines = targets.Estate(client).installable(module.params)

    def listed(target):
        if not name:
            return list(client.list(extensions.path(target), extensions.API_VERSION))
        document = client.get(extensions.path(target, name), extensions.API_VERSION)
        return [document] if document else []

    found = many.each(machines, lambda target: (target.id, listed(target)), module.params["parallel"])
    return {"changed": False, "extensions": dict(found)}


def main():
    """Run the module."""
    module = AzureModule({**targets.ARGUMENTS, **many.ARGUMENTS, "name": {"type": "str"}})
    module.run(lambda: work(module))


if __name__ == "__main__":
    main()
