#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: slurm.observability contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make, move and remove folders of Grafana."""

from __future__ import annotations

DOCUMENTATION = r"""
module: grafana_folder
short_description: Make, move and remove folders of Grafana
version_added: 0.1.0
author: slurm.observability contributors (@slurm-observability)
description:
  - Makes a folder for dashboards and alert rules, with those above it. Grafana has folders in folders since version 11.
options:
  path:
    description:
      - The titles that lead to the folder, such as V(Slurm/GPU). A slash in a title is written C(\\/).
      - Folders above it that are missing are made, too. With O(state=absent), O(uid) is enough.
    type: str
  uid:
    description:
      - The uid of the folder. A folder that has it is moved and gets the title that O(path) says.
      - Without it, the folder is found by O(path), and a new one gets a uid that Grafana chooses.
      - Grafana does not change a uid. Where the folder of the path has another one, the module fails.
    type: str
  force:
    description:
      - Whether a folder is removed with everything that is in it and below it, dashboards and alert rules.
      - Without it, a folder that is not empty stays, and the module fails.
    type: bool
    default: false
  state:
    description: Whether the folder is to be there.
    type: str
    choices: [absent, present]
    default: present
extends_documentation_fragment:
  - slurm.observability.grafana
attributes:
  diff_mode:
    description: Shows the path and the uid before and after.
    support: full
seealso:
  - module: slurm.observability.grafana_dashboard
"""

EXAMPLES = r"""
- name: Make a folder for the dashboards of GPUs
  slurm.observability.grafana_folder:
    grafana_url: https://grafana.example.org
    token: "{{ grafana_token }}"
    path: Slurm/GPU
    uid: slurm-gpu
  delegate_to: localhost
"""

RETURN = r"""
folder:
  description: The folder, as Grafana describes it; in check mode, as it would be asked for. Empty when there is none.
  type: dict
  returned: always
uid:
  description: The uid of the folder. Empty when there is none, or when check mode does not know it.
  type: str
  returned: always
"""

from ansible_collections.slurm.observability.plugins.module_utils.grafana import folders, uids
from ansible_collections.slurm.observability.plugins.module_utils.grafana.errors import DocumentError, refuse
from ansible_collections.slurm.observability.plugins.module_utils.grafana.module import GrafanaModule

ARGUMENTS = {
    "path": {"type": "str"},
    "uid": {"type": "str"},
    "force": {"type": "bool", "default": False},
    "state": {"type": "str", "choices": ["absent", "present"], "default": "present"},
}


def path_of(client, folder):
    """Return the titles that lead to a folder, its own at the end."""
    titles = []
    while folder:
        titles.insert(0, folder["title"])
        above = folders.parent(folder)
        folder = folders.get(client, above) if above else None
    return titles


def find(client, uid, path, along):
    """Return the folder that is meant, None when there is none. C(along) are the folders on its path."""
    by_path = along[-1] if path and len(along) == len(path) else None
    if not uid:
        return by_path
    if by_path and by_path["uid"] != uid:
        raise DocumentError(
            f"the folder '{folders.joined(path)}' has the uid '{by_path['uid']}', and Grafana does not change a uid: "
            "set uid to that, or give that folder another title"
        )
    return folders.get(client, uid)


def ensure_present(module, client):
    """Make the folder, or bring it to its place; return the result."""
    uid, path = module.params["uid"], folders.titles(module.params["path"])
    refuse([] if path else ["path has no title in it"])
    refuse([uids.fault(uid)] if uid and uids.fault(uid) else [])
    along = folders.existing(client, path)
    before = find(client, uid, path, along)
    was = path_of(client, before) if before else None
    after = before
    if was != path:
        folders.check_owner(before)
        if module.check_mode:
            after = {"uid": uid or "", **(before or {}), "title": path[-1]}
        else:
            after = bring_about(client, before, uid, path, along)
    uid = uid or (before["uid"] if before else "")  # one that Grafana is to choose is not known before
    return {
        "changed": was != path,
        "diff": {"before": shown(was, before["uid"] if before else ""), "after": shown(path, uid)},
        "folder": after,
        "uid": after["uid"],
    }


def bring_about(client, before, uid, path, along):
    """Make what is missing along the path, then make, move and rename the folder itself; return it."""
    above = folders.ROOT
    for depth, title in enumerate(path[:-1]):
        folder = along[depth] if depth < len(along) else folders.create(client, title, above, None)
        above = folder["uid"]
    if before is None:
        return folders.create(client, path[-1], above, uid)
    after = before
    if folders.parent(before) != above:
        after = folders.move(client, before, above)
    if before["title"] != path[-1]:
        after = folders.rename(client, after, path[-1])
    return after


def ensure_absent(module, client):
    """Remove the folder; return the result."""
    uid, path = module.params["uid"], folders.titles(module.params["path"] or "")
    before = folders.get(client, uid) if uid else find(client, None, path, folders.existing(client, path))
    was = path_of(client, before) if before else None
    if before:
        folders.check_owner(before)
        inside = folders.contents(client, before)
        if inside and not module.params["force"]:
            listed = ", ".join(f"{count} {kind}" for kind, count in sorted(inside.items()))
            raise DocumentError(
                f"the folder '{before['title']}' is not empty ({listed}): set force to remove that, too"
            )
        if not module.check_mode:
            folders.delete(client, before)
    diff = {"before": shown(was, before["uid"] if before else ""), "after": {}}
    return {"changed": before is not None, "diff": diff, "folder": {}, "uid": ""}


def shown(path, uid):
    """Return what a diff shows of a folder."""
    return {"path": folders.joined(path), "uid": uid} if path else {}


def main():
    """Run the module."""
    module = GrafanaModule(
        ARGUMENTS,
        required_if=[("state", "present", ["path"]), ("state", "absent", ["path", "uid"], True)],
    )
    ensure = ensure_present if module.params["state"] == "present" else ensure_absent
    module.run(lambda client: ensure(module, client))


if __name__ == "__main__":
    main()
