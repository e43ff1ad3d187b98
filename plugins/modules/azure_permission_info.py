#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: slurm.observability contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask Azure what whoever runs this may do."""

from __future__ import annotations

DOCUMENTATION = r"""
module: azure_permission_info
short_description: Ask Azure what whoever runs this may do
version_added: 0.1.0
author: slurm.observability contributors (@slurm-observability)
description:
  - Compares actions with what Azure lists as the permissions of who signs in, so that a lack of them is found before
    anything was changed.
  - Locks and policies of the subscription may still refuse what the permissions allow.
options:
  needed:
    description: What is to be done where.
    type: list
    elements: dict
    required: true
    suboptions:
      scope:
        description: The id of a resource group or a resource.
        type: str
        required: true
      actions:
        description: Actions, such as C(Microsoft.Insights/dataCollectionRules/write).
        type: list
        elements: str
        required: true
extends_documentation_fragment:
  - slurm.observability.azure
attributes:
  diff_mode:
    description: Changes nothing.
    support: none
seealso:
  - module: slurm.observability.azure_role_assignment
"""

EXAMPLES = r"""
- name: May rules be made here?
  slurm.observability.azure_permission_info:
    needed:
      - scope: "/subscriptions/{{ subscription_id }}/resourceGroups/cluster"
        actions: [Microsoft.Insights/dataCollectionRules/write]
"""

RETURN = r"""
missing:
  description: The actions that are not allowed, each with its C(scope) and C(action).
  type: list
  elements: dict
  returned: always
unknown:
  description: The scopes of which the permissions may not be listed; nothing of theirs is in RV(missing).
  type: list
  elements: str
  returned: always
"""

from ansible_collections.slurm.observability.plugins.module_utils.azure import permissions
from ansible_collections.slurm.observability.plugins.module_utils.azure.module import AzureModule

ARGUMENTS = {
    "needed": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            "scope": {"type": "str", "required": True},
            "actions": {"type": "list", "elements": "str", "required": True},
        },
    },
}


def work(module):
    """Compare; return the result."""
    client = module.client()
    missing, unknown = [], []
    for need in module.params["needed"]:
        granted = permissions.of_caller(client, need["scope"])
        if granted is None:
            unknown.append(need["scope"])
            continue
        missing += [
            {"scope": need["scope"], "action": action}
            for action in need["actions"]
            if not permissions.allow(granted, action)
        ]
    return {"changed": False, "missing": missing, "unknown": unknown}


def main():
    """Run the module."""
    module = AzureModule(ARGUMENTS)
    module.run(lambda: work(module))


if __name__ == "__main__":
    main()
