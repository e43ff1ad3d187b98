#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: slurm.observability contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Show tables of a Log Analytics workspace."""

from __future__ import annotations

DOCUMENTATION = r"""
module: azure_loganalytics_table_info
short_description: Show tables of a Log Analytics workspace
version_added: 0.1.0
author: slurm.observability contributors (@slurm-observability)
description:
  - Shows one table of a workspace, or all of them. A workspace has some hundreds of Azure's own.
options:
  name:
    description: The name of one table.
    type: str
extends_documentation_fragment:
  - slurm.observability.azure
  - slurm.observability.azure_workspace
attributes:
  diff_mode:
    description: Changes nothing.
    support: none
seealso:
  - module: slurm.observability.azure_loganalytics_table
"""

EXAMPLES = r"""
- name: Show how long the lines of slurmd are kept
  slurm.observability.azure_loganalytics_table_info:
    resource_group: cluster
    workspace: logs
    name: slurmd_raw_CL
"""

RETURN = r"""
tables:
  description: The tables, as Azure describes them. A table that is not there is not in the list.
  type: list
  elements: dict
  returned: always
"""

from ansible_collections.slurm.observability.plugins.module_utils.azure import tables, workspaces
from ansible_collections.slurm.observability.plugins.module_utils.azure.module import AzureModule


def main():
    """Run the module."""
    module = AzureModule({**workspaces.ARGUMENTS, "name": {"type": "str"}})
    module.run(lambda: {"changed": False, "tables": workspaces.found(module.client(), module.params, tables)})


if __name__ == "__main__":
    main()
