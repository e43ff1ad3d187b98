#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: slurm.observability contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make, change and remove saved queries of a Log Analytics workspace."""

from __future__ import annotations

DOCUMENTATION = r"""
module: azure_log_analytics_saved_query
short_description: Make, change and remove saved queries of a Log Analytics workspace
version_added: 0.1.0
author: slurm.observability contributors (@slurm-observability)
description:
  - A saved query is found in the portal by its category and name. One with a function alias can be called in other
    queries by that alias.
options:
  name:
    description: The name by which the query is found again here; people see O(display_name).
    type: str
    required: true
  category:
    description: The category. Required for O(state=present).
    type: str
  display_name:
    description: What the query is called for people. Required for O(state=present).
    type: str
  query:
    description: The query, in the Kusto query language. Required for O(state=present).
    type: str
  function_alias:
    description: The name by which other queries call this one.
    type: str
  function_parameters:
    description: The parameters of the function, such as V(start:datetime = datetime(2026-01-01\), node:string).
    type: str
  tags:
    description: Tags of the query.
    type: dict
  state:
    description: Whether the query is to be there.
    type: str
    choices: [absent, present]
    default: present
extends_documentation_fragment:
  - slurm.observability.azure
  - slurm.observability.azure_workspace
attributes:
  diff_mode:
    description: Shows the query before and after.
    support: full
seealso:
  - module: slurm.observability.azure_log_analytics_saved_query_info
"""

EXAMPLES = r"""
- name: Publish a query
  slurm.observability.azure_log_analytics_saved_query:
    resource_group: cluster
    workspace: logs
    name: slurmd-errors
    category: Slurm
    display_name: Errors of slurmd by node
    query: |
      slurmd_raw_CL
      | where RawData has "error"
      | summarize count() by Computer
"""

RETURN = r"""
saved_query:
  description: The query, as Azure describes it; in check mode, as it would be sent. Empty when there is none.
  type: dict
  returned: always
id:
  description: The id of the query.
  type: str
  returned: always
"""

from ansible_collections.slurm.observability.plugins.module_utils.azure import saved_queries, workspaces
from ansible_collections.slurm.observability.plugins.module_utils.azure.module import AzureModule
from ansible_collections.slurm.observability.plugins.module_utils.azure.schema import comparable

ARGUMENTS = {
    "name": {"type": "str", "required": True},
    "category": {"type": "str"},
    "display_name": {"type": "str"},
    "query": {"type": "str"},
    "function_alias": {"type": "str"},
    "function_parameters": {"type": "str"},
    "tags": {"type": "dict"},
    "state": {"type": "str", "choices": ["absent", "present"], "default": "present"},
}


def work(module):
    """Do what the options say; return the result."""
    params = module.params
    client = module.client()
    workspace = workspaces.identifier(client, params)
    path = saved_queries.path(workspace, params["name"])
    existing = client.get(path, saved_queries.API_VERSION)
    if existing is None and params["state"] == "present":
        workspaces.get(client, workspace)  # a missing workspace looks the same as a missing query
    before = (existing or {}).get("properties")
    wanted = {**(before or {}), **saved_queries.properties(params)} if params["state"] == "present" else None
    old, new = (comparable(properties, saved_queries.PROPERTIES) or {} for properties in (before, wanted))
    after = existing
    if old != new:
        after = wanted and {**(existing or {}), "properties": wanted}
        if not module.check_mode:
            after = change(client, path, existing, wanted)
    return {"changed": old != new, "diff": {"before": old, "after": new}, "saved_query": after or {}, "id": path}


def change(client, path, existing, wanted):
    """Make the query as it is wanted, or remove it for None; return what it is then."""
    if wanted is None:
        client.delete(path, saved_queries.API_VERSION)
        return None
    # An etag says that one that is there may be replaced; without it Azure refuses.
    body = {"properties": wanted, **({"etag": existing.get("etag", "*")} if existing else {})}
    return client.put(path, saved_queries.API_VERSION, body)


def main():
    """Run the module."""
    module = AzureModule(
        {**workspaces.ARGUMENTS, **ARGUMENTS},
        required_if=[("state", "present", ["category", "display_name", "query"])],
    )
    module.run(lambda: work(module))


if __name__ == "__main__":
    main()
