#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: slurm.observability contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Give roles to a principal, and take them away."""

from __future__ import annotations

DOCUMENTATION = r"""
module: azure_role_assignment
short_description: Give roles to a principal, and take them away
version_added: 0.1.0
author: slurm.observability contributors (@slurm-observability)
description:
  - Gives each of some roles on each of some scopes to one principal, such as a managed identity.
  - A role that the principal has on something above a scope, it has on the scope, too; it is not given again.
  - A principal that was made a moment ago may be unknown for some seconds. The module tries until it is known.
options:
  principal_id:
    description:
      - The object id of the principal, such as RV(slurm.observability.azure_managed_identity#module:principal_id).
    type: str
    required: true
  principal_type:
    description: What the principal is. A managed identity is a V(ServicePrincipal).
    type: str
    choices: [ServicePrincipal, User, Group]
    default: ServicePrincipal
  roles:
    description:
      - The roles. Known by name are Monitoring Metrics Publisher, Monitoring Contributor, Log Analytics Contributor,
        Log Analytics Reader and Virtual Machine Contributor; others are given by the id of their definition.
    type: list
    elements: str
    required: true
  scopes:
    description: The ids of what the roles are for, such as data collection rules or a resource group.
    type: list
    elements: str
    required: true
  description:
    description: What new assignments are for.
    type: str
  state:
    description: Whether the principal is to have the roles. With V(absent) those on something above stay.
    type: str
    choices: [absent, present]
    default: present
extends_documentation_fragment:
  - slurm.observability.azure
attributes:
  diff_mode:
    description: Shows which role is given on which scope, of those that change.
    support: full
seealso:
  - module: slurm.observability.azure_role_assignment_info
"""

EXAMPLES = r"""
- name: Let the agent send to all rules of a resource group
  slurm.observability.azure_role_assignment:
    principal_id: "{{ agent.principal_id }}"
    roles: [Monitoring Metrics Publisher]
    scopes: ["/subscriptions/{{ subscription_id }}/resourceGroups/cluster"]
"""

RETURN = r"""
changes:
  description: The ids of the assignments that were made or removed.
  type: list
  elements: str
  returned: always
"""

from ansible_collections.slurm.observability.plugins.module_utils.azure import role_assignments as roles
from ansible_collections.slurm.observability.plugins.module_utils.azure.errors import ArmError, DocumentError
from ansible_collections.slurm.observability.plugins.module_utils.azure.module import AzureModule

ARGUMENTS = {
    "principal_id": {"type": "str", "required": True},
    "principal_type": {
        "type": "str",
        "choices": ["ServicePrincipal", "User", "Group"],
        "default": "ServicePrincipal",
    },
    "roles": {"type": "list", "elements": "str", "required": True},
    "scopes": {"type": "list", "elements": "str", "required": True},
    "description": {"type": "str"},
    "state": {"type": "str", "choices": ["absent", "present"], "default": "present"},
}


def assignments_at(module, client, scope):
    """Return the principal's assignments at a scope; in check mode, scope and principal may be still to be made."""
    principal = module.params["principal_id"]
    if module.check_mode and not principal:
        return []
    try:
        return roles.of_principal(client, scope, principal)
    except ArmError as error:
        if module.check_mode and error.status == 404:
            return []
        raise


def work(module):
    """Do what the options say; return the result."""
    params = module.params
    principal, present = params["principal_id"], params["state"] == "present"
    wanted = [roles.role_id(role) for role in params["roles"]]
    if not principal and not module.check_mode:
        raise DocumentError("principal_id is empty: whom is it about?")
    client = module.client()
    changes, lines = [], []
    for scope in (scope.rstrip("/") for scope in params["scopes"]):
        assignments = assignments_at(module, client, scope)
        for grant in (roles.Grant(scope, role, principal) for role in wanted):
            found = roles.there(assignments, grant, above=present)
            due = ([] if found else [grant.id]) if present else [assignment["id"] for assignment in found]
            changes += due
            lines += [f"{grant.role} on {scope}\n"] * bool(due)
            for identifier in [] if module.check_mode else due:
                if present:
                    body = grant.body(client.subscription, params["principal_type"], params["description"])
                    client.put(identifier, roles.API_VERSION, body, again_on=roles.NOT_KNOWN_YET)
                else:
                    client.delete(identifier, roles.API_VERSION)
    text = "".join(lines)
    return {
        "changed": bool(changes),
        "diff": {"before": "" if present else text, "after": text if present else ""},
        "changes": changes,
    }


def main():
    """Run the module."""
    module = AzureModule(ARGUMENTS)
    module.run(lambda: work(module))


if __name__ == "__main__":
    main()
