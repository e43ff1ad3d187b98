#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: slurm.observability contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Show the roles of a principal."""

from __future__ import annotations

DOCUMENTATION = r"""
module: azure_role_assignment_info
short_description: Show the roles of a principal
version_added: 0.1.0
author: slurm.observability contributors (@slurm-observability)
description:
  - Shows the role assignments of a principal at a scope, above it and below it.
options:
  principal_id:
    description: The object id of the principal.
    type: str
    required: true
  scope:
    description: The id of what the roles are for, the whole subscription when this is not set.
    type: str
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
- name: Show what the agent may do
  slurm.observability.azure_role_assignment_info:
    principal_id: "{{ agent.principal_id }}"
"""

RETURN = r"""
role_assignments:
  description: The assignments, as Azure describes them.
  type: list
  elements: dict
  returned: always
"""

from ansible_collections.slurm.observability.plugins.module_utils.azure import role_assignments as roles
from ansible_collections.slurm.observability.plugins.module_utils.azure.module import AzureModule


def work(module):
    """Return what is to be shown."""
    client = module.client()
    scope = (module.params["scope"] or f"/subscriptions/{client.subscription}").rstrip("/")
    return {"changed": False, "role_assignments": roles.of_principal(client, scope, module.params["principal_id"])}


def main():
    """Run the module."""
    module = AzureModule({"principal_id": {"type": "str", "required": True}, "scope": {"type": "str"}})
    module.run(lambda: work(module))


if __name__ == "__main__":
    main()
