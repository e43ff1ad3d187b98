#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: slurm.observability contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make, change and remove data collection rules of Azure Monitor."""

from __future__ import annotations

DOCUMENTATION = r"""
module: azure_data_collection_rule
short_description: Make, change and remove data collection rules of Azure Monitor
version_added: 0.1.0
author: slurm.observability contributors (@slurm-observability)
description:
  - A data collection rule says which logs an agent reads, how they are transformed, and where they go.
  - The keys of sections are written as Azure does (C(transformKql)) or with underscores (C(transform_kql)). A key
    that Azure does not know is refused, with the nearest that it knows; Azure's SDK drops it without a word.
  - A section that is given takes the place of the one that is there. One that is not given stays as it is.
  - Before a rule is sent, its limits, streams and transformations are checked here, and that its workspaces are
    there, in the region of the rule, and have the tables that it writes to.
  - A table that was made a moment ago may be unknown to rules for some seconds. The rule is sent again until it is.
options:
  location:
    description: The region, which must be that of the workspace. Without it, a new rule gets that of its workspace.
    type: str
  kind:
    description:
      - The platform that the rule is for, or the purpose. Left out, a rule is for Linux and Windows.
      - Azure does not change the kind of a rule.
    type: str
    choices: [Linux, Windows, Direct, AgentSettings, PlatformTelemetry, WorkspaceTransforms]
  identity:
    description: The identity with which the rule reads and writes what needs one.
    type: dict
    suboptions:
      type:
        description: The kinds of identity.
        type: str
        choices: [None, SystemAssigned, UserAssigned, "SystemAssigned, UserAssigned"]
        required: true
      user_assigned_identities:
        description: Ids of user-assigned identities.
        type: list
        elements: str
        default: []
  description:
    description: What the rule is for.
    type: str
  data_collection_endpoint_id:
    description: The id of the data collection endpoint that the rule's data comes in by.
    type: str
  stream_declarations:
    description: The columns of custom streams, by the name of the stream.
    type: dict
  data_sources:
    description: What is read, by kind of source, such as C(logFiles) or C(syslog).
    type: dict
  destinations:
    description: Where data can go, by kind of destination, such as C(logAnalytics).
    type: dict
  data_flows:
    description: Which streams go to which destinations, through which transformation.
    type: list
    elements: dict
  references:
    description: What transformations look things up in.
    type: dict
  agent_settings:
    description: Settings of the agent, for a rule of O(kind=AgentSettings).
    type: dict
  lint:
    description: Whether the rule is checked here before it is sent.
    type: bool
    default: true
  delete_associations:
    description:
      - Whether, with O(state=absent), the associations of the rule are removed with it. A rule that has associations
        is not removed without this.
    type: bool
    default: false
extends_documentation_fragment:
  - slurm.observability.azure
  - slurm.observability.azure_tracked
attributes:
  diff_mode:
    description: Shows the rule before and after, without the differences that mean nothing to Azure.
    support: full
seealso:
  - module: slurm.observability.azure_data_collection_rule_info
  - module: slurm.observability.azure_loganalytics_table
  - module: slurm.observability.azure_data_collection_rule_association
"""

EXAMPLES = r"""
- name: Collect the log of slurmd
  slurm.observability.azure_data_collection_rule:
    resource_group: cluster
    name: slurmd_raw_dcr
    kind: Linux
    stream_declarations:
      Custom-Text-slurmd_raw_CL:
        columns:
          - {name: TimeGenerated, type: datetime}
          - {name: RawData, type: string}
          - {name: Computer, type: string}
          - {name: FilePath, type: string}
    data_sources:
      log_files:
        - name: slurmd
          streams: [Custom-Text-slurmd_raw_CL]
          file_patterns: [/var/log/slurmd/slurmd.log]
          format: text
    destinations:
      log_analytics:
        - name: logs
          workspace_resource_id: "{{ workspace_id }}"
    data_flows:
      - streams: [Custom-Text-slurmd_raw_CL]
        destinations: [logs]
        transform_kql: source
        output_stream: Custom-slurmd_raw_CL

- name: Remove it, and let no machine follow it any more
  slurm.observability.azure_data_collection_rule:
    resource_group: cluster
    name: slurmd_raw_dcr
    state: absent
    delete_associations: true
"""

RETURN = r"""
rule:
  description: The rule, as Azure describes it; in check mode, as it would be sent. Empty when there is none.
  type: dict
  returned: always
id:
  description: The id of the rule.
  type: str
  returned: always
immutable_id:
  description: The id by which data is sent to the rule. Empty for a rule that check mode did not make.
  type: str
  returned: always
  sample: dcr-00000000000000000000000000000000
endpoints:
  description: The addresses of a rule of kind Direct, C(logsIngestion) and C(metricsIngestion).
  type: dict
  returned: always
"""

