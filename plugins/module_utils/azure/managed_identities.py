# -*- coding: utf-8 -*-
# Copyright: slurm.observability contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""User-assigned managed identities: what a document of one may have, after the interface of version 2023-01-31."""

from __future__ import annotations

from ansible_collections.slurm.observability.plugins.module_utils.azure.schema import Keys, tracked_resource

TYPE = "Microsoft.ManagedIdentity/userAssignedIdentities"
API_VERSION = "2023-01-31"

SCHEMA = tracked_resource(Keys({}, ("tenantId", "principalId", "clientId", "isolationScope")))
