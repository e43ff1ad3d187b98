# -*- coding: utf-8 -*-
# Copyright: slurm.observability contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the options that name a Log Analytics workspace."""

from __future__ import annotations


class ModuleDocFragment:
    # What module_utils/azure/workspaces.py has in ARGUMENTS.
    DOCUMENTATION = r"""
options:
  resource_group:
    description: The resource group of the workspace.
    type: str
    required: true
  workspace:
    description: The workspace, by name or id.
    type: str
    required: true
"""
