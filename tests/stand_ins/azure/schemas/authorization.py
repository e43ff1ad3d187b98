"""Identities (2023-01-31), role assignments (2022-04-01) and policy assignments (2023-04-01)."""

from __future__ import annotations

from ..schema import Free, ListOf, MapOf, Record, Text
from .common import IDENTITY, TAGS

USER_IDENTITY = Record("Identity", {"location": Text(), "tags": TAGS}, required=("location",))

ROLE_ASSIGNMENT = Record(
    "RoleAssignmentCreateParameters",
    {
        "properties": Record(
            "RoleAssignmentProperties",
            {
                "roleDefinitionId": Text(),
                "principalId": Text(),
                "principalType": Text(("User", "Group", "ServicePrincipal", "ForeignGroup", "Device")),
                "description": Text(),
                "condition": Text(),
                "conditionVersion": Text(),
                "delegatedManagedIdentityResourceId": Text(),
                "scope": Text(),
            },
            required=("roleDefinitionId", "principalId"),
            read_only=("scope",),
        )
    },
    required=("properties",),
)

POLICY_ASSIGNMENT = Record(
    "PolicyAssignment",
    {
        "properties": Record(
            "PolicyAssignmentProperties",
            {
                "displayName": Text(),
                "description": Text(),
                "policyDefinitionId": Text(),
                "parameters": MapOf(Record("ParameterValuesValue", {"value": Free()})),
                "metadata": Free(),
                "enforcementMode": Text(("Default", "DoNotEnforce")),
                "notScopes": ListOf(Text()),
                "nonComplianceMessages": ListOf(Free()),
            },
            required=("policyDefinitionId",),
        ),
        "location": Text(),
        "identity": IDENTITY,
    },
    required=("properties",),
)
