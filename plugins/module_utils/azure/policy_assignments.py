# -*- coding: utf-8 -*-
# Copyright: slurm.observability contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Assignments of Azure policies: what a document of one may have, after the interface of version 2023-04-01."""

from __future__ import annotations

from ansible_collections.slurm.observability.plugins.module_utils.azure.schema import (
    ANYTHING,
    ID,
    IDENTITY,
    LOCATION,
    TEXT,
    Each,
    Keys,
    Named,
    Value,
)

TYPE = "Microsoft.Authorization/policyAssignments"
API_VERSION = "2023-04-01"
DEFINITIONS = "/providers/Microsoft.Authorization/policyDefinitions/"
# Built in, "Configure Linux Machines to be associated with a Data Collection Rule or a Data Collection Endpoint": for
# virtual machines, scale sets and Arc machines.
ASSOCIATE_LINUX_MACHINES = "2ea82cdd-f2e8-4500-af75-67a2e084ca74"

SCHEMA = Keys(
    {
        "location": LOCATION,
        "identity": IDENTITY,
        "properties": Keys(
            {
                "displayName": TEXT,
                "description": TEXT,
                "policyDefinitionId": ID,
                "parameters": Named(Keys({"value": ANYTHING})),
                "enforcementMode": Value(fold=str.casefold, default="Default"),
                "notScopes": Each(ID),
            },
            ("scope", "metadata", "definitionVersion", "latestDefinitionVersion"),
        ),
    },
    ("id", "name", "type", "systemData"),
)
