# -*- coding: utf-8 -*-
# Copyright: slurm.observability contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the options that choose machines and scale sets."""

from __future__ import annotations


class ModuleDocFragment:
    # What module_utils/azure/targets.py has in ARGUMENTS.
    DOCUMENTATION = r"""
options:
  virtual_machines:
    description: Virtual machines, by name or id.
    type: list
    elements: str
    default: []
  scale_sets:
    description: Scale sets of either orchestration, by name or id.
    type: list
    elements: str
    default: []
  scale_set_tags:
    description:
      - Takes all scale sets that have all of these tags, in O(target_resource_group), or in the whole subscription
        when that is not set.
      - A scheduler that makes and removes scale sets, such as CycleCloud, is better served by this than by names.
    type: dict
    default: {}
  target_resource_group:
    description: The resource group of what is given by its name.
    type: str
"""

    # What it has in ARC_ARGUMENTS.
    ARC = r"""
options:
  arc_machines:
    description: Machines outside of Azure that Azure Arc manages, by name or id.
    type: list
    elements: str
    default: []
"""

    # What module_utils/azure/many.py has in ARGUMENTS.
    PARALLEL = r"""
options:
  parallel:
    description: How many requests may be under way at a time.
    type: int
    default: 8
"""
