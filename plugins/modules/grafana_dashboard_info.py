#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: slurm.observability contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Show dashboards of Grafana."""

from __future__ import annotations

DOCUMENTATION = r"""
module: grafana_dashboard_info
short_description: Show dashboards of Grafana
version_added: 0.1.0
author: slurm.observability contributors (@slurm-observability)
description:
  - Shows one dashboard, those with a tag, or those in a folder, with their documents.
  - A document that was shown can be put into a file and given to M(slurm.observability.grafana_dashboard).
options:
  uid:
    description: The uid of one dashboard.
    type: str
  tag:
    description: A tag that the dashboards have.
    type: str
  folder_uid:
    description: The folder that the dashboards are in, by its uid.
    type: str
  folder:
    description: The folder that the dashboards are in, by the titles that lead to it. V(/) is for no folder.
    type: str
extends_documentation_fragment:
  - slurm.observability.grafana
  - slurm.observability.grafana_dashboards
attributes:
  diff_mode:
    description: Changes nothing.
    support: none
seealso:
  - module: slurm.observability.grafana_dashboard
"""

EXAMPLES = r"""
- name: Show a dashboard
  slurm.observability.grafana_dashboard_info:
    grafana_url: https://grafana.example.org
    token: "{{ grafana_token }}"
    uid: gpu-monitoring
  register: shown

- name: Keep what was changed in the browser
  ansible.builtin.copy:
    content: "{{ shown.dashboards[0].dashboard | ansible.builtin.to_nice_json }}"
    dest: "{{ playbook_dir }}/dashboards/gpu-monitoring.json"
    mode: "0644"
  delegate_to: localhost
"""

RETURN = r"""
dashboards:
  description: The dashboards. One that is not there is not in the list.
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
    folder_uid:
      description: The folder that it is in; empty for none.
      type: str
    version:
      description: The version in Grafana.
      type: int
    manager:
      description: What looks after it and undoes changes by others, such as file provisioning. Empty for nobody.
      type: str
    dashboard:
      description: The document, with uid and version.
      type: dict
"""

from ansible_collections.slurm.observability.plugins.module_utils.grafana import dashboards, folders
from ansible_collections.slurm.observability.plugins.module_utils.grafana.module import GrafanaModule

ARGUMENTS = {
    "uid": {"type": "str"},
    "tag": {"type": "str"},
    "folder_uid": {"type": "str"},
    "folder": {"type": "str"},
}


def uids(client, params):
    """Return the uids that the options name."""
    if params["uid"]:
        return [params["uid"]]
    if params["tag"]:
        hits = dashboards.with_tag(client, params["tag"])
    else:
        hits = dashboards.within(client, folders.resolve(client, params["folder_uid"], params["folder"]))
    return sorted(hit["uid"] for hit in hits)


def describe(found):
    """Return what is told of one dashboard."""
    return {
        "uid": found.uid,
        "title": found.content.get("title", ""),
        "folder_uid": found.folder_uid,
        "version": found.version,
        "manager": found.manager,
        "dashboard": {**found.content, "uid": found.uid, "version": found.version},
    }


def work(module, client):
    """Do what the options say; return the result."""
    api = dashboards.api(client, module.params["api"])
    found = [api.get(uid) for uid in uids(client, module.params)]
    return {"changed": False, "dashboards": [describe(one) for one in found if one]}


def main():
    """Run the module."""
    choices = ("uid", "tag", "folder_uid", "folder")
    module = GrafanaModule(
        {**dashboards.ARGUMENTS, **ARGUMENTS}, mutually_exclusive=[choices], required_one_of=[choices]
    )
    module.run(lambda client: work(module, client))


if __name__ == "__main__":
    main()
