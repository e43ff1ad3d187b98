#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: slurm.observability contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Show saved queries of a Log Analytics workspace."""

from __future__ import annotations

DOCUMENTATION = r"""
module: azure_log_analytics_saved_query_info
short_description: Show saved queries of a Log Analytics workspace
version_added: 0.1.0
author: slurm.observability contributors (@slurm-observability)
description:
  - Shows one saved query of a workspace, or all of them.
options:
  name:
    description: The name of one query.
    type: str
extends_documentation_fragment:
  - slurm.observability.azure
  - slurm.observability.azure_workspace
attributes:
  diff_mode:
    description: Changes nothing.
    support: none
seealso:
  - module: slurm.observability.azure_log_analytics_saved_query
"""

EXAMPLES = r"""
- name: Show the queries of a workspace
  slurm.observability.azure_log_analytics_saved_query_info:
    resource_group: cluster
    workspace: logs
"""

RETURN = r"""
saved_queries:
  description: The queries, as Azure describes them. A query that is not there is not in the list.
  type: list
  elements: dict
  returned: always
"""

from ansible_collections.slurm.observability.plugins.module_utils.azure import saved_queries, workspaces
from ansible_collections.slurm.observability.plugins.module_utils.azure.module import AzureModule


def main():
    """Run the module."""
    module = AzureModule({**workspaces.ARGUMENTS, "name": {"type": "str"}})
    module.run(
        lambda: {"changed": False, "saved_queries": workspaces.found(module.client(), module.params, saved_queries)}
    )


if __name__ == "__main__":
    main()
