# -*- coding: utf-8 -*-
# Copyright: slurm.observability contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Associations: which machines follow which data collection rule, or get their rules from which endpoint.

For R rules and M machines that are to be associated, of which N associations are missing, the requests are: a page of
each rule's list for every so many associations (the list of a rule names all its machines), a page of the list of each
resource group of machines, and N to make what is missing. Nothing is asked for each machine.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.slurm.observability.plugins.module_utils.azure import (
    data_collection_endpoints,
    data_collection_rules,
)
from ansible_collections.slurm.observability.plugins.module_utils.azure.client import ArmClient, Document
from ansible_collections.slurm.observability.plugins.module_utils.azure.errors import ArmError, DocumentError
from ansible_collections.slurm.observability.plugins.module_utils.azure.ids import full_id, resource_name
from ansible_collections.slurm.observability.plugins.module_utils.azure.schema import fold_id
from ansible_collections.slurm.observability.plugins.module_utils.azure.targets import Target

TYPE = "Microsoft.Insights/dataCollectionRuleAssociations"
API_VERSION = "2023-03-11"
# The one name that Azure takes for an association with an endpoint.
ENDPOINT_ASSOCIATION = "configurationAccessEndpoint"


@dataclass(frozen=True)
class Source:
    """A rule or an endpoint, and the key by which an association names it."""

    id: str
    key: str

    def association_name(self, given: str | None) -> str:
        """The name of a new association with a machine; a machine has one of each name."""
        if self.key == "dataCollectionEndpointId":
            return ENDPOINT_ASSOCIATION
        return given or f"{resource_name(self.id)}-association"


@dataclass(frozen=True)
class Association:
    """An association that is there, or is to be. ``id`` has the id of the machine in it."""

    id: str
    source: Source
    description: str | None = None

    @property
    def body(self) -> Document:
        more = {"description": self.description} if self.description else {}
        return {"properties": {self.source.key: self.source.id, **more}}

    @property
    def target(self) -> str:
        """The id of the machine."""
        return self.id[: self.id.casefold().rindex("/providers/")]

    @property
    def name(self) -> str:
        return resource_name(self.id)

    def __str__(self) -> str:
        return f"{resource_name(self.source.id)} -> {fold_id(self.target)}"


def sources(client: ArmClient, params: Mapping[str, Any]) -> list[Source]:
    """The rules and the endpoint that the options name."""
    group = params["resource_group"] or ""
    found = [
        Source(full_id(rule, client.subscription, group, data_collection_rules.TYPE), "dataCollectionRuleId")
        for rule in params["rules"] or ()
    ]
    if params["endpoint"]:
        endpoint = full_id(params["endpoint"], client.subscription, group, data_collection_endpoints.TYPE)
        found.append(Source(endpoint, "dataCollectionEndpointId"))
    if not group and any("/resourceGroups//" in source.id for source in found):
        raise DocumentError("a rule or an endpoint that is given by its name needs resource_group")
    return found


def existing(client: ArmClient, source: Source) -> list[Association] | None:
    """The associations of a rule or an endpoint; None when there is no such rule or endpoint."""
    try:
        entries = list(client.list(f"{source.id}/associations", API_VERSION))
    except ArmError as error:
        if error.status == 404:
            return None
        raise
    return [Association(entry["id"], source, (entry.get("properties") or {}).get("description")) for entry in entries]


def missing(
    source: Source,
    present: Iterable[Association],
    targets: Iterable[Target],
    name: str | None,
    description: str | None,
) -> Iterator[Association]:
    """What has to be made or changed so that all targets follow the source.

    An association under another name will do: its name has no effect. The name of one that is there is kept when its
    description is to be another.
    """
    of_target = {fold_id(association.target): association for association in present}
    for target in targets:
        there = of_target.get(fold_id(target.id))
        if there is None:
            identifier = f"{target.id}/providers/{TYPE}/{source.association_name(name)}"
            yield Association(identifier, source, description)
        elif description is not None and description != (there.description or ""):
            yield Association(there.id, source, description)
