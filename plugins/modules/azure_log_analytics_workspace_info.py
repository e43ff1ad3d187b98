#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: slurm.observability contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Show Log Analytics workspaces."""

from __future__ import annotations

DOCUMENTATION = r"""
module: azure_log_analytics_workspace_info
short_description: Show Log Analytics workspaces
version_added: 0.1.0
author: slurm.observability contributors (@slurm-observability)
description:
  - Shows one workspace, those of a resource group, or those of the subscription.
options:
  resource_group:
    description: The resource group. Required with O(name); without either, all of the subscription are shown.
    type: str
  name:
    description: The name of one workspace.
    type: str
extends_documentation_fragment:
  - slurm.observability.azure
attributes:
  diff_mode:
    description: Changes nothing.
    support: none
seealso:
  - module: slurm.observability.azure_log_analytics_query_info
  - module: slurm.observability.azure_loganalytics_table
"""

EXAMPLES = r"""
- name: Show where the workspace is, and the id by which it is asked
  slurm.observability.azure_log_analytics_workspace_info:
    resource_group: cluster
    name: logs
"""

RETURN = r"""
workspaces:
  description: The workspaces, as Azure describes them. A workspace that is not there is not in the list.
  type: list
  elements: dict
  returned: always
"""

from ansible_collections.slurm.observability.plugins.module_utils.azure import workspaces
from ansible_collections.slurm.observability.plugins.module_utils.azure.module import AzureModule
from ansible_collections.slurm.observability.plugins.module_utils.azure.tracked import INFO_ARGUMENTS, found


def main():
    """Run the module."""
    module = AzureModule(INFO_ARGUMENTS, required_by={"name": "resource_group"})
    module.run(lambda: {"changed": False, "workspaces": found(module.client(), module.params, workspaces)})


if __name__ == "__main__":
    main()
