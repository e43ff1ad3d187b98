"""How the modules sign in: which credential of azure-identity, with what, and what is said when it fails."""

from __future__ import annotations

import importlib
import sys
from typing import Any

import azure.identity
import pytest
from ansible_collections.slurm.observability.plugins.module_utils.azure import credentials
from ansible_collections.slurm.observability.plugins.module_utils.azure.clouds import CLOUDS
from ansible_collections.slurm.observability.plugins.module_utils.azure.errors import CredentialError
from azure.core.pipeline.policies import RetryPolicy
from azure.identity import ClientSecretCredential

from tests.unit.programs.exporter.certificates import Authority

from .conftest import Failed

AUTHORITY = {"authority": "https://login.microsoftonline.com"}
KINDS = (
    "AzureCliCredential",
    "CertificateCredential",
    "ClientSecretCredential",
    "DefaultAzureCredential",
    "ManagedIdentityCredential",
    "WorkloadIdentityCredential",
)
ENVIRONMENT = {
    "AZURE_SUBSCRIPTION_ID": "subscription",
    "AZURE_CLIENT_ID": "client",
    "AZURE_SECRET": "secret",
    "AZURE_TENANT": "tenant",
}


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """A home without a credential file."""
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def made(monkeypatch):
    """What is made of the options and the environment: the class, and its arguments."""
    for kind in KINDS:
        monkeypatch.setattr(azure.identity, kind, lambda kind=kind, **arguments: (kind, arguments))

    def make(environment: dict[str, str] | None = None, **params: Any):
        known = credentials.settings(params, environment or {})
        return credentials.credential(params, known, CLOUDS["AzureCloud"])

    return make


PRINCIPAL = {"tenant_id": "tenant", "client_id": "client", "client_secret": "secret", **AUTHORITY}
CERTIFICATE = {"tenant_id": "tenant", "client_id": "client", "certificate_path": "/cert.pem", **AUTHORITY}


@pytest.mark.parametrize(
    ("params", "environment", "expected"),
    [
        ({"client_id": "client", "secret": "secret", "tenant": "tenant"}, {}, ("ClientSecretCredential", PRINCIPAL)),
        ({}, ENVIRONMENT, ("ClientSecretCredential", PRINCIPAL)),
        ({"auth_source": "env"}, ENVIRONMENT, ("ClientSecretCredential", PRINCIPAL)),
        (
            {"auth_source": "env"},
            {"AZURE_CLIENT_ID": "client", "AZURE_CLIENT_SECRET": "secret", "AZURE_TENANT_ID": "tenant"},
            ("ClientSecretCredential", PRINCIPAL),
        ),
        (
            {"secret": "another"},
            ENVIRONMENT,
            ("ClientSecretCredential", {**PRINCIPAL, "client_secret": "another"}),
        ),
        (
            {"disable_instance_discovery": True},
            ENVIRONMENT,
            ("ClientSecretCredential", {**PRINCIPAL, "disable_instance_discovery": True}),
        ),
        (
            {"client_id": "client", "tenant": "tenant", "x509_certificate_path": "/cert.pem"},
            {},
            ("CertificateCredential", CERTIFICATE),
        ),
        (
            {"auth_source": "env"},
            {
                "AZURE_CLIENT_ID": "client",
                "AZURE_TENANT": "tenant",
                "AZURE_X509_CERTIFICATE_PATH": "/cert.pem",
            },
            ("CertificateCredential", CERTIFICATE),
        ),
        ({}, {}, ("DefaultAzureCredential", AUTHORITY)),
        (
            {"client_id": "client"},
            {},
            ("DefaultAzureCredential", {"managed_identity_client_id": "client", **AUTHORITY}),
        ),
        ({"auth_source": "msi"}, {"AZURE_SECRET": "secret"}, ("ManagedIdentityCredential", {})),
        ({"auth_source": "msi"}, ENVIRONMENT, ("ManagedIdentityCredential", {"client_id": "client"})),
        (
            {"auth_source": "msi", "identity_resource_id": "/id"},
            ENVIRONMENT,
            ("ManagedIdentityCredential", {"identity_config": {"resource_id": "/id"}}),
        ),
        (
            {"auth_source": "workload_identity"},
            ENVIRONMENT,
            ("WorkloadIdentityCredential", {"client_id": "client", "tenant_id": "tenant", **AUTHORITY}),
        ),
        ({"auth_source": "workload_identity"}, {}, ("WorkloadIdentityCredential", AUTHORITY)),
        ({"auth_source": "cli"}, ENVIRONMENT, ("AzureCliCredential", {})),
        ({"auth_source": "cli", "tenant": "tenant"}, {}, ("AzureCliCredential", {"tenant_id": "tenant"})),
    ],
)
def test_each_source_has_its_credential(made, params, environment, expected):
    assert made(environment, **params) == expected


