# -*- coding: utf-8 -*-
# Copyright: slurm.observability contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines that logs are collected from: virtual machines, scale sets of both modes, Azure Arc machines.

A scale set of uniform orchestration is one target. One of flexible orchestration is none: its instances are, each for
itself. Machines are looked up by listing their resource group, one request for a page of it, and not one by one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.slurm.observability.plugins.module_utils.azure.client import ArmClient, Document
from ansible_collections.slurm.observability.plugins.module_utils.azure.errors import DocumentError, refuse
from ansible_collections.slurm.observability.plugins.module_utils.azure.ids import (
    full_id,
    resource_type,
)
from ansible_collections.slurm.observability.plugins.module_utils.azure.schema import fold_id

VIRTUAL_MACHINE = "Microsoft.Compute/virtualMachines"
SCALE_SET = "Microsoft.Compute/virtualMachineScaleSets"
ARC_MACHINE = "Microsoft.HybridCompute/machines"
API_VERSIONS = {VIRTUAL_MACHINE: "2024-03-01", SCALE_SET: "2024-03-01", ARC_MACHINE: "2024-07-10"}
OPTIONS = {VIRTUAL_MACHINE: "virtual_machines", SCALE_SET: "scale_sets", ARC_MACHINE: "arc_machines"}

ARGUMENTS: dict[str, dict[str, Any]] = {
    "virtual_machines": {"type": "list", "elements": "str", "default": []},
    "scale_sets": {"type": "list", "elements": "str", "default": []},
    "scale_set_tags": {"type": "dict", "default": {}},
    "target_resource_group": {"type": "str"},
}
ARC_ARGUMENTS: dict[str, dict[str, Any]] = {"arc_machines": {"type": "list", "elements": "str", "default": []}}


@dataclass(frozen=True)
class Target:
    """A machine or a scale set, as Azure describes it."""

    id: str
    type: str
    document: Document = field(compare=False, hash=False, repr=False)

    @property
    def is_flexible(self) -> bool:
        """Whether this is a scale set whose instances are machines of their own."""
        mode = str((self.document.get("properties") or {}).get("orchestrationMode") or "Uniform")
        return self.type == SCALE_SET and mode.casefold() == "flexible"

    @property
    def is_upgraded_by_hand(self) -> bool:
        """Whether this is a scale set whose instances get a new model only when somebody says so."""
        policy = (self.document.get("properties") or {}).get("upgradePolicy") or {}
        return self.type == SCALE_SET and not self.is_flexible and str(policy.get("mode")).casefold() == "manual"


class Estate:
    """The machines of some resource groups; each group is listed once."""

    def __init__(self, client: ArmClient) -> None:
        self._client = client
        self._listed: dict[tuple[str, str], list[Target]] = {}

    def targets(self, params: Mapping[str, Any]) -> list[Target]:
        """What the options name, by id, by name or by tag; scale sets as such.

        Raises DocumentError that names everything that is not there.
        """
        group = params["target_resource_group"]
        wanted = [
            (kind, full_id(given, self._client.subscription, group or "", kind))
            for kind, option in OPTIONS.items()
            for given in params.get(option) or ()
        ]
        _refuse_bad_ids(wanted, group)
        found = {fold_id(target.id): target for kind, scope in _scopes(wanted) for target in self._list(scope, kind)}
        missing = [identifier for _kind, identifier in wanted if fold_id(identifier) not in found]
        if missing:
            raise DocumentError("there is no " + ", no ".join(missing))
        named = [found[fold_id(identifier)] for _kind, identifier in wanted]
        return _without_doubles([*named, *self._with_tags(params["scale_set_tags"], group)])

    def instances(self, scale_set: Target) -> list[Target]:
        """The machines of a flexible scale set."""
        return [
            machine
            for machine in self._list(_scope(scale_set.id), VIRTUAL_MACHINE)
            if fold_id(_scale_set_of(machine)) == fold_id(scale_set.id)
        ]

    def installable(self, params: Mapping[str, Any]) -> list[Target]:
        """What the options name, with the instances of flexible scale sets beside their set."""
        named = self.targets(params)
        return _without_doubles(
            [*named, *(machine for target in named if target.is_flexible for machine in self.instances(target))]
        )

    def associable(self, params: Mapping[str, Any]) -> list[Target]:
        """What the options name, with the instances of flexible scale sets in their place."""
        return _without_doubles(
            machine
            for target in self.targets(params)
            for machine in (self.instances(target) if target.is_flexible else [target])
        )

    def _with_tags(self, tags: Mapping[str, Any], group: str | None) -> list[Target]:
        if not tags:
            return []
        scope = f"/subscriptions/{self._client.subscription}" + (f"/resourceGroups/{group}" if group else "")
        return [scale_set for scale_set in self._list(scope, SCALE_SET) if _has_tags(scale_set, tags)]

    def _list(self, scope: str, kind: str) -> list[Target]:
        key = (scope.casefold(), kind)
        if key not in self._listed:
            entries = self._client.list(f"{scope}/providers/{kind}", API_VERSIONS[kind])
            self._listed[key] = [Target(entry["id"], kind, entry) for entry in entries]
        return self._listed[key]


def _scope(identifier: str) -> str:
    """The resource group that an id is of, as the beginning of the id."""
    return identifier[: identifier.casefold().index("/providers/")]


def _scopes(wanted: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    yield from dict.fromkeys((kind, _scope(identifier)) for kind, identifier in wanted)


def _scale_set_of(machine: Target) -> str:
    properties = machine.document.get("properties") or {}
    return str((properties.get("virtualMachineScaleSet") or {}).get("id") or "")


def _has_tags(target: Target, tags: Mapping[str, Any]) -> bool:
    """Whether it has all of them. The names of tags are the same in any case; the values are not."""
    own = {str(name).casefold(): str(value) for name, value in (target.document.get("tags") or {}).items()}
    return all(own.get(str(name).casefold()) == str(value) for name, value in tags.items())


def _refuse_bad_ids(wanted: Iterable[tuple[str, str]], group: str | None) -> None:
    faults = []
    for kind, identifier in wanted:
        if resource_type(identifier) != kind.lower():
            needed = f"the id of one of {kind}" if group else "an id, or target_resource_group must be set"
            faults.append(f"{OPTIONS[kind]}: {identifier} is to be {needed}")
    refuse(faults)


def _without_doubles(targets: Iterable[Target]) -> list[Target]:
    return list({fold_id(target.id): target for target in targets}.values())
