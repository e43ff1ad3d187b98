#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: slurm.observability contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Show an assignment of an Azure policy."""

from __future__ import annotations

DOCUMENTATION = r"""
module: azure_policy_assignment_info
short_description: Show an assignment of an Azure policy
version_added: 0.1.0
author: slurm.observability contributors (@slurm-observability)
description:
  - Shows one assignment of a policy.
options:
  name:
    description: The name of the assignment.
    type: str
    required: true
  scope:
    description: The id of what the policy is for.
    type: str
    required: true
extends_documentation_fragment:
  - slurm.observability.azure
attributes:
  diff_mode:
    description: Changes nothing.
    support: none
seealso:
  - module: slurm.observability.azure_policy_assignment
"""

EXAMPLES = r"""
- name: Show how machines to come get their rules
  slurm.observability.azure_policy_assignment_info:
    name: slurmd-logs
    scope: "/subscriptions/{{ subscription_id }}/resourceGroups/cluster-nodes"
"""

RETURN = r"""
assignments:
  description: The assignment, as Azure describes it; an empty list when there is none.
  type: list
  elements: dict
  returned: always
"""

from ansible_collections.slurm.observability.plugins.module_utils.azure import policy_assignments as policies
from ansible_collections.slurm.observability.plugins.module_utils.azure.module import AzureModule


def work(module):
    """Return what is to be shown."""
    scope, name = module.params["scope"].rstrip("/"), module.params["name"]
    document = module.client().get(f"{scope}/providers/{policies.TYPE}/{name}", policies.API_VERSION)
    return {"changed": False, "assignments": [document] if document else []}


def main():
    """Run the module."""
    module = AzureModule({"name": {"type": "str", "required": True}, "scope": {"type": "str", "required": True}})
    module.run(lambda: work(module))


if __name__ == "__main__":
    main()
