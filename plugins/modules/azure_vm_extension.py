#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: slurm.observability contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Install extensions, such as the Azure Monitor Agent, on virtual machines and scale sets."""

from __future__ import annotations

DOCUMENTATION = r"""
module: azure_vm_extension
short_description: Install extensions, such as the Azure Monitor Agent, on virtual machines and scale sets
version_added: 0.1.0
author: slurm.observability contributors (@slurm-observability)
description:
  - Makes an extension part of virtual machines and scale sets, waits until Azure has installed it, and fails when
    that fails. One task does it for many.
  - In a scale set of flexible orchestration, the set gets it for instances to come, and each instance that is there.
  - In a scale set of uniform orchestration whose upgrade policy is Manual, instances that are there get it only with
    O(update_instances).
  - Unless options say otherwise, the extension is the Azure Monitor Agent for Linux.
options:
  name:
    description: The name of the extension on the machine.
    type: str
    default: AzureMonitorLinuxAgent
  publisher:
    description: Who publishes the extension.
    type: str
    default: Microsoft.Azure.Monitor
  type:
    description: The type of the extension.
    type: str
    default: AzureMonitorLinuxAgent
  type_handler_version:
    description:
      - The version, major and minor. A later minor version to which Azure has raised it by itself will do.
      - Version 1.36.1 of the agent is the first to read text logs on aarch64.
    type: str
    default: "1.36"
  auto_upgrade_minor_version:
    description: Whether the newest minor version is taken when the extension is installed.
    type: bool
    default: true
  enable_automatic_upgrade:
    description: Whether Azure upgrades the extension by itself later on.
    type: bool
    default: true
  user_assigned_identity:
    description:
      - The id of the managed identity with which the agent signs in. It is written to the settings of the extension.
      - An agent that is not told asks for the default identity, which fails on a machine with several.
    type: str
  assign_identity:
    description: Whether machines and scale sets without O(user_assigned_identity) get it. They keep those they have.
    type: bool
    default: true
  settings:
    description: Settings of the extension that everybody may read.
    type: dict
  protected_settings:
    description:
      - Settings of the extension that only the machine may read.
      - Azure never shows them, so a change of these alone is not seen. Change O(force_update_tag) with them.
    type: dict
  force_update_tag:
    description: Any text. When it changes, the extension is run again with the same settings.
    type: str
  provision_after_extensions:
    description: Names of extensions that have to be installed before this one.
    type: list
    elements: str
  suppress_failures:
    description: Whether the machine is in order although the extension failed.
    type: bool
  update_instances:
    description:
      - Whether the instances of a uniform scale set with the upgrade policy Manual get the set's latest model. This
        brings them everything that the model has and they do not. A new image restarts them from that image.
      - Without it, how many instances wait for it is told in a warning.
    type: bool
    default: false
  state:
    description: Whether the extension is to be there. With V(absent) the identity stays.
    type: str
    choices: [absent, present]
    default: present
extends_documentation_fragment:
  - slurm.observability.azure
  - slurm.observability.azure_targets
  - slurm.observability.azure_targets.parallel
attributes:
  diff_mode:
    description: Shows the extension before and after, on each machine and scale set where it changes.
    support: full
seealso:
  - module: slurm.observability.azure_vm_extension_info
"""

EXAMPLES = r"""
- name: Install the agent on the scheduler and all nodes
  slurm.observability.azure_vm_extension:
    virtual_machines: [scheduler]
    scale_set_tags: {ClusterName: ndv5}
    target_resource_group: cluster
    user_assigned_identity: "{{ identity_id }}"
"""

RETURN = r"""
targets:
  description: The ids of the machines and scale sets that have the extension now, or no more.
  type: list
  elements: str
  returned: always
changes:
  description: What was done.
  type: list
  elements: str
  returned: always
  sample: ["extension of /subscriptions/.../virtualMachines/scheduler"]
instances_behind:
  description: How many instances of each scale set do not have the set's latest model, by the id of the set.
  type: dict
  returned: always
"""

from ansible_collections.slurm.observability.plugins.module_utils.azure import extensions, many, targets
from ansible_collections.slurm.observability.plugins.module_utils.azure.module import AzureModule
from ansible_collections.slurm.observability.plugins.module_utils.azure.schema import comparable

# What Azure answers while it still works on the machine.
BUSY = ("Conflict", "OperationNotAllowedDuringUpdate")

