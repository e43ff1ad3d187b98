# -*- coding: utf-8 -*-
# Copyright: slurm.observability contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Data collection endpoints: what a document of one may have, after the interface of version 2023-03-11."""

from __future__ import annotations

from ansible_collections.slurm.observability.plugins.module_utils.azure.schema import (
    TEXT,
    Keys,
    Value,
    tracked_resource,
)

TYPE = "Microsoft.Insights/dataCollectionEndpoints"
API_VERSION = "2023-03-11"

_ACCESS = Value(fold=str.casefold, default="Enabled")

PROPERTIES = Keys(
    {"description": TEXT, "networkAcls": Keys({"publicNetworkAccess": _ACCESS})},
    (
        "immutableId",
        "configurationAccess",
        "logsIngestion",
        "metricsIngestion",
        "privateLinkScopedResources",
        "failoverConfiguration",
        "metadata",
        "provisioningState",
    ),
)

SCHEMA = tracked_resource(PROPERTIES)