@pytest.mark.parametrize("source", ["auto", "env", "msi", "workload_identity", "cli"])
def test_a_subscription_may_come_with_any_credential(source):
    known = credentials.settings({"auth_source": source}, ENVIRONMENT)
    assert known["subscription_id"] == "subscription"


@pytest.fixture
def credential_file(home):
    path = home / ".azure" / "credentials"
    path.parent.mkdir()
    path.write_text(
        "[default]\nclient_id = client\nsecret = 100%secret\ntenant = tenant\nsubscription_id = here\n"
        "[other]\nclient_id = client2\nsecret = secret\ntenant = tenant\n"
    )
    return path


@pytest.mark.parametrize(
    ("params", "environment", "client"),
    [
        ({"auth_source": "credential_file"}, ENVIRONMENT, "client"),
        ({}, {}, "client"),
        ({"auth_source": "credential_file", "profile": "other"}, {}, "client2"),
        ({"auth_source": "credential_file"}, {"AZURE_PROFILE": "other"}, "client2"),
    ],
)
def test_the_credential_file_has_profiles(made, credential_file, params, environment, client):
    kind, arguments = made(environment, **params)
    assert (kind, arguments["client_id"]) == ("ClientSecretCredential", client)


def test_a_profile_that_was_asked_for_has_its_own_subscription(credential_file):
    def subscription(**params):
        return credentials.settings({"auth_source": "credential_file", **params}, ENVIRONMENT)["subscription_id"]

    assert (subscription(), subscription(profile="other")) == ("here", "subscription")
    assert credentials.settings({}, ENVIRONMENT)["subscription_id"] == "subscription"


def test_the_environment_has_precedence_over_the_file(made, credential_file):
    assert made({"AZURE_SECRET": "of the environment"})[1]["client_secret"] == "of the environment"
    assert made()[1]["client_secret"] == "100%secret"


@pytest.mark.parametrize(
    ("params", "environment", "message"),
    [
        ({"auth_source": "env"}, {}, "needs tenant and client_id .AZURE_TENANT, AZURE_CLIENT_ID in the environment"),
        (
            {"auth_source": "env"},
            {"AZURE_TENANT": "t", "AZURE_CLIENT_ID": "c"},
            "needs secret or x509_certificate_path",
        ),
        ({"auth_source": "credential_file"}, {}, r"has no section \[default\]"),
    ],
)
def test_what_is_missing_is_named(made, params, environment, message):
    with pytest.raises(CredentialError, match=message):
        made(environment, **params)


def test_a_credential_file_that_is_none_is_named(made, credential_file):
    credential_file.write_text("client_id = x\n")
    with pytest.raises(CredentialError, match="credentials cannot be read"):
        made(auth_source="credential_file")


def test_a_workload_identity_without_its_variables_is_named():
    with pytest.raises(CredentialError, match="workload identity"):
        credentials.credential({"auth_source": "workload_identity"}, {}, CLOUDS["AzureCloud"])


SHOWN = {"resource_group": "hpc"}


def test_an_expired_secret_is_told_in_azures_words(azure):
    azure.estate.tenancy.operator.expired = True
    with pytest.raises(Failed, match=r"AADSTS7000222: The provided client secret keys .* are expired"):
        azure.run("data_collection_rule_info", **SHOWN)


def test_a_wrong_secret_is_told_and_not_shown(azure):
    with pytest.raises(Failed, match="AADSTS7000215: Invalid client secret") as failure:
        azure.run("data_collection_rule_info", **SHOWN, secret="hunter2")
    assert "hunter2" not in str(failure.value)


