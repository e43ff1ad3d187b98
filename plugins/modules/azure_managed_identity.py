#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: slurm.observability contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make, change and remove user-assigned managed identities."""

from __future__ import annotations

DOCUMENTATION = r"""
module: azure_managed_identity
short_description: Make, change and remove user-assigned managed identities
version_added: 0.1.0
author: slurm.observability contributors (@slurm-observability)
description:
  - The Azure Monitor Agent signs in with a managed identity of its machine. One that is user-assigned is the same on
    all machines, and new instances of a scale set are born with it.
options:
  location:
    description: The region. Required for a new identity; Azure does not change it.
    type: str
extends_documentation_fragment:
  - slurm.observability.azure
  - slurm.observability.azure_tracked
attributes:
  diff_mode:
    description: Shows the identity before and after.
    support: full
seealso:
  - module: slurm.observability.azure_managed_identity_info
  - module: slurm.observability.azure_role_assignment
"""

EXAMPLES = r"""
- name: Make an identity for the agent
  slurm.observability.azure_managed_identity:
    resource_group: cluster
    name: cluster-agent
    location: uksouth
  register: agent
"""

RETURN = r"""
identity:
  description: The identity, as Azure describes it; in check mode, as it would be sent. Empty when there is none.
  type: dict
  returned: always
id:
  description: The id of the identity.
  type: str
  returned: always
principal_id:
  description: The id by which roles are given to it. Empty for an identity that check mode did not make.
  type: str
  returned: always
client_id:
  description: The id by which a program on the machine asks for it. Empty as RV(principal_id).
  type: str
  returned: always
"""

from ansible_collections.slurm.observability.plugins.module_utils.azure import managed_identities as identities
from ansible_collections.slurm.observability.plugins.module_utils.azure import tracked
from ansible_collections.slurm.observability.plugins.module_utils.azure.errors import DocumentError
from ansible_collections.slurm.observability.plugins.module_utils.azure.ids import resource_id
from ansible_collections.slurm.observability.plugins.module_utils.azure.module import AzureModule
from ansible_collections.slurm.observability.plugins.module_utils.azure.schema import comparable


def present(module, client, existing, path):
    """Make the identity, or change its tags."""
    params = module.params
    wanted = tracked.merged(existing, tracked.given(params, {}), identities.SCHEMA, params["append_tags"])
    if "location" not in wanted:
        raise DocumentError("a new identity needs location")
    tracked.refuse_to_move("identity", existing, wanted)
    if comparable(existing, identities.SCHEMA) == comparable(wanted, identities.SCHEMA):
        return existing
    if module.check_mode:
        return {**(existing or {}), **wanted, "properties": (existing or {}).get("properties", {})}
    del wanted["properties"]  # all of them are Azure's own
    return client.put(path, identities.API_VERSION, wanted)


def work(module):
    """Do what the options say; return the result."""
    params = module.params
    client = module.client()
    path = resource_id(client.subscription, params["resource_group"], identities.TYPE, params["name"])
    existing = client.get(path, identities.API_VERSION)
    after = None
    if params["state"] == "present":
        after = present(module, client, existing, path)
    elif existing is not None and not module.check_mode:
        client.delete(path, identities.API_VERSION)
    properties = (after or {}).get("properties", {})
    return {
        "changed": comparable(existing, identities.SCHEMA) != comparable(after, identities.SCHEMA),
        "diff": tracked.difference(existing, after, identities.SCHEMA),
        "identity": after or {},
        "id": path,
        "principal_id": properties.get("principalId", ""),
        "client_id": properties.get("clientId", ""),
    }


def main():
    """Run the module."""
    module = AzureModule(tracked.ARGUMENTS)
    module.run(lambda: work(module))


if __name__ == "__main__":
    main()
