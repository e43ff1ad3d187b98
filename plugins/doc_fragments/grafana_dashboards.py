# -*- coding: utf-8 -*-
# Copyright: slurm.observability contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the option that the modules for dashboards have in common."""

from __future__ import annotations


class ModuleDocFragment:
    # What module_utils/grafana/dashboards.py has in ARGUMENTS.
    DOCUMENTATION = r"""
options:
  api:
    description:
      - Which of Grafana's APIs is used for dashboards.
      - V(auto) takes C(/apis/dashboard.grafana.app) where Grafana has it in the version C(v1) or C(v1beta1), as it does
        since Grafana 12, and C(/api) otherwise.
      - V(apis) fails where there is none. V(legacy) is C(/api) everywhere; with it, each run may change a dashboard
        that Grafana has brought to a newer schema.
    type: str
    choices: [auto, apis, legacy]
    default: auto
"""
