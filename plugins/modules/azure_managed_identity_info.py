#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: slurm.observability contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Show user-assigned managed identities."""

from __future__ import annotations

DOCUMENTATION = r"""
module: azure_managed_identity_info
short_description: Show user-assigned managed identities
version_added: 0.1.0
author: slurm.observability contributors (@slurm-observability)
description:
  - Shows one user-assigned managed identity, those of a resource group, or those of the subscription.
extends_documentation_fragment:
  - slurm.observability.azure
  - slurm.observability.azure_tracked_info
seealso:
  - module: slurm.observability.azure_managed_identity
"""

EXAMPLES = r"""
- name: Show the identities of a resource group
  slurm.observability.azure_managed_identity_info:
    resource_group: cluster
"""

RETURN = r"""
identities:
  description: The identities, as Azure describes them. An identity that is not there is not in the list.
  type: list
  elements: dict
  returned: always
"""

from ansible_collections.slurm.observability.plugins.module_utils.azure import (
    managed_identities as identities,
)
from ansible_collections.slurm.observability.plugins.module_utils.azure.module import AzureModule
from ansible_collections.slurm.observability.plugins.module_utils.azure.tracked import INFO_ARGUMENTS, found


def main():
    """Run the module."""
    module = AzureModule(INFO_ARGUMENTS, required_by={"name": "resource_group"})
    module.run(lambda: {"changed": False, "identities": found(module.client(), module.params, identities)})


if __name__ == "__main__":
    main()
