#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: slurm.observability contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask a Log Analytics workspace a query."""

from __future__ import annotations

DOCUMENTATION = r"""
module: azure_log_analytics_query_info
short_description: Ask a Log Analytics workspace a query
version_added: 0.1.0
author: slurm.observability contributors (@slurm-observability)
description:
  - Asks one query, in the Kusto query language, and returns the rows. It needs the role Log Analytics Reader.
options:
  customer_id:
    description:
      - The id by which the workspace is asked, C(properties.customerId) of what
        M(slurm.observability.azure_log_analytics_workspace_info) shows. The portal calls it the workspace id.
    type: str
    required: true
  query:
    description: The query.
    type: str
    required: true
  query_endpoint:
    description:
      - The address of the service that answers queries, in the place of that of O(cloud_environment).
      - Also read from E(AZURE_LOG_ANALYTICS_ENDPOINT).
    type: str
extends_documentation_fragment:
  - slurm.observability.azure
attributes:
  diff_mode:
    description: Changes nothing.
    support: none
seealso:
  - module: slurm.observability.azure_log_analytics_workspace_info
  - module: slurm.observability.azure_log_analytics_saved_query
"""

EXAMPLES = r"""
- name: Count the lines of slurmd by computer
  slurm.observability.azure_log_analytics_query_info:
    customer_id: "{{ workspace.properties.customerId }}"
    query: |
      slurmd_raw_CL
      | where TimeGenerated > ago(1h)
      | summarize Rows = count() by Computer
"""

RETURN = r"""
rows:
  description: The rows of the answer, each a dictionary from the name of a column to its value.
  type: list
  elements: dict
  returned: always
"""

from ansible.module_utils.basic import env_fallback
from ansible_collections.slurm.observability.plugins.module_utils.azure.module import AzureModule

ARGUMENTS = {
    "customer_id": {"type": "str", "required": True},
    "query": {"type": "str", "required": True},
    "query_endpoint": {"type": "str", "fallback": (env_fallback, ["AZURE_LOG_ANALYTICS_ENDPOINT"])},
}


def work(module):
    """Ask; return the result."""
    params = module.params
    client = module.query_client(params["query_endpoint"])
    path = f"/v1/workspaces/{params['customer_id']}/query"
    answer = client.post(path, None, {"query": params["query"]}) or {}
    tables = answer.get("tables") or [{"columns": [], "rows": []}]
    names = [column["name"] for column in tables[0]["columns"]]
    rows = [dict(zip(names, row)) for row in tables[0]["rows"]]  # noqa: B905  # Python 3.9 has no strict
    return {"changed": False, "rows": rows}


def main():
    """Run the module."""
    module = AzureModule(ARGUMENTS)
    module.run(lambda: work(module))


if __name__ == "__main__":
    main()
