"""Microsoft's own clients find what they expect: azure-identity and azure-mgmt-monitor, over TLS.

The versions are those that are installed; both 6.0.2 and 7.0.0 of azure-mgmt-monitor have passed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from azure import identity
from azure.core import exceptions
from azure.mgmt import monitor

from tests.stand_ins.azure import AzureStandIn, Furniture
from tests.unit.stand_ins.azure.conftest import rule_body

TABLE = "slurmd_raw_CL"


def _monitor(stand_in: AzureStandIn, credential: Any) -> Any:
    return monitor.MonitorManagementClient(
        credential,
        stand_in.estate.tenancy.subscription,
        base_url=stand_in.url,
        connection_verify=str(stand_in.ca_file),
        retry_backoff_factor=0.01,
    )


def _secret(stand_in: AzureStandIn, **changes: str) -> Any:
    tenancy = stand_in.estate.tenancy
    given = {
        "tenant_id": tenancy.tenant,
        "client_id": tenancy.operator.client_id,
        "client_secret": tenancy.operator.secret,
        **changes,
    }
    return identity.ClientSecretCredential(
        **given, authority=stand_in.url, disable_instance_discovery=True, connection_verify=str(stand_in.ca_file)
    )


@pytest.fixture
def sdk(stand_in: AzureStandIn) -> Iterator[Any]:
    """A client that signs in with the secret of the operator."""
    with _monitor(stand_in, _secret(stand_in)) as client:
        yield client


def _make_rule(sdk: Any, furniture: Furniture, workspace: str) -> Any:
    furniture.table(workspace, TABLE)
    return sdk.data_collection_rules.create("hpc", "slurmd_raw_dcr", body=rule_body(workspace))


def test_a_rule_and_its_association(sdk: Any, furniture: Furniture, workspace: str) -> None:
    rule = _make_rule(sdk, furniture, workspace)
    assert rule.immutable_id.startswith("dcr-")
    assert rule.data_sources.log_files[0].settings.text.record_start_timestamp_format == "ISO 8601"
    assert rule.destinations.log_analytics[0].workspace_id
    machine = furniture.machine("Scheduler")
    associations = sdk.data_collection_rule_associations
    made = associations.create(machine, "Slurmd", body={"properties": {"dataCollectionRuleId": rule.id}})
    assert made.provisioning_state is None
    assert [one.name for one in associations.list_by_resource(machine)] == ["Slurmd"]
    (listed,) = associations.list_by_rule("hpc", "slurmd_raw_dcr")
    assert (listed.name, listed.id, listed.etag) == ("slurmd", made.id.lower(), None)
    with pytest.raises(exceptions.HttpResponseError) as refused:
        sdk.data_collection_rules.delete("hpc", "slurmd_raw_dcr")
    assert refused.value.error.code == "ExistingAssociationsPreventDelete"
    associations.delete(machine, "Slurmd")
    sdk.data_collection_rules.delete("hpc", "slurmd_raw_dcr")
    with pytest.raises(exceptions.ResourceNotFoundError):
        sdk.data_collection_rules.get("hpc", "slurmd_raw_dcr")


def test_details_of_an_error(sdk: Any, furniture: Furniture, workspace: str) -> None:
    with pytest.raises(exceptions.HttpResponseError) as refused:
        sdk.data_collection_rules.create("hpc", "slurmd_raw_dcr", body=rule_body(workspace))
    assert [detail.code for detail in refused.value.error.details] == ["InvalidOutputTable"]


def test_lists_have_pages(sdk: Any, stand_in: AzureStandIn, furniture: Furniture) -> None:
    stand_in.estate.behaviour.page_size = 2
    for number in range(5):
        body = {"location": "eastus", "properties": {}}
        sdk.data_collection_endpoints.create("hpc", f"endpoint-{number}", body=body)
    names = [one.name for one in sdk.data_collection_endpoints.list_by_resource_group("hpc")]
    assert names == [f"endpoint-{number}" for number in range(5)]
    assert stand_in.services.counts()["GET dataCollectionEndpoints"] == 3


def test_the_client_waits_when_it_is_throttled(sdk: Any, stand_in: AzureStandIn, furniture: Furniture) -> None:
    stand_in.estate.faults.throttle(after=0.1, kind="dataCollectionEndpoints", times=2)
    assert list(sdk.data_collection_endpoints.list_by_resource_group("hpc")) == []
    assert stand_in.services.counts()["GET dataCollectionEndpoints"] == 3


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"client_secret": "wrong"}, "AADSTS7000215"),
        ({"client_id": "00000000-0000-0000-0000-000000000000"}, "AADSTS700016"),
    ],
)
def test_who_cannot_sign_in_is_told_why(
    stand_in: AzureStandIn, furniture: Furniture, changes: dict[str, str], code: str
) -> None:
    with (
        _monitor(stand_in, _secret(stand_in, **changes)) as client,
        pytest.raises(exceptions.ClientAuthenticationError, match=code),
    ):
        list(client.data_collection_endpoints.list_by_resource_group("hpc"))


def test_a_secret_that_has_expired(sdk: Any, stand_in: AzureStandIn, furniture: Furniture) -> None:
    stand_in.estate.tenancy.operator.expired = True
    with pytest.raises(exceptions.ClientAuthenticationError, match="AADSTS7000222"):
        list(sdk.data_collection_endpoints.list_by_resource_group("hpc"))


def test_managed_identities(stand_in: AzureStandIn, furniture: Furniture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", stand_in.metadata_url)
    resource = furniture.identity("agent")
    principal = stand_in.estate.tenancy.of_resource(resource)
    assert principal
    for how in ({}, {"client_id": principal.client_id}, {"identity_config": {"resource_id": resource}}):
        with _monitor(stand_in, identity.ManagedIdentityCredential(**how)) as client:
            assert list(client.data_collection_endpoints.list_by_resource_group("hpc")) == []


def test_a_machine_has_only_the_identities_that_were_assigned(
    stand_in: AzureStandIn, furniture: Furniture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", stand_in.metadata_url)
    assigned, other = furniture.identity("agent"), furniture.identity("other")
    wanted = {"type": "UserAssigned", "userAssignedIdentities": {assigned: {}}}
    stand_in.estate.behaviour.machine = furniture.machine("node1", identity=wanted)
    scope = "https://management.azure.com/.default"
    credential = identity.ManagedIdentityCredential(identity_config={"resource_id": assigned})
    assert credential.get_token(scope).token
    for how in ({}, {"identity_config": {"resource_id": other}}):
        with pytest.raises(exceptions.ClientAuthenticationError):
            identity.ManagedIdentityCredential(**how).get_token(scope)
