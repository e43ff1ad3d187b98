"""What the resources of all services have in common."""

from __future__ import annotations

from ..schema import Free, MapOf, Record, Shape, Text

TAGS = MapOf(Text())

SYSTEM_DATA = Record(
    "systemData",
    {
        "createdBy": Text(),
        "createdByType": Text(("User", "Application", "ManagedIdentity", "Key")),
        "createdAt": Text(),
        "lastModifiedBy": Text(),
        "lastModifiedByType": Text(("User", "Application", "ManagedIdentity", "Key")),
        "lastModifiedAt": Text(),
    },
)

IDENTITY = Record(
    "ManagedServiceIdentity",
    {
        "type": Text(("None", "SystemAssigned", "UserAssigned", "SystemAssigned,UserAssigned")),
        "userAssignedIdentities": MapOf(Free()),
        "principalId": Text(),
        "tenantId": Text(),
    },
    required=("type",),
    read_only=("principalId", "tenantId"),
)

# What every resource has and Azure alone writes.
READ_ONLY = ("id", "name", "type", "etag", "systemData")
OWN: dict[str, Shape] = {"id": Text(), "name": Text(), "type": Text(), "etag": Text(), "systemData": SYSTEM_DATA}
