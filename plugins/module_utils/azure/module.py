# -*- coding: utf-8 -*-
# Copyright: slurm.observability contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A module that speaks with Azure: the options of all of them, the client, and how they fail."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

from ansible.module_utils.basic import AnsibleModule, env_fallback, missing_required_lib
from ansible_collections.slurm.observability.plugins.module_utils.azure import credentials
from ansible_collections.slurm.observability.plugins.module_utils.azure.client import ArmClient
from ansible_collections.slurm.observability.plugins.module_utils.azure.clouds import CLOUDS, Cloud
from ansible_collections.slurm.observability.plugins.module_utils.azure.errors import (
    ArmError,
    AzureError,
    CredentialError,
)

LIBRARIES = "azure-identity and azure-mgmt-monitor"

ARGUMENTS: dict[str, dict[str, Any]] = {
    "auth_source": {
        "type": "str",
        "choices": ["auto", "cli", "credential_file", "env", "msi", "workload_identity"],
        "default": "auto",
        "fallback": (env_fallback, ["ANSIBLE_AZURE_AUTH_SOURCE"]),
    },
    "profile": {"type": "str"},
    "subscription_id": {"type": "str"},
    "client_id": {"type": "str"},
    "secret": {"type": "str", "no_log": True},
    "tenant": {"type": "str"},
    "x509_certificate_path": {"type": "path"},
    "identity_resource_id": {"type": "str"},
    "cloud_environment": {
        "type": "str",
        "choices": list(CLOUDS),
        "default": "AzureCloud",
        "fallback": (env_fallback, ["AZURE_CLOUD_ENVIRONMENT"]),
    },
    "disable_instance_discovery": {
        "type": "bool",
        "default": False,
        "fallback": (env_fallback, ["AZURE_DISABLE_INSTANCE_DISCOVERY"]),
    },
    "arm_endpoint": {"type": "str", "fallback": (env_fallback, ["AZURE_ARM_ENDPOINT"])},
    "authority": {"type": "str", "fallback": (env_fallback, ["AZURE_AUTHORITY_HOST"])},
    "ca_file": {"type": "path"},
    "timeout": {"type": "int", "default": 600},
}


class AzureModule(AnsibleModule):
    """An Ansible module with the options above, and one client."""

    def __init__(self, argument_spec: dict[str, dict[str, Any]], **more: Any) -> None:
        super().__init__(argument_spec={**ARGUMENTS, **argument_spec}, supports_check_mode=True, **more)

    def run(self, work: Callable[[], Mapping[str, Any]]) -> NoReturn:
        """Do the work of the module, and end it with what it returns, or with what Azure has against it."""
        try:
            self.exit_json(**work())
        except AzureError as error:
            self.fail(error)

    def client(self) -> ArmClient:
        """Resource Manager of the cloud that the options choose. Raises CredentialError when nobody can sign in."""
        cloud = self.cloud()
        return self._client_of(cloud, cloud.endpoint, cloud.scope)

    def query_client(self, endpoint: str | None) -> ArmClient:
        """The service that answers queries of logs, at an address of its own or that of the cloud."""
        cloud = self.cloud()
        return self._client_of(cloud, endpoint or cloud.query_endpoint, f"{cloud.query_endpoint}/.default")

    def _client_of(self, cloud: Cloud, endpoint: str, scope: str) -> ArmClient:
        try:
            known = credentials.settings(self.params)
            subscription = known.get("subscription_id")
            if not subscription:
                raise CredentialError(
                    "which subscription? Set subscription_id (AZURE_SUBSCRIPTION_ID in the environment)"
                )
            return ArmClient(
                credentials.credential(self.params, known, cloud),
                subscription,
                endpoint,
                scope,
                ca_file=self.params["ca_file"],
                timeout=self.params["timeout"],
            )
        except ImportError:
            self.fail_json(msg=missing_required_lib(LIBRARIES), exception=traceback.format_exc())

    def cloud(self) -> Cloud:
        """The cloud, with the addresses that the options replace."""
        cloud = CLOUDS[self.params["cloud_environment"]]
        return Cloud(
            self.params["arm_endpoint"] or cloud.endpoint,
            cloud.scope,
            self.params["authority"] or cloud.authority,
            cloud.query_endpoint,
        )

    def fail(self, error: AzureError) -> NoReturn:
        """End the module with an error of Azure's, in one message."""
        more = {"code": error.code, "status": error.status} if isinstance(error, ArmError) else {}
        self.fail_json(msg=str(error), **more)
