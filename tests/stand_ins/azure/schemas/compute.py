"""Extensions of machines and scale sets (Microsoft.Compute, 2024-03-01)."""

from __future__ import annotations

from ..schema import Flag, Free, ListOf, MapOf, Record, Shape, Text
from .common import TAGS

KEY_VAULT_SECRET = Record(
    "KeyVaultSecretReference",
    {"secretUrl": Text(), "sourceVault": Record("SubResource", {"id": Text()})},
    required=("secretUrl", "sourceVault"),
)
_SETTINGS: dict[str, Shape] = {
    "forceUpdateTag": Text(),
    "publisher": Text(),
    "type": Text(),
    "typeHandlerVersion": Text(),
    "autoUpgradeMinorVersion": Flag(),
    "enableAutomaticUpgrade": Flag(),
    "settings": Free(),
    "protectedSettings": Free(),
    "provisioningState": Text(),
    "suppressFailures": Flag(),
    "protectedSettingsFromKeyVault": KEY_VAULT_SECRET,
    "provisionAfterExtensions": ListOf(Text()),
}
MACHINE_EXTENSION = Record(
    "VirtualMachineExtension",
    {
        "properties": Record(
            "VirtualMachineExtensionProperties",
            {**_SETTINGS, "instanceView": Free()},
            read_only=("provisioningState",),
        ),
        "location": Text(),
        "tags": TAGS,
        "id": Text(),
        "name": Text(),
        "type": Text(),
    },
    read_only=("id", "name", "type"),
)
SCALE_SET_EXTENSION = Record(
    "VirtualMachineScaleSetExtension",
    {
        "name": Text(),
        "properties": Record("VirtualMachineScaleSetExtensionProperties", _SETTINGS, read_only=("provisioningState",)),
        "id": Text(),
        "type": Text(),
    },
    read_only=("id", "type"),
)
UPGRADE_REQUEST = Record(
    "VirtualMachineScaleSetVMInstanceRequiredIDs", {"instanceIds": ListOf(Text())}, required=("instanceIds",)
)

# What may be changed on a machine or a scale set here: not its hardware.
MACHINE_UPDATE = Record(
    "VirtualMachineUpdate",
    {
        "tags": TAGS,
        "identity": Record(
            "VirtualMachineIdentity",
            {
                "type": Text(("SystemAssigned", "UserAssigned", "SystemAssigned, UserAssigned", "None")),
                "userAssignedIdentities": MapOf(Free()),
                "principalId": Text(),
                "tenantId": Text(),
            },
            read_only=("principalId", "tenantId"),
        ),
    },
)
