# -*- coding: utf-8 -*-
# Copyright: slurm.observability contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Azure's clouds: where Resource Manager is, who signs in, and for which scope.

The addresses are those of azure.mgmt.core.tools and of azure-identity's AzureAuthorityHosts. Azure Stack and other
private clouds have their own: ``arm_endpoint`` and ``authority`` take the place of these.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Cloud:
    """A cloud. ``scope`` is what a token for Resource Manager is asked for; for queries of logs it is their address."""

    endpoint: str
    scope: str
    authority: str
    query_endpoint: str


CLOUDS = {
    "AzureCloud": Cloud(
        "https://management.azure.com",
        "https://management.azure.com/.default",
        "https://login.microsoftonline.com",
        "https://api.loganalytics.io",
    ),
    "AzureChinaCloud": Cloud(
        "https://management.chinacloudapi.cn",
        "https://management.chinacloudapi.cn/.default",
        "https://login.chinacloudapi.cn",
        "https://api.loganalytics.azure.cn",
    ),
    "AzureUSGovernment": Cloud(
        "https://management.usgovcloudapi.net",
        "https://management.core.usgovcloudapi.net/.default",
        "https://login.microsoftonline.us",
        "https://api.loganalytics.us",
    ),
}
