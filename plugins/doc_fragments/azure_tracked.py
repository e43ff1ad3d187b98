# -*- coding: utf-8 -*-
# Copyright: slurm.observability contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the options of a resource that has a region and tags."""

from __future__ import annotations


class ModuleDocFragment:
    # What module_utils/azure/tracked.py has in ARGUMENTS.
    DOCUMENTATION = r"""
options:
  resource_group:
    description: The resource group.
    type: str
    required: true
  name:
    description: The name.
    type: str
    required: true
  tags:
    description: Tags. Those that are there and not here are kept, unless O(append_tags=false).
    type: dict
  append_tags:
    description: Whether O(tags) is added to the tags that are there, or takes their place.
    type: bool
    default: true
  state:
    description: Whether it is to be there.
    type: str
    choices: [absent, present]
    default: present
"""