from ansible_collections.slurm.observability.plugins.module_utils.azure import (
    data_collection_rules as rules,
)
from ansible_collections.slurm.observability.plugins.module_utils.azure import tracked, workspaces
from ansible_collections.slurm.observability.plugins.module_utils.azure.errors import DocumentError, refuse
from ansible_collections.slurm.observability.plugins.module_utils.azure.ids import resource_id
from ansible_collections.slurm.observability.plugins.module_utils.azure.module import AzureModule
from ansible_collections.slurm.observability.plugins.module_utils.azure.rule_lint import lint_rule
from ansible_collections.slurm.observability.plugins.module_utils.azure.schema import comparable, to_arm

# What Azure answers for some seconds after a table was made.
NOT_VISIBLE_YET = ("InvalidOutputTable",)

ARGUMENTS = {
    "kind": {"type": "str", "choices": list(rules.KINDS)},
    "identity": {
        "type": "dict",
        "options": {
            "type": {
                "type": "str",
                "choices": ["None", "SystemAssigned", "UserAssigned", "SystemAssigned, UserAssigned"],
                "required": True,
            },
            "user_assigned_identities": {"type": "list", "elements": "str", "default": []},
        },
    },
    "description": {"type": "str"},
    "data_collection_endpoint_id": {"type": "str"},
    "stream_declarations": {"type": "dict"},
    "data_sources": {"type": "dict"},
    "destinations": {"type": "dict"},
    "data_flows": {"type": "list", "elements": "dict"},
    "references": {"type": "dict"},
    "agent_settings": {"type": "dict"},
    "lint": {"type": "bool", "default": True},
    "delete_associations": {"type": "bool", "default": False},
}
SECTIONS = (
    "description",
    "data_collection_endpoint_id",
    "stream_declarations",
    "data_sources",
    "destinations",
    "data_flows",
    "references",
    "agent_settings",
)


def given(params):
    """Return what the options say, as Azure spells it; raises DocumentError for keys that Azure does not know."""
    sections = {name: params[name] for name in SECTIONS}
    document = tracked.given(params, to_arm(sections, rules.PROPERTIES, "the rule"))
    if params["identity"]:
        identities = {identifier: {} for identifier in params["identity"]["user_assigned_identities"]}
        document["identity"] = {"type": params["identity"]["type"]}
        if identities:
            document["identity"]["userAssignedIdentities"] = identities
    return document


def region_of_workspace(client, document):
    """Return the region of the first workspace that a rule sends to."""
    for destination in document["properties"].get("destinations", {}).get("logAnalytics", ()):
        return workspaces.get(client, destination.get("workspaceResourceId", ""))["location"]
    raise DocumentError("a new rule without a workspace among its destinations needs location")


def present(module, client, existing, path):
    """Make the rule, or change what differs."""
    wanted = tracked.merged(existing, given(module.params), rules.SCHEMA, module.params["append_tags"])
    if "location" not in wanted:
        wanted["location"] = region_of_workspace(client, wanted)
    tracked.refuse_to_move("rule", existing, wanted)
    if module.params["lint"]:
        refuse(lint_rule(wanted))
    if comparable(existing, rules.SCHEMA) == comparable(wanted, rules.SCHEMA):
        return existing
    columns = workspaces.check_destinations(client, wanted, tables_may_be_missing=module.check_mode)
    if module.check_mode:  # the tables may be others by then
        return {**(existing or {}), **wanted, "name": module.params["name"]}
    if module.params["lint"]:
        refuse(lint_rule(wanted, columns))
    return client.put(path, rules.API_VERSION, wanted, again_on=NOT_VISIBLE_YET)


def absent(module, client, existing, path):
    """Remove the rule."""
    if existing is None:
        return
    associations = list(client.list(path + "/associations", rules.API_VERSION))
    if associations and not module.params["delete_associations"]:
        raise DocumentError(
            f"{module.params['name']} has {len(associations)} associations, the first is {associations[0]['id']}: "
            "remove them before, or set delete_associations"
        )
    if not module.check_mode:
        client.delete(path, rules.API_VERSION, deleteAssociations=str(bool(associations)).lower())


def work(module):
    """Do what the options say; return the result."""
    params = module.params
    given(params)  # what is misspelled is told before anybody signs in
    client = module.client()
    path = resource_id(client.subscription, params["resource_group"], rules.TYPE, params["name"])
    existing = client.ask(
        client.monitor.data_collection_rules.get,
        params["resource_group"],
        params["name"],
        api_version=rules.API_VERSION,
    )
    if params["state"] == "present":
        after = present(module, client, existing, path)
    else:
        after = absent(module, client, existing, path)
    properties = (after or {}).get("properties", {})
    return {
        "changed": comparable(existing, rules.SCHEMA) != comparable(after, rules.SCHEMA),
        "diff": tracked.difference(existing, after, rules.SCHEMA),
        "rule": after or {},
        "id": path,
        "immutable_id": properties.get("immutableId", ""),
        "endpoints": properties.get("endpoints", {}),
    }


def main():
    """Run the module."""
    module = AzureModule({**tracked.ARGUMENTS, **ARGUMENTS})
    module.run(lambda: work(module))


if __name__ == "__main__":
    main()
