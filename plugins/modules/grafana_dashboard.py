#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: slurm.observability contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make, change and remove dashboards of Grafana."""

from __future__ import annotations

DOCUMENTATION = r"""
module: grafana_dashboard
short_description: Make, change and remove dashboards of Grafana
version_added: 0.1.0
author: slurm.observability contributors (@slurm-observability)
description:
  - Puts one dashboard, or a whole folder of files, into Grafana 9 to 13, Azure Managed Grafana or Grafana Cloud.
  - A dashboard is known by its uid. What Grafana adds by itself is not compared, so that a second run changes nothing.
  - All dashboards are read and looked at before the first of them is changed.
  - Files are read on the host that the module runs on. Delegate the task to C(localhost) for those of the control node.
options:
  path:
    description: A file with a dashboard, or a folder of which all files C(*.json) are dashboards.
    type: path
  url:
    description: Where a dashboard is downloaded from. The credential for Grafana is not sent there.
    type: str
  checksum:
    description: The SHA-256 that the download must have.
    type: str
  dashboard:
    description: The dashboard itself.
    type: dict
  uid:
    description:
      - The uid of the dashboard, in the place of its own.
      - A dashboard that has none gets one that is derived from the name of its file, or from its title where there is
        no file. Give the file another name, and it is another dashboard.
    type: str
  inputs:
    description:
      - What an exported dashboard takes for its C(__inputs), by name. That of a data source is the uid of one.
      - V(*) is for every data source that has no value of its own.
    type: dict
    default: {}
  folder_uid:
    description: The folder to put the dashboards into, by its uid.
    type: str
  folder:
    description:
      - The folder to put the dashboards into, by the titles that lead to it, such as V(Slurm/GPU). A slash in a title
        is written C(\\/). V(/) is for no folder.
      - Without this and O(folder_uid), new dashboards go into no folder, and others stay where they are.
    type: str
  commit_message:
    description: What the history of the dashboard says of the change.
    type: str
    default: Changed by Ansible
  overwrite:
    description:
      - Whether a dashboard is replaced that was changed in Grafana.
      - With V(false) it is replaced only when its C(version) in the document is the one that Grafana has, that is, when
        nobody has changed it since it was exported.
    type: bool
    default: true
  prune_tag:
    description:
      - A tag that all dashboards of this task have. Dashboards with it that are not among them are removed, from all
        folders. Not looked at with O(state=absent).
    type: str
  state:
    description: Whether the dashboards are to be there. With V(absent), O(uid) is enough.
    type: str
    choices: [absent, present]
    default: present
extends_documentation_fragment:
  - slurm.observability.grafana
  - slurm.observability.grafana_dashboards
attributes:
  diff_mode:
    description: Shows each dashboard before and after, without what Grafana adds by itself.
    support: full
seealso:
  - module: slurm.observability.grafana_dashboard_info
  - module: slurm.observability.grafana_folder
"""

EXAMPLES = r"""
- name: Put all dashboards of a folder into Grafana, and remove those that are no longer among them
  slurm.observability.grafana_dashboard:
    grafana_url: https://grafana.example.org
    token: "{{ grafana_token }}"
    path: "{{ playbook_dir }}/dashboards"
    folder: Slurm/GPU
    prune_tag: site-gpu
    commit_message: "{{ git_commit }}"
  delegate_to: localhost

- name: Import a dashboard of the community
  slurm.observability.grafana_dashboard:
    grafana_url: https://grafana.example.org
    token: "{{ grafana_token }}"
    url: https://grafana.com/api/dashboards/1860/revisions/45/download
    uid: node-exporter-full
    inputs:
      DS_PROMETHEUS: prometheus
  delegate_to: localhost

- name: Remove a dashboard
  slurm.observability.grafana_dashboard:
    grafana_url: https://grafana.example.org
    token: "{{ grafana_token }}"
    uid: node-exporter-full
    state: absent
  delegate_to: localhost
"""

RETURN = r"""
dashboards:
  description: The dashboards of this task, and those that were removed.
  type: list
  elements: dict
  returned: always
  contains:
    uid:
      description: The uid.
      type: str
    title:
      description: The title.
      type: str
    url:
      description: Where it is for people.
      type: str
    folder_uid:
      description: The folder that it is in; empty for none.
      type: str
    version:
      description: The version in Grafana. In check mode, the one before the change.
      type: int
    action:
      description: V(created), V(updated), V(deleted) or V(unchanged).
      type: str
api:
  description: The API that was used.
  type: str
  returned: always
  sample: /apis/dashboard.grafana.app/v1
"""