def test_options_lead_to_the_cloud_without_any_variable(azure, monkeypatch):
    known = azure.stand_in.environment()
    options = {
        "arm_endpoint": known["AZURE_ARM_ENDPOINT"],
        "authority": known["AZURE_AUTHORITY_HOST"],
        "subscription_id": known["AZURE_SUBSCRIPTION_ID"],
        "tenant": known["AZURE_TENANT"],
        "client_id": known["AZURE_CLIENT_ID"],
        "secret": known["AZURE_SECRET"],
        "disable_instance_discovery": True,
        "auth_source": "auto",
    }
    for name in known:
        if name != "REQUESTS_CA_BUNDLE":  # that of the sign-in
            monkeypatch.delenv(name)
    assert azure.run("data_collection_rule_info", **SHOWN, **options)["rules"] == []

    with pytest.raises(Failed, match="which subscription"):
        azure.run("data_collection_rule_info", **SHOWN, **{**options, "subscription_id": None})


def test_a_managed_identity_signs_in(azure, monkeypatch):
    for name in ("AZURE_CLIENT_ID", "AZURE_SECRET"):
        monkeypatch.delenv(name)
    assert azure.run("data_collection_rule_info", **SHOWN, auth_source="msi")["rules"] == []
    assert azure.counts()["GET metadata"] == 1

    identity = azure.furniture.identity("operator")
    azure.run("data_collection_rule_info", **SHOWN, auth_source="msi", identity_resource_id=identity)
    for nobody in ({"client_id": "nobody"}, {"identity_resource_id": identity + "x"}):
        with pytest.raises(Failed, match="Identity not found"):
            azure.run("data_collection_rule_info", **SHOWN, auth_source="msi", **nobody)


def test_a_certificate_signs_in(azure, monkeypatch):
    known = azure.stand_in.environment()
    monkeypatch.delenv("AZURE_SECRET")
    certificates = []

    def credential(certificate_path, **arguments):
        certificates.append(certificate_path)
        return ClientSecretCredential(client_secret=known["AZURE_SECRET"], **arguments)

    monkeypatch.setattr("azure.identity.CertificateCredential", credential)
    azure.run("data_collection_rule_info", **SHOWN, x509_certificate_path="/cert.pem")
    assert certificates == ["/cert.pem"]


def test_a_profile_signs_in(azure, home):
    known = azure.stand_in.environment()
    path = home / ".azure" / "credentials"
    path.parent.mkdir()
    path.write_text(
        f"[ops]\nclient_id = {known['AZURE_CLIENT_ID']}\nsecret = {known['AZURE_SECRET']}\n"
        f"tenant = {known['AZURE_TENANT']}\n"
    )
    assert azure.run("data_collection_rule_info", **SHOWN, auth_source="credential_file", profile="ops")["rules"] == []
    with pytest.raises(Failed, match=r"has no section \[default\]"):
        azure.run("data_collection_rule_info", **SHOWN, auth_source="credential_file")


@pytest.mark.parametrize("cloud", ["AzureChinaCloud", "AzureUSGovernment"])
def test_a_token_is_asked_for_in_the_words_of_the_cloud(azure, cloud):
    azure.run("data_collection_rule_info", **SHOWN, cloud_environment=cloud)
    (scope,) = {resource for _principal, resource in azure.estate.tenancy._tokens.values()}
    assert f"{scope}/.default" == CLOUDS[cloud].scope


def test_a_certificate_that_nobody_vouches_for_is_refused(azure, tmp_path, monkeypatch):
    monkeypatch.setattr(RetryPolicy, "sleep", lambda *_arguments: None)
    other = Authority(tmp_path, "other").certificate
    with pytest.raises(Failed, match=r"does not answer: .*certificate verify failed"):
        azure.run("data_collection_rule_info", **SHOWN, ca_file=str(other))


@pytest.mark.parametrize("library", ["azure.identity", "azure.mgmt.monitor"])
def test_a_missing_library_is_named(azure, monkeypatch, library):
    monkeypatch.setitem(sys.modules, library, None)
    monkeypatch.delattr(importlib.import_module(library.rpartition(".")[0]), library.rpartition(".")[2])
    with pytest.raises(Failed, match=r"Failed to import .*azure-identity and azure-mgmt-monitor"):
        azure.run("data_collection_rule_info", **SHOWN)