ARGUMENTS = {
    "name": {"type": "str", "default": "AzureMonitorLinuxAgent"},
    "publisher": {"type": "str", "default": "Microsoft.Azure.Monitor"},
    "type": {"type": "str", "default": "AzureMonitorLinuxAgent"},
    "type_handler_version": {"type": "str", "default": "1.36"},
    "auto_upgrade_minor_version": {"type": "bool", "default": True},
    "enable_automatic_upgrade": {"type": "bool", "default": True},
    "user_assigned_identity": {"type": "str"},
    "assign_identity": {"type": "bool", "default": True},
    "settings": {"type": "dict"},
    "protected_settings": {"type": "dict", "no_log": True},
    "force_update_tag": {"type": "str"},
    "provision_after_extensions": {"type": "list", "elements": "str"},
    "suppress_failures": {"type": "bool"},
    "update_instances": {"type": "bool", "default": False},
    "state": {"type": "str", "choices": ["absent", "present"], "default": "present"},
}


class Installation:
    """The extension on one machine or scale set: as it is, and as it is to be."""

    def __init__(self, client, target, params):
        self.client = client
        self.target = target
        self.path = extensions.path(target, params["name"])
        self.name = params["name"]
        self.existing = client.get_settled(self.path, extensions.API_VERSION)
        identity = params["user_assigned_identity"]
        self.wanted = self.identity = None
        if params["state"] == "present":
            self.wanted = extensions.merged(self.existing, extensions.properties(params))
            if identity and not extensions.has_identity(target, identity):
                self.identity = identity

    @property
    def changes(self):
        """What is to be done, in words."""
        if self.wanted is None:
            differs = self.existing is not None
        else:
            differs = extensions.differs(self.existing, self.wanted)
        steps = {"identity": self.identity is not None, "extension": differs}
        return [f"{step} of {self.target.id}" for step, needed in steps.items() if needed]

    @property
    def difference(self):
        """The properties before and after, without secrets."""
        before = (self.existing or {}).get("properties")
        return (comparable(document, extensions.PROPERTIES) or {} for document in (before, self.wanted))

    def carry_out(self):
        """Make it so."""
        if self.wanted is None:
            self.client.delete(self.path, extensions.API_VERSION)
            return
        if self.identity:
            patch = extensions.identity_patch(self.target, self.identity)
            self.client.put(self.target.id, extensions.API_VERSION, patch, method="PATCH", again_on=BUSY)
        if extensions.differs(self.existing, self.wanted):
            body = extensions.body(self.target, self.name, self.wanted)
            self.client.put(self.path, extensions.API_VERSION, body, again_on=BUSY)


def follow_up(module, client, machines):
    """Give instances the latest model where that is done by hand; return what was done, and how many still wait."""
    changes, waiting = [], {}
    for scale_set in filter(lambda target: target.is_upgraded_by_hand, machines):
        behind = extensions.instances_behind(client, scale_set)
        if behind and module.params["update_instances"]:
            changes.append(f"{len(behind)} instances of {scale_set.id}")
            if not module.check_mode:
                extensions.update_instances(client, scale_set, behind)
        elif behind:
            waiting[scale_set.id] = len(behind)
            module.warn(
                f"{len(behind)} instances of {scale_set.id} do not have its latest model, and so perhaps not the "
                "extension: see update_instances"
            )
    return changes, waiting


def work(module):
    """Do what the options say; return the result."""
    params = module.params
    client = module.client()
    machines = targets.Estate(client).installable(params)
    if params["state"] == "present" and params["user_assigned_identity"] and not params["assign_identity"]:
        extensions.refuse_without_identity(machines, params["user_assigned_identity"])
    if not machines:
        module.warn("no machine and no scale set is what the options ask for")
    found = many.each(machines, lambda target: Installation(client, target, params), params["parallel"])
    due = [installation for installation in found if installation.changes]
    differences = {installation.target.id: list(installation.difference) for installation in due}
    changes = [change for installation in due for change in installation.changes]
    if not module.check_mode:
        many.each(due, lambda installation: installation.carry_out(), params["parallel"])
    updates, waiting = follow_up(module, client, machines)
    return {
        "changed": bool(changes or updates),
        "diff": {
            "before": {target: before for target, (before, _after) in differences.items()},
            "after": {target: after for target, (_before, after) in differences.items()},
        },
        "targets": [target.id for target in machines],
        "changes": changes + updates,
        "instances_behind": waiting,
    }


def main():
    """Run the module."""
    module = AzureModule({**targets.ARGUMENTS, **many.ARGUMENTS, **ARGUMENTS})
    module.run(lambda: work(module))


if __name__ == "__main__":
    main()