import re

from ansible_collections.slurm.observability.plugins.module_utils.grafana import dashboards, documents, folders, plan
from ansible_collections.slurm.observability.plugins.module_utils.grafana.errors import DocumentError
from ansible_collections.slurm.observability.plugins.module_utils.grafana.module import GrafanaModule

ARGUMENTS = {
    "path": {"type": "path"},
    "url": {"type": "str"},
    "checksum": {"type": "str"},
    "dashboard": {"type": "dict"},
    "uid": {"type": "str"},
    "inputs": {"type": "dict", "default": {}},
    "folder_uid": {"type": "str"},
    "folder": {"type": "str"},
    "commit_message": {"type": "str", "default": "Changed by Ansible"},
    "overwrite": {"type": "bool", "default": True},
    "prune_tag": {"type": "str"},
    "state": {"type": "str", "choices": ["absent", "present"], "default": "present"},
}

LONGEST_MESSAGE = 500


def find_folder(module, client):
    """Return the uid of the folder, None when none is named.

    In check mode a task before this one may have made it in words only; then its name stands for its uid.
    """
    uid, path = module.params["folder_uid"], module.params["folder"]
    try:
        return folders.resolve(client, uid, path)
    except DocumentError as error:
        if not module.check_mode:
            raise
        module.warn(f"{error}; check mode goes on as if that had been done")
        return uid or path


def number(version):
    """Return a version as numbers that can be compared."""
    return [int(digits) for digits in re.findall(r"\d+", version.split("-")[0])]


def warn_of_what_may_not_work(module, client, due):
    """Warn where a dashboard is taken by Grafana, and may not work there."""
    needy = [one for one in due if one.requires]
    health = client.get("/api/health") if needy else None
    running = (health or {}).get("version", "")  # Grafana, or a proxy before it, may be told to hide it
    for one in needy:
        if running and number(one.requires) > number(running):
            module.warn(f"{one.source} was made with Grafana {one.requires}, and this is {running}: look at it there")
    for one in due:
        if one.elements:
            module.warn(f"{one.source} has library panels, which are not made here: those that are missing stay empty")


def saves(module, client, api, wanted):
    """Return what is to be done for the dashboards that are wanted, and with those that are not among them."""
    params, strays = module.params, []
    if params["prune_tag"]:
        strays = plan.strays(dashboards.with_tag(client, params["prune_tag"]), wanted, params["prune_tag"])
    changes = plan.saves(api, wanted, find_folder(module, client), params["overwrite"])
    # The search may know a dashboard for a while that is gone.
    removals = [change for change in plan.removals(api, strays) if change.before]
    due = {change.uid for change in changes if change.action != "unchanged"}
    warn_of_what_may_not_work(module, client, [one for one in wanted if one.uid in due])
    return changes + removals


def work(module, client):
    """Do what the options say; return the result."""
    params = module.params
    if len(params["commit_message"]) > LONGEST_MESSAGE:
        raise DocumentError(f"commit_message has more than {LONGEST_MESSAGE} characters, which Grafana refuses")
    present = params["state"] == "present"
    named = documents.read(params) if present else documents.uids_of(params)
    api = dashboards.api(client, params["api"])
    changes = saves(module, client, api, named) if present else plan.removals(api, named)
    outcomes = [(change, change.before.version if change.before else 0) for change in changes]
    if not module.check_mode:
        outcomes = plan.carry_out(api, changes, params["commit_message"], params["overwrite"])
    due = [change for change in changes if change.action != "unchanged"]
    return {
        "changed": bool(due),
        "diff": [change.diff() for change in due],
        "dashboards": [describe(client, change, version) for change, version in outcomes],
        "api": api.name,
    }


def describe(client, change, version):
    """Return what is told of one dashboard."""
    return {
        "uid": change.uid,
        "title": change.title,
        "url": f"{client.address}/d/{change.uid}",
        "folder_uid": change.folder_uid,
        "version": version,
        "action": change.action,
    }


def main():
    """Run the module."""
    sources = ("path", "url", "dashboard")
    module = GrafanaModule(
        {**dashboards.ARGUMENTS, **ARGUMENTS},
        mutually_exclusive=[sources, ("folder_uid", "folder")],
        required_if=[
            ("state", "present", sources, True),
            ("state", "absent", (*sources, "uid"), True),
        ],
        required_by={"checksum": "url"},
    )
    module.run(lambda client: work(module, client))


if __name__ == "__main__":
    main()
