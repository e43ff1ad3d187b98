#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: slurm.observability contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make, change and remove data collection endpoints of Azure Monitor."""

from __future__ import annotations

DOCUMENTATION = r"""
module: azure_data_collection_endpoint
short_description: Make, change and remove data collection endpoints of Azure Monitor
version_added: 0.1.0
author: slurm.observability contributors (@slurm-observability)
description:
  - A data collection endpoint is the address at which agents get their rules and logs come in. It is needed with
    private links, and by rules that take logs from programs and are not of kind Direct.
options:
  location:
    description: The region. Required for a new endpoint; Azure does not change it.
    type: str
  kind:
    description: The platform of the machines. Azure does not change it.
    type: str
    choices: [Linux, Windows]
  description:
    description: What the endpoint is for.
    type: str
  public_network_access:
    description: Whether the endpoint can be reached from the Internet.
    type: str
    choices: [Enabled, Disabled, SecuredByPerimeter]
extends_documentation_fragment:
  - slurm.observability.azure
  - slurm.observability.azure_tracked
attributes:
  diff_mode:
    description: Shows the endpoint before and after, without the differences that mean nothing to Azure.
    support: full
seealso:
  - module: slurm.observability.azure_data_collection_endpoint_info
"""

EXAMPLES = r"""
- name: Let logs in by a private link only
  slurm.observability.azure_data_collection_endpoint:
    resource_group: cluster
    name: cluster-logs
    location: uksouth
    public_network_access: Disabled
"""

RETURN = r"""
endpoint:
  description: The endpoint, as Azure describes it; in check mode, as it would be sent. Empty when there is none.
  type: dict
  returned: always
id:
  description: The id of the endpoint.
  type: str
  returned: always
logs_ingestion:
  description: The address at which logs come in. Empty for an endpoint that check mode did not make.
  type: str
  returned: always
configuration_access:
  description: The address at which agents get their rules. Empty for an endpoint that check mode did not make.
  type: str
  returned: always
"""

from ansible_collections.slurm.observability.plugins.module_utils.azure import (
    data_collection_endpoints as endpoints,
)
from ansible_collections.slurm.observability.plugins.module_utils.azure import tracked
from ansible_collections.slurm.observability.plugins.module_utils.azure.errors import DocumentError
from ansible_collections.slurm.observability.plugins.module_utils.azure.ids import resource_id
from ansible_collections.slurm.observability.plugins.module_utils.azure.module import AzureModule
from ansible_collections.slurm.observability.plugins.module_utils.azure.schema import comparable

ARGUMENTS = {
    "kind": {"type": "str", "choices": ["Linux", "Windows"]},
    "description": {"type": "str"},
    "public_network_access": {"type": "str", "choices": ["Enabled", "Disabled", "SecuredByPerimeter"]},
}


def given(params):
    """Return what the options say, as Azure spells it."""
    properties = {}
    if params["description"] is not None:
        properties["description"] = params["description"]
    if params["public_network_access"]:
        properties["networkAcls"] = {"publicNetworkAccess": params["public_network_access"]}
    return tracked.given(params, properties)


def present(module, client, existing, path):
    """Make the endpoint, or change what differs."""
    wanted = tracked.merged(existing, given(module.params), endpoints.SCHEMA, module.params["append_tags"])
    if "location" not in wanted:
        raise DocumentError("a new endpoint needs location")
    tracked.refuse_to_move("endpoint", existing, wanted)
    if comparable(existing, endpoints.SCHEMA) == comparable(wanted, endpoints.SCHEMA):
        return existing
    if module.check_mode:
        return {**(existing or {}), **wanted}
    return client.put(path, endpoints.API_VERSION, wanted)


def work(module):
    """Do what the options say; return the result."""
    params = module.params
    client = module.client()
    operations = client.monitor.data_collection_endpoints
    name = (params["resource_group"], params["name"])
    path = resource_id(client.subscription, params["resource_group"], endpoints.TYPE, params["name"])
    existing = after = client.ask(operations.get, *name, api_version=endpoints.API_VERSION)
    if params["state"] == "present":
        after = present(module, client, existing, path)
    elif existing is not None:
        after = None
        if not module.check_mode:
            client.ask(operations.delete, *name, api_version=endpoints.API_VERSION)
    properties = (after or {}).get("properties", {})
    return {
        "changed": comparable(existing, endpoints.SCHEMA) != comparable(after, endpoints.SCHEMA),
        "diff": tracked.difference(existing, after, endpoints.SCHEMA),
        "endpoint": after or {},
        "id": path,
        "logs_ingestion": properties.get("logsIngestion", {}).get("endpoint", ""),
        "configuration_access": properties.get("configurationAccess", {}).get("endpoint", ""),
    }


def main():
    """Run the module."""
    module = AzureModule({**tracked.ARGUMENTS, **ARGUMENTS})
    module.run(lambda: work(module))


if __name__ == "__main__":
    main()
