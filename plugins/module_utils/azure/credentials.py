# -*- coding: utf-8 -*-
# Copyright: slurm.observability contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Signs in to Azure with what azure-identity knows, by the options and variables that azure.azcollection uses."""

from __future__ import annotations

import configparser
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ansible_collections.slurm.observability.plugins.module_utils.azure.clouds import Cloud
from ansible_collections.slurm.observability.plugins.module_utils.azure.errors import CredentialError

# Options of a module, and the variables that stand in for those that are not given. azure-identity's own names of
# AZURE_SECRET and AZURE_TENANT come second.
VARIABLES: Mapping[str, tuple[str, ...]] = {
    "subscription_id": ("AZURE_SUBSCRIPTION_ID",),
    "client_id": ("AZURE_CLIENT_ID",),
    "secret": ("AZURE_SECRET", "AZURE_CLIENT_SECRET"),
    "tenant": ("AZURE_TENANT", "AZURE_TENANT_ID"),
    "x509_certificate_path": ("AZURE_X509_CERTIFICATE_PATH", "AZURE_CLIENT_CERTIFICATE_PATH"),
}
# What of these each source looks for. A subscription is no credential: it may come with any.
_OF_ENVIRONMENT: Mapping[str, tuple[str, ...]] = {
    "auto": tuple(VARIABLES),
    "env": tuple(VARIABLES),
    "msi": ("subscription_id", "client_id"),
    "workload_identity": ("subscription_id", "client_id", "tenant"),
    "cli": ("subscription_id",),
    "credential_file": ("subscription_id",),
}
CREDENTIAL_FILE = "~/.azure/credentials"
# What azure-identity calls an option.
_PARAMETERS = {"client_id": "client_id", "tenant": "tenant_id"}


def settings(params: Mapping[str, Any], environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """What the options say, else the environment, else the credential file, as ``auth_source`` lets them.

    A profile that was asked for comes before the environment. Raises CredentialError when there is no such profile.
    """
    environment = os.environ if environment is None else environment
    source = params.get("auth_source") or "auto"
    given = {name: str(params[name]) for name in VARIABLES if params.get(name)}
    known = {name: _of_environment(name, environment) for name in _OF_ENVIRONMENT[source]}
    if source == "credential_file":
        known |= _of_file(params, environment, required=True)
    elif source == "auto":
        known = {**_of_file(params, environment, required=False), **{name: one for name, one in known.items() if one}}
    return {name: value for name, value in {**known, **given}.items() if value}


def _of_environment(name: str, environment: Mapping[str, str]) -> str:
    return next(filter(None, map(environment.get, VARIABLES[name])), "")


def _of_file(params: Mapping[str, Any], environment: Mapping[str, str], required: bool) -> dict[str, str]:
    profile = params.get("profile") or environment.get("AZURE_PROFILE") or "default"
    path = Path(CREDENTIAL_FILE).expanduser()
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read(path)
        section = dict(parser.items(profile)) if parser.has_section(profile) else {}
    except (OSError, configparser.Error, UnicodeDecodeError) as error:
        raise CredentialError(f"{path} cannot be read: {error}") from error
    if required and not section:
        raise CredentialError(f"{path} has no section [{profile}]; write one, or set auth_source to another source")
    return {name: section[name] for name in VARIABLES if section.get(name)}


def credential(params: Mapping[str, Any], known: Mapping[str, str], cloud: Cloud) -> Any:
    """A credential of azure-identity for the options of a module.

    ``known`` is what settings() found. Nothing is asked of Azure here. Raises CredentialError when something that the
    kind of credential needs is missing, and ImportError without azure-identity.
    """
    from azure import identity

    authority: dict[str, Any] = {"authority": cloud.authority}
    if params.get("disable_instance_discovery"):
        authority["disable_instance_discovery"] = True

    def service_principal() -> Any:
        needed = _needed(known, "tenant", "client_id")
        if known.get("secret"):
            return identity.ClientSecretCredential(client_secret=known["secret"], **needed, **authority)
        if known.get("x509_certificate_path"):
            return identity.CertificateCredential(
                certificate_path=known["x509_certificate_path"], **needed, **authority
            )
        raise CredentialError(
            "a service principal needs secret or x509_certificate_path (AZURE_SECRET in the environment)"
        )

    def managed_identity() -> Any:
        if params.get("identity_resource_id"):
            return identity.ManagedIdentityCredential(identity_config={"resource_id": params["identity_resource_id"]})
        return identity.ManagedIdentityCredential(
            **({"client_id": known["client_id"]} if known.get("client_id") else {})
        )

    def workload_identity() -> Any:
        chosen = {"client_id": known.get("client_id"), "tenant_id": known.get("tenant")}
        try:
            return identity.WorkloadIdentityCredential(
                **{name: value for name, value in chosen.items() if value}, **authority
            )
        except ValueError as error:
            raise CredentialError(f"workload identity: {error}") from error

    def cli() -> Any:
        return identity.AzureCliCredential(**({"tenant_id": known["tenant"]} if known.get("tenant") else {}))

    def automatic() -> Any:
        if known.get("secret") or known.get("x509_certificate_path"):
            return service_principal()
        # Workload identity, managed identity, and the command lines of Azure, in the order of azure-identity.
        chosen = {"managed_identity_client_id": known["client_id"]} if known.get("client_id") else {}
        return identity.DefaultAzureCredential(**chosen, **authority)

    kinds: dict[str, Callable[[], Any]] = {
        "auto": automatic,
        "env": service_principal,
        "credential_file": service_principal,
        "msi": managed_identity,
        "workload_identity": workload_identity,
        "cli": cli,
    }
    return kinds[params.get("auth_source") or "auto"]()


def _needed(known: Mapping[str, str], *names: str) -> dict[str, str]:
    missing = [name for name in names if not known.get(name)]
    if missing:
        variables = ", ".join(VARIABLES[name][0] for name in missing)
        raise CredentialError(f"a service principal needs {' and '.join(missing)} ({variables} in the environment)")
    return {_PARAMETERS[name]: known[name] for name in names}
