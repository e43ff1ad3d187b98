# -*- coding: utf-8 -*-
# Copyright: slurm.observability contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Extensions of virtual machines and scale sets, and the identity with which they sign in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.slurm.observability.plugins.module_utils.azure.client import ArmClient, Document
from ansible_collections.slurm.observability.plugins.module_utils.azure.errors import DocumentError
from ansible_collections.slurm.observability.plugins.module_utils.azure.schema import (
    ANYTHING,
    FLAG,
    TEXT,
    WORD,
    Each,
    Keys,
    Value,
    comparable,
    fold_id,
    writable,
)
from ansible_collections.slurm.observability.plugins.module_utils.azure.targets import (
    API_VERSIONS,
    SCALE_SET,
    VIRTUAL_MACHINE,
    Target,
)

API_VERSION = API_VERSIONS[SCALE_SET]

PROPERTIES = Keys(
    {
        "publisher": WORD,
        "type": WORD,
        "typeHandlerVersion": TEXT,
        "autoUpgradeMinorVersion": FLAG,
        "enableAutomaticUpgrade": Value(bool, default=False),
        "settings": ANYTHING,
        "forceUpdateTag": TEXT,
        "provisionAfterExtensions": Each(TEXT),
        "suppressFailures": Value(bool, default=False),
    },
    # Protected settings are never answered, so they cannot be compared.
    ("provisioningState", "instanceView", "protectedSettings"),
)
_IDENTITY_SETTING = "mi_res_id"


def path(target: Target, name: str = "") -> str:
    """The path of an extension of a machine or scale set, or of all of them."""
    return f"{target.id}/extensions/{name}".rstrip("/")


def properties(params: Mapping[str, Any]) -> Document:
    """What the options say of an extension, as Azure spells it."""
    settings = dict(params["settings"] or {})
    if params["user_assigned_identity"]:
        # Without this the agent asks for the default identity, which is another one, or none, where there are several.
        identity = {"identifier-name": _IDENTITY_SETTING, "identifier-value": params["user_assigned_identity"]}
        settings["authentication"] = {"managedIdentity": identity}
    document = {
        "publisher": params["publisher"],
        "type": params["type"],
        "typeHandlerVersion": params["type_handler_version"],
        "autoUpgradeMinorVersion": params["auto_upgrade_minor_version"],
        "enableAutomaticUpgrade": params["enable_automatic_upgrade"],
        "settings": settings or None,
        "protectedSettings": params["protected_settings"],
        "forceUpdateTag": params["force_update_tag"],
        "provisionAfterExtensions": params["provision_after_extensions"],
        "suppressFailures": params["suppress_failures"],
    }
    return {key: value for key, value in document.items() if value is not None}


def merged(existing: Mapping[str, Any] | None, given: Document) -> Document:
    """What is to be sent: what is there, with what is given in its place."""
    before = writable((existing or {}).get("properties") or {}, PROPERTIES)
    return {**before, **given, "typeHandlerVersion": _version(before, given)}


def _version(before: Mapping[str, Any], given: Mapping[str, Any]) -> str:
    """The version to ask for: the given one, or a later one to which Azure has raised it by itself."""
    wanted, there = str(given["typeHandlerVersion"]), str(before.get("typeHandlerVersion") or "")
    raised = given.get("enableAutomaticUpgrade") or given.get("autoUpgradeMinorVersion")
    same_major = there.partition(".")[0] == wanted.partition(".")[0]
    return there if raised and same_major and _numbers(there) > _numbers(wanted) else wanted


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())


def differs(existing: Mapping[str, Any] | None, wanted: Document) -> bool:
    """Whether an extension has to be made or changed, or failed and has to be tried again."""
    if existing is None:
        return True
    before = existing.get("properties") or {}
    failed = str(before.get("provisioningState") or "").casefold() == "failed"
    return failed or comparable(before, PROPERTIES) != comparable(wanted, PROPERTIES)


def body(target: Target, name: str, wanted: Document) -> Document:
    """The document to send: that of a machine has a region, that of a scale set a name."""
    more = {"location": target.document["location"]} if target.type == VIRTUAL_MACHINE else {"name": name}
    return {**more, "properties": wanted}


def has_identity(target: Target, identity: str) -> bool:
    """Whether a machine or scale set has a user-assigned identity."""
    assigned = (target.document.get("identity") or {}).get("userAssignedIdentities") or {}
    return fold_id(identity) in map(fold_id, assigned)


def identity_patch(target: Target, identity: str) -> Document:
    """The document that gives a machine or scale set an identity, and leaves it those that it has."""
    kinds = str((target.document.get("identity") or {}).get("type") or "")
    both = "SystemAssigned, UserAssigned" if "systemassigned" in kinds.casefold() else "UserAssigned"
    return {"identity": {"type": both, "userAssignedIdentities": {identity: {}}}}


def refuse_without_identity(targets: list[Target], identity: str) -> None:
    """Raise DocumentError when a target lacks the identity that the extension is to sign in with."""
    lacking = [target.id for target in targets if not has_identity(target, identity)]
    if lacking:
        raise DocumentError(f"{identity} is not assigned to {', '.join(lacking)}: assign it, or set assign_identity")


def instances_behind(client: ArmClient, scale_set: Target) -> list[str]:
    """The ids, within their scale set, of the instances that do not have its latest model."""
    return [
        str(instance["instanceId"])
        for instance in client.list(f"{scale_set.id}/virtualMachines", API_VERSION)
        if (instance.get("properties") or {}).get("latestModelApplied") is False
    ]


def update_instances(client: ArmClient, scale_set: Target, instances: list[str]) -> None:
    """Give instances the latest model of their scale set: all of it, not only an extension."""
    client.post(f"{scale_set.id}/manualupgrade", API_VERSION, {"instanceIds": instances})
