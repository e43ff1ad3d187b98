#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: slurm.observability contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make, change and remove tables of a Log Analytics workspace."""

from __future__ import annotations

DOCUMENTATION = r"""
module: azure_loganalytics_table
short_description: Make, change and remove tables of a Log Analytics workspace
version_added: 0.1.0
author: slurm.observability contributors (@slurm-observability)
description:
  - Makes custom tables, and sets plan and retention of these and of Azure's own.
  - Azure works on a table after it has taken a change on. The module waits for the end of that work, and fails when
    the work fails.
  - No column is dropped unless O(drop_columns) says so. Azure drops what is missing in a new list of columns.
options:
  name:
    description: The name of the table. That of a custom table ends in C(_CL).
    type: str
    required: true
  columns:
    description:
      - The columns of a custom table. C(TimeGenerated) of the type V(dateTime) must be among them.
      - Without this option the columns of a table stay as they are.
    type: list
    elements: dict
    suboptions:
      name:
        description: The name of the column.
        type: str
        required: true
      type:
        description: The type of the values, in any case. Azure does not change the type of a column.
        type: str
        required: true
      data_type_hint:
        description: What kind of text the values are.
        type: str
        choices: [uri, guid, armPath, ip]
      display_name:
        description: What the column is called for people.
        type: str
      description:
        description: What is in the column.
        type: str
  drop_columns:
    description:
      - Whether columns that the table has and O(columns) does not are dropped, with their data.
      - They are kept otherwise, and named in RV(kept_columns).
    type: bool
    default: false
  plan:
    description:
      - How the table is paid for and what can be asked of it. The queries of the plans V(Basic) and V(Auxiliary) are
        of one table, without C(join).
      - A new table is V(Analytics), unless this says otherwise. Azure knows no way from or to V(Auxiliary).
    type: str
    choices: [Analytics, Basic, Auxiliary]
  retention_in_days:
    description: For how many days queries find the rows, V(4) to V(730). V(-1) for what the workspace has.
    type: int
  total_retention_in_days:
    description: For how many days the rows are kept in all, V(4) to V(4383). V(-1) for as long as queries find them.
    type: int
  display_name:
    description: What the table is called for people.
    type: str
  description:
    description: What is in the table.
    type: str
  lint:
    description: Whether names, types, plan and retention are checked here before the table is sent.
    type: bool
    default: true
  state:
    description: Whether the table is to be there. With V(absent) it is removed with its rows.
    type: str
    choices: [absent, present]
    default: present
extends_documentation_fragment:
  - slurm.observability.azure
  - slurm.observability.azure_workspace
attributes:
  diff_mode:
    description: Shows what can be set of the table, before and after.
    support: full
seealso:
  - module: slurm.observability.azure_loganalytics_table_info
  - module: slurm.observability.azure_data_collection_rule
"""

EXAMPLES = r"""
- name: Make a table for the lines of slurmd
  slurm.observability.azure_loganalytics_table:
    resource_group: cluster
    workspace: logs
    name: slurmd_raw_CL
    retention_in_days: 30
    total_retention_in_days: 90
    columns:
      - {name: TimeGenerated, type: dateTime}
      - {name: RawData, type: string}
      - {name: Computer, type: string}
      - {name: FilePath, type: string}
"""

RETURN = r"""
table:
  description: The table, as Azure describes it; in check mode, as it would be sent. Empty when there is none.
  type: dict
  returned: always
id:
  description: The id of the table.
  type: str
  returned: always
dropped_columns:
  description: The columns that were dropped.
  type: list
  elements: str
  returned: always
kept_columns:
  description: The columns that the table has and O(columns) does not.
  type: list
  elements: str
  returned: always
"""

from ansible_collections.slurm.observability.plugins.module_utils.azure import tables, workspaces
from ansible_collections.slurm.observability.plugins.module_utils.azure.errors import DocumentError, refuse
from ansible_collections.slurm.observability.plugins.module_utils.azure.module import AzureModule
from ansible_collections.slurm.observability.plugins.module_utils.azure.schema import comparable, to_arm
from ansible_collections.slurm.observability.plugins.module_utils.azure.table_lint import lint_table

ARGUMENTS = {
    "name": {"type": "str", "required": True},
    "columns": {
        "type": "list",
        "elements": "dict",
        "options": {
            "name": {"type": "str", "required": True},
            "type": {"type": "str", "required": True},
            "data_type_hint": {"type": "str", "choices": ["uri", "guid", "armPath", "ip"]},
            "display_name": {"type": "str"},
            "description": {"type": "str"},
        },
    },
    "drop_columns": {"type": "bool", "default": False},
    "plan": {"type": "str", "choices": list(tables.PLANS)},
    "retention_in_days": {"type": "int"},
    "total_retention_in_days": {"type": "int"},
    "display_name": {"type": "str"},
    "description": {"type": "str"},
    "lint": {"type": "bool", "default": True},
    "state": {"type": "str", "choices": ["absent", "present"], "default": "present"},
}


def given(params):
    """Return what the options say, as Azure spells it."""
    schema = {name: params[name] for name in ("display_name", "description", "columns") if params[name] is not None}
    document = {name: params[name] for name in ("plan", "retention_in_days", "total_retention_in_days")}
    return to_arm({**document, "schema": schema or None}, tables.PROPERTIES, "the table")


def present(module, client, existing, path):
    """Make the table, or change what differs."""
    params = module.params
    plan = tables.plan(params["name"], existing, given(params), params["drop_columns"])
    if params["lint"] and (params["columns"] or params["name"].endswith("_CL")):  # Azure's own have rules of their own
        refuse(lint_table({"name": params["name"], "properties": plan.after}))
    if plan.dropped and plan.changed:
        module.warn(f"{params['name']} loses its columns {', '.join(plan.dropped)}, and what is in them")
    after = existing
    if plan.changed and module.check_mode:
        after = {**(existing or {}), "properties": plan.after}
    elif plan.changed:
        after = client.put(path, tables.API_VERSION, plan.body, method=plan.method)
    return {
        "changed": plan.changed,
        "diff": {"before": comparable(plan.before, tables.PROPERTIES) or {}, "after": plan.after},
        "table": after,
        "dropped_columns": plan.dropped,
        "kept_columns": plan.kept,
    }


def absent(module, client, existing, path):
    """Remove the table."""
    if existing is not None and not module.params["name"].endswith("_CL"):
        raise DocumentError(f"{module.params['name']} is a table of Azure's own, which cannot be removed")
    if existing is not None and not module.check_mode:
        client.delete(path, tables.API_VERSION)
    return {
        "changed": existing is not None,
        "diff": {"before": tables.settings(existing) or {}, "after": {}},
        "table": {},
        "dropped_columns": [],
        "kept_columns": [],
    }


def work(module):
    """Do what the options say; return the result."""
    params = module.params
    client = module.client()
    workspace = workspaces.identifier(client, params)
    path = tables.path(workspace, params["name"])
    existing = client.get_settled(path, tables.API_VERSION)
    if existing is None and params["state"] == "present":
        workspaces.get(client, workspace)  # a missing workspace looks the same as a missing table
    action = present if params["state"] == "present" else absent
    return {"id": path, **action(module, client, existing, path)}


def main():
    """Run the module."""
    module = AzureModule({**workspaces.ARGUMENTS, **ARGUMENTS})
    module.run(lambda: work(module))


if __name__ == "__main__":
    main()
