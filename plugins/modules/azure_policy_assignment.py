#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: slurm.observability contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Assign Azure policies, such as the one that associates new machines with a data collection rule."""

from __future__ import annotations

DOCUMENTATION = r"""
module: azure_policy_assignment
short_description: Assign Azure policies, such as the one that associates new machines with a data collection rule
version_added: 0.1.0
author: slurm.observability contributors (@slurm-observability)
description:
  - With the built-in policy that this module assigns by default, Azure itself associates Linux machines with a data
    collection rule, those that are born after any run, too. It is the way for scale sets of flexible orchestration
    that nobody wants to run a playbook for.
  - A policy that changes something does so with an identity of its own, RV(principal_id). It needs roles before it
    can, for the default policy Monitoring Contributor and Log Analytics Contributor on O(scope), see
    M(slurm.observability.azure_role_assignment).
  - Machines that are there when the policy is assigned are the business of the other modules; a policy reaches these
    only by a remediation task.
options:
  name:
    description: The name of the assignment, at most 64 characters.
    type: str
    required: true
  scope:
    description: The id of what the policy is for, such as a resource group or the subscription.
    type: str
    required: true
  policy_definition:
    description: The policy, by the GUID of a built-in one or by its id.
    type: str
    default: 2ea82cdd-f2e8-4500-af75-67a2e084ca74
  parameters:
    description: The parameters of the policy. That of the default policy is C(dcrResourceId), the id of the rule.
    type: dict
  display_name:
    description: What the assignment is called for people.
    type: str
  description:
    description: What the assignment is for.
    type: str
  enforce:
    description: Whether the policy acts, or only tells what it would do.
    type: bool
    default: true
  not_scopes:
    description: The ids of what below O(scope) the policy leaves out.
    type: list
    elements: str
  location:
    description: The region of the assignment's identity. Required for O(state=present); Azure does not change it.
    type: str
  state:
    description: Whether the policy is to be assigned. With V(absent), associations that it made stay.
    type: str
    choices: [absent, present]
    default: present
extends_documentation_fragment:
  - slurm.observability.azure
attributes:
  diff_mode:
    description: Shows the assignment before and after.
    support: full
seealso:
  - module: slurm.observability.azure_policy_assignment_info
  - module: slurm.observability.azure_data_collection_rule_association
"""

EXAMPLES = r"""
- name: Let Azure associate all machines of a resource group with a rule, also those to come
  slurm.observability.azure_policy_assignment:
    name: slurmd-logs
    scope: "/subscriptions/{{ subscription_id }}/resourceGroups/cluster-nodes"
    location: uksouth
    parameters:
      dcrResourceId: "{{ rule.id }}"
"""

RETURN = r"""
assignment:
  description: The assignment, as Azure describes it; in check mode, as it would be sent. Empty when there is none.
  type: dict
  returned: always
id:
  description: The id of the assignment.
  type: str
  returned: always
principal_id:
  description: The principal that needs roles. Empty for an assignment that check mode did not make.
  type: str
  returned: always
"""

from ansible_collections.slurm.observability.plugins.module_utils.azure import policy_assignments as policies
from ansible_collections.slurm.observability.plugins.module_utils.azure import tracked
from ansible_collections.slurm.observability.plugins.module_utils.azure.module import AzureModule
from ansible_collections.slurm.observability.plugins.module_utils.azure.schema import (
    comparable,
    fold_location,
    writable,
)

ARGUMENTS = {
    "name": {"type": "str", "required": True},
    "scope": {"type": "str", "required": True},
    "policy_definition": {"type": "str", "default": policies.ASSOCIATE_LINUX_MACHINES},
    "parameters": {"type": "dict"},
    "display_name": {"type": "str"},
    "description": {"type": "str"},
    "enforce": {"type": "bool", "default": True},
    "not_scopes": {"type": "list", "elements": "str"},
    "location": {"type": "str"},
    "state": {"type": "str", "choices": ["absent", "present"], "default": "present"},
}


def given(params):
    """Return what the options say, as Azure spells it."""
    definition = params["policy_definition"]
    values = params["parameters"]
    properties = {
        "policyDefinitionId": definition if definition.startswith("/") else policies.DEFINITIONS + definition,
        "enforcementMode": "Default" if params["enforce"] else "DoNotEnforce",
        "parameters": None if values is None else {name: {"value": value} for name, value in values.items()},
        "displayName": params["display_name"],
        "description": params["description"],
        "notScopes": params["not_scopes"],
    }
    return {key: value for key, value in properties.items() if value is not None}


def wanted_document(params, existing):
    """Return what the assignment is to be; what is not given stays as it is."""
    base = writable(existing or {}, policies.SCHEMA)
    return {
        "identity": {"type": "SystemAssigned"},
        **base,
        "location": fold_location(params["location"]),
        "properties": {**base.get("properties", {}), **given(params)},
    }


def work(module):
    """Do what the options say; return the result."""
    params = module.params
    client = module.client()
    path = f"{params['scope'].rstrip('/')}/providers/{policies.TYPE}/{params['name']}"
    existing = client.get(path, policies.API_VERSION)
    wanted = wanted_document(params, existing) if params["state"] == "present" else None
    if wanted:
        tracked.refuse_to_move("assignment", existing, wanted)
    changed = comparable(existing, policies.SCHEMA) != comparable(wanted, policies.SCHEMA)
    after = {**(existing or {}), **wanted} if changed and wanted else (existing if wanted else None)
    if changed and not module.check_mode:
        if wanted:
            after = client.put(path, policies.API_VERSION, wanted)
        else:
            client.delete(path, policies.API_VERSION)
    return {
        "changed": changed,
        "diff": tracked.difference(existing, after, policies.SCHEMA),
        "assignment": after or {},
        "id": path,
        "principal_id": (after or {}).get("identity", {}).get("principalId", ""),
    }


def main():
    """Run the module."""
    module = AzureModule(ARGUMENTS, required_if=[("state", "present", ["location"])])
    module.run(lambda: work(module))


if __name__ == "__main__":
    main()
