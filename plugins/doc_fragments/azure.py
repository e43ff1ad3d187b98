# -*- coding: utf-8 -*-
# Copyright: slurm.observability contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the options that all modules for Azure have."""

from __future__ import annotations


class ModuleDocFragment:
    # What module_utils/azure/module.py has in ARGUMENTS.
    DOCUMENTATION = r"""
options:
  auth_source:
    description:
      - Where the credential comes from. Options of the task have precedence over each source.
      - V(auto) takes a service principal from the options, the environment or the file C(~/.azure/credentials), and
        where there is none, what azure-identity finds by itself, such as a workload identity, a managed identity or
        the login of the Azure CLI.
      - V(env) and V(credential_file) take a service principal from that place alone.
      - V(msi) is the managed identity of the host that runs the module, see also O(client_id) and
        O(identity_resource_id).
      - V(workload_identity) is the federated token of a Kubernetes pod.
      - V(cli) is the login of the Azure CLI.
      - Also read from the environment variable E(ANSIBLE_AZURE_AUTH_SOURCE).
    type: str
    choices: [auto, cli, credential_file, env, msi, workload_identity]
    default: auto
  profile:
    description: Section of C(~/.azure/credentials), C(default) unless E(AZURE_PROFILE) names another.
    type: str
  subscription_id:
    description: The subscription. Also read from E(AZURE_SUBSCRIPTION_ID).
    type: str
  client_id:
    description:
      - The application of a service principal, or the user-assigned managed identity to sign in with.
      - Also read from E(AZURE_CLIENT_ID).
    type: str
  secret:
    description: The secret of a service principal. Also read from E(AZURE_SECRET) or E(AZURE_CLIENT_SECRET).
    type: str
  tenant:
    description: The tenant of a service principal. Also read from E(AZURE_TENANT) or E(AZURE_TENANT_ID).
    type: str
  x509_certificate_path:
    description:
      - A file with the certificate of a service principal and its key, in PEM, in the place of O(secret).
      - Also read from E(AZURE_X509_CERTIFICATE_PATH) or E(AZURE_CLIENT_CERTIFICATE_PATH).
    type: path
  identity_resource_id:
    description: The user-assigned managed identity to sign in with, by its resource id, with O(auth_source=msi).
    type: str
  cloud_environment:
    description: The cloud. Also read from E(AZURE_CLOUD_ENVIRONMENT).
    type: str
    choices: [AzureCloud, AzureChinaCloud, AzureUSGovernment]
    default: AzureCloud
  disable_instance_discovery:
    description:
      - Whether not to ask Microsoft if the authority exists. Needed for the authority of a private cloud.
      - Also read from E(AZURE_DISABLE_INSTANCE_DISCOVERY).
    type: bool
    default: false
  arm_endpoint:
    description:
      - The address of Resource Manager, in the place of that of O(cloud_environment).
      - Also read from E(AZURE_ARM_ENDPOINT).
    type: str
  authority:
    description:
      - The address where to sign in, in the place of that of O(cloud_environment).
      - Also read from E(AZURE_AUTHORITY_HOST).
    type: str
  ca_file:
    description: A file with the certificates that Resource Manager's certificate is checked by.
    type: path
  timeout:
    description: How many seconds one change may take. Azure goes on with it when they are over.
    type: int
    default: 600
requirements:
  - azure-identity
  - azure-mgmt-monitor >= 6.0.2
attributes:
  check_mode:
    description: Can run in check mode, which only reads.
    support: full
"""
