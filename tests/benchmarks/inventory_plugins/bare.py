# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an inventory costs at least: inserts the hosts and groups of a JSON file, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path

from ansible.plugins.inventory import BaseInventoryPlugin

DOCUMENTATION = """
name: bare
short_description: Inserts hosts and groups from a JSON file
description: C(parents) maps a group to its parent; C(hosts) maps a host to its groups.
"""


class InventoryModule(BaseInventoryPlugin):
    """Reads a file called ``*.bare.json``."""

    NAME = "bare"

    def verify_file(self, path):
        return path.endswith(".bare.json")

    def parse(self, inventory, loader, path, cache=True):
        super().parse(inventory, loader, path, cache)
        content = json.loads(Path(path).read_text(encoding="utf-8"))
        for group, parent in content["parents"].items():
            inventory.add_group(parent)
            inventory.add_group(group)
            inventory.add_child(parent, group)
        for host, groups in content["hosts"].items():
            inventory.add_host(host)
            for group in groups:
                inventory.add_child(group, host)
