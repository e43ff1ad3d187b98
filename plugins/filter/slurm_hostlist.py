# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters slurm_hostlist_expand and slurm_hostlist_compress; documented in the .yml files of their names."""

from __future__ import annotations

from ansible.errors import AnsibleFilterError
from ansible_collections.slurm.observability.plugins.plugin_utils import _hostlist


def slurm_hostlist_expand(hostlist, limit=_hostlist.DEFAULT_LIMIT):
    """Return the host names of a hostlist, or of a list of hostlists."""
    texts = [hostlist] if isinstance(hostlist, str) else hostlist
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise AnsibleFilterError("slurm_hostlist_expand: give it a hostlist such as 'node[1-4]', or a list of them")
    if isinstance(limit, bool) or not isinstance(limit, int) or limit < 1:
        raise AnsibleFilterError("slurm_hostlist_expand: limit must be a whole number from 1 on")
    try:
        return _hostlist.expand(",".join(texts), limit)
    except _hostlist.HostlistError as error:
        raise AnsibleFilterError(f"slurm_hostlist_expand: {error}") from error


def slurm_hostlist_compress(names):
    """Return the hostlist of a list of host names."""
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise AnsibleFilterError("slurm_hostlist_compress: give it a list of host names")
    try:
        return _hostlist.compress(names)
    except _hostlist.HostlistError as error:
        raise AnsibleFilterError(f"slurm_hostlist_compress: {error}") from error


class FilterModule:
    """What Ansible looks for in a filter plugin."""

    def filters(self):
        """Return the filters of this file by name."""
        return {
            "slurm_hostlist_expand": slurm_hostlist_expand,
            "slurm_hostlist_compress": slurm_hostlist_compress,
        }
