# -*- coding: utf-8 -*-
# Copyright: slurm.observability contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation that the modules have in common which show resources with a region and tags."""

from __future__ import annotations


class ModuleDocFragment:
    # What module_utils/azure/tracked.py has in INFO_ARGUMENTS.
    DOCUMENTATION = r"""
options:
  resource_group:
    description: The resource group. Required with O(name); without either, all of the subscription are shown.
    type: str
  name:
    description: The name, to show one only.
    type: str
attributes:
  diff_mode:
    description: Changes nothing.
    support: none
"""
