#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: slurm.observability contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Show data collection endpoints of Azure Monitor."""

from __future__ import annotations

DOCUMENTATION = r"""
module: azure_data_collection_endpoint_info
short_description: Show data collection endpoints of Azure Monitor
version_added: 0.1.0
author: slurm.observability contributors (@slurm-observability)
description:
  - Shows one data collection endpoint, those of a resource group, or those of the subscription.
extends_documentation_fragment:
  - slurm.observability.azure
  - slurm.observability.azure_tracked_info
seealso:
  - module: slurm.observability.azure_data_collection_endpoint
"""

EXAMPLES = r"""
- name: Show the endpoints of a resource group
  slurm.observability.azure_data_collection_endpoint_info:
    resource_group: cluster
"""

RETURN = r"""
endpoints:
  description: The endpoints, as Azure describes them. An endpoint that is not there is not in the list.
  type: list
  elements: dict
  returned: always
"""

from ansible_collections.slurm.observability.plugins.module_utils.azure import (
    data_collection_endpoints as endpoints,
)
from ansible_collections.slurm.observability.plugins.module_utils.azure.module import AzureModule
from ansible_collections.slurm.observability.plugins.module_utils.azure.tracked import INFO_ARGUMENTS, found


def main():
    """Run the module."""
    module = AzureModule(INFO_ARGUMENTS, required_by={"name": "resource_group"})
    module.run(lambda: {"changed": False, "endpoints": found(module.client(), module.params, endpoints)})


if __name__ == "__main__":
    main()
