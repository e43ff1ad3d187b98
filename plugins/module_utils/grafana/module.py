# -*- coding: utf-8 -*-
# Copyright: slurm.observability contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A module that speaks with Grafana: the options of all of them, the client, and how they fail."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any, NoReturn
from urllib.parse import urlsplit

from ansible.module_utils.basic import AnsibleModule, env_fallback
from ansible_collections.slurm.observability.plugins.module_utils.grafana.client import GrafanaClient
from ansible_collections.slurm.observability.plugins.module_utils.grafana.errors import GrafanaError, RefusedError

ARGUMENTS: dict[str, dict[str, Any]] = {
    "grafana_url": {"type": "str", "required": True, "fallback": (env_fallback, ["GRAFANA_URL"])},
    "token": {"type": "str", "no_log": True},
    "url_username": {"type": "str"},
    "url_password": {"type": "str", "no_log": True},
    "org_id": {"type": "int"},
    "validate_certs": {"type": "bool", "default": True},
    "ca_path": {"type": "path"},
    "client_cert": {"type": "path"},
    "client_key": {"type": "path", "no_log": False},
    "use_proxy": {"type": "bool", "default": True},
    "timeout": {"type": "int", "default": 30},
    "retries": {"type": "int", "default": 5},
}

# No fallbacks of the options: a credential of the task must not get one of the environment beside it.
_CREDENTIAL = {"token": "GRAFANA_TOKEN", "url_username": "GRAFANA_USER", "url_password": "GRAFANA_PASSWORD"}
_THIS_HOST = ("localhost", "127.0.0.1", "::1")


class GrafanaModule(AnsibleModule):
    """An Ansible module with the options above, and one client."""

    def __init__(self, argument_spec: Mapping[str, Mapping[str, Any]], **more: Any) -> None:
        super().__init__(
            argument_spec={**ARGUMENTS, **argument_spec},
            mutually_exclusive=[("token", "url_username"), *more.pop("mutually_exclusive", ())],
            required_together=[("url_username", "url_password")],
            supports_check_mode=True,
            **more,
        )
        if not any(self.params[name] for name in _CREDENTIAL):
            self._take_credential_of_environment()

    def run(self, work: Callable[[GrafanaClient], Mapping[str, Any]]) -> NoReturn:
        """Do the work of the module, and end it with what it returns, or with what Grafana has against it."""
        try:
            self._look_at_address()
            self.exit_json(**work(GrafanaClient(self.params)))
        except GrafanaError as error:
            more = {"status": error.status, "code": error.code} if isinstance(error, RefusedError) else {}
            self.fail_json(msg=str(error), **more)

    def _take_credential_of_environment(self) -> None:
        for name, variable in _CREDENTIAL.items():
            self.params[name] = os.environ.get(variable)
            if self.params[name] and name != "url_username":
                self.no_log_values.add(self.params[name])

    def _look_at_address(self) -> None:
        """Warn of eavesdroppers, and keep a password that is in the address out of what is printed."""
        address = urlsplit(self.params["grafana_url"])
        if address.password:
            self.no_log_values.add(address.password)
        if address.scheme == "http" and address.hostname not in _THIS_HOST:
            self.warn(
                "grafana_url is http://: the credential goes over the network for everybody to read; use https://"
            )
