# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: fluent_bit_configuration
author: slurm.observability contributors (@slurm-observability)
version_added: 0.1.0
short_description: The configuration of fluent-bit that forwards the logs of one host
description:
  - Turns what a host reads into the configuration of fluent-bit, 5.1 or newer, in its YAML form.
  - Each source has an input, a position database, a buffer on disk and an output of its own.
options:
  _input:
    description: What the host reads, as P(slurm.observability.log_inputs#filter) returns it.
    type: list
    elements: dict
    required: true
  settings:
    description: What else there is to know.
    type: dict
    required: true
    suboptions:
      state_directory:
        description: Where C(positions) and C(buffer) lie.
        type: path
        required: true
      listen_address:
        description: Address and port of health and metrics.
        type: str
        default: 127.0.0.1:2020
      flush_seconds:
        description: Seconds between two flushes. A source makes one request in this time at most.
        type: int
        default: 5
      buffer_size:
        description: What the buffer of one output may grow to; beyond that the oldest chunk is dropped.
        type: str
        default: 1G
      rotate_wait_seconds:
        description: How long a file that was rotated away is read on.
        type: int
        default: 60
      log_level:
        description: The level of fluent-bit's own log.
        type: str
        default: info
      azure:
        description: >-
          C(rules), as Azure describes them; C(tenant_id) or C(auth_url); C(client_id); C(endpoint) in place of that of
          each rule; C(ca_file).
        type: dict
        default: {}
      loki:
        description: C(host), C(port), C(tenant), C(user), C(labels), C(tls), C(ca_file).
        type: dict
        default: {}
      file:
        description: C(directory) to write files to.
        type: dict
        default: {}
      secrets:
        description: Paths of the files with the secrets, for C(azure) and C(loki).
        type: dict
        default: {}
"""

EXAMPLES = r"""
- name: Show what a compute node without Azure is configured with
  ansible.builtin.debug:
    msg: >-
      {{ _log_catalogue | slurm.observability.log_catalogue | slurm.observability.log_inputs('compute')
         | slurm.observability.fluent_bit_configuration({'state_directory': '/var/lib/fluent-bit',
                                                         'file': {'directory': '/shared/logs'}}) }}
"""

RETURN = r"""
_value:
  description: The configuration.
  type: dict
"""

from ansible.errors import AnsibleFilterError
from ansible_collections.slurm.observability.plugins.plugin_utils import fluent_bit


def fluent_bit_configuration(inputs, settings):
    """See DOCUMENTATION."""
    try:
        return fluent_bit.configuration(inputs, fluent_bit.Settings(**settings))
    except (fluent_bit.ConfigurationError, TypeError) as error:
        raise AnsibleFilterError(f"fluent_bit_configuration: {error}") from error


class FilterModule:
    """Makes the filter known to Ansible."""

    def filters(self):
        """Returns the filter by its name."""
        return {"fluent_bit_configuration": fluent_bit_configuration}
