# -*- coding: utf-8 -*-
# Copyright: slurm.observability contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the options that all modules for Grafana have."""

from __future__ import annotations


class ModuleDocFragment:
    # What module_utils/grafana/module.py has in ARGUMENTS.
    DOCUMENTATION = r"""
options:
  grafana_url:
    description:
      - The address of Grafana, with its sub-path if it has one, and without a name or a password in it.
      - Also read from the environment variable E(GRAFANA_URL).
    type: str
    required: true
  token:
    description:
      - A token of a service account. The service account decides the organisation.
      - Without this and O(url_username), it is read from E(GRAFANA_TOKEN), and where that is not set, the name and the
        password from E(GRAFANA_USER) and E(GRAFANA_PASSWORD).
    type: str
  url_username:
    description: The name to sign in with, in the place of O(token).
    type: str
  url_password:
    description: The password of O(url_username).
    type: str
  org_id:
    description:
      - The organisation to work in, by its number. Without it, that of the token, or the one that the user was in last.
      - It is sent with each request. The organisation in which the user is in the browser stays as it is.
    type: int
  validate_certs:
    description: Whether Grafana's certificate is checked. Set O(ca_path) rather than this.
    type: bool
    default: true
  ca_path:
    description: A file with the certificates that Grafana's certificate is checked by.
    type: path
  client_cert:
    description: A file with a certificate to show to Grafana or to a proxy before it, in PEM.
    type: path
  client_key:
    description: A file with the key of O(client_cert), if it is not in that file.
    type: path
  use_proxy:
    description: Whether the proxy of the environment is used.
    type: bool
    default: true
  timeout:
    description: Seconds that one request may take.
    type: int
    default: 30
  retries:
    description:
      - How often a request is sent again that was answered with 429 or 5xx, or that nobody listened to.
      - The pause is the one that Grafana asks for, else 1, 2, 4 and so on seconds, at most 60.
    type: int
    default: 5
requirements:
  - Python 3.9 on the host that runs the module
attributes:
  check_mode:
    description: Can run in check mode and say exactly what it would change.
    support: full
"""
