# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters on the catalogue of logs; documented in the .yml files of their names."""

from __future__ import annotations

from ansible.errors import AnsibleFilterError
from ansible_collections.slurm.observability.plugins.plugin_utils import log_documents
from ansible_collections.slurm.observability.plugins.plugin_utils.log_catalogue import CatalogueError, resolve
from ansible_collections.slurm.observability.plugins.plugin_utils.log_catalogue_form import NODES


def log_catalogue(catalogue, own=None, os_families=("Debian",), utc_offset="+00:00", shared_file_systems=()):
    """Return the sources of a catalogue, merged with a site's own, checked and resolved."""
    try:
        return resolve(catalogue, own, os_families, utc_offset, shared_file_systems)
    except CatalogueError as error:
        raise AnsibleFilterError(f"log_catalogue: {error}") from error


def log_tables(sources):
    """Return the table of each source."""
    return [log_documents.table(source) for source in sources]


def log_rules(sources, workspace_id, kind="Linux", endpoint_id=None):
    """Return the data collection rule of each source."""
    if kind not in log_documents.KINDS:
        raise AnsibleFilterError(f"log_rules: kind is to be one of {', '.join(log_documents.KINDS)}, not '{kind}'")
    return [log_documents.rule(source, workspace_id, kind, endpoint_id) for source in sources]


def log_sources_of(sources, nodes):
    """Return the sources of one kind of nodes."""
    return log_documents.of_nodes(sources, _nodes("log_sources_of", nodes))


def log_inputs(sources, nodes):
    """Return what a forwarder on one kind of nodes reads."""
    return log_documents.inputs(sources, _nodes("log_inputs", nodes))


def _nodes(name, nodes):
    kinds = [kind for kind in NODES if kind != "all"]
    if nodes not in kinds:
        raise AnsibleFilterError(f"{name}: nodes is to be one of {', '.join(kinds)}, not '{nodes}'")
    return nodes


class FilterModule:
    """What Ansible looks for in a filter plugin."""

    def filters(self):
        """Return the filters of this file by name."""
        return {
            "log_catalogue": log_catalogue,
            "log_inputs": log_inputs,
            "log_rules": log_rules,
            "log_sources_of": log_sources_of,
            "log_tables": log_tables,
        }
