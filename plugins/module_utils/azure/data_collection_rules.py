# -*- coding: utf-8 -*-
# Copyright: slurm.observability contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Data collection rules: what a document of one may have, after the interface of version 2023-03-11."""

from __future__ import annotations

from ansible_collections.slurm.observability.plugins.module_utils.azure.schema import (
    ANYTHING,
    ID,
    NUMBER,
    TEXT,
    WORD,
    Each,
    Keys,
    Named,
    Schema,
    Value,
    tracked_resource,
)

TYPE = "Microsoft.Insights/dataCollectionRules"
API_VERSION = "2023-03-11"
# The interface's own list has the first two only; the service takes all of these.
KINDS = ("Linux", "Windows", "Direct", "AgentSettings", "PlatformTelemetry", "WorkspaceTransforms")


def _fold_stream(name: str) -> str:
    """Microsoft's own streams come back in Microsoft's spelling; the name of a custom one is the user's."""
    return name.casefold() if name.casefold().startswith("microsoft-") else name


STREAMS = Each(Value(fold=_fold_stream))
TEXTS = Each(TEXT)
WORDS = Each(WORD)
TRANSFORM = Value(default="source")


def _data_source(**more: Schema) -> Each:
    return Each(Keys({"name": TEXT, "streams": STREAMS, **more}))


DATA_SOURCES = Keys(
    {
        "performanceCounters": _data_source(
            samplingFrequencyInSeconds=NUMBER, counterSpecifiers=TEXTS, transformKql=TRANSFORM
        ),
        "windowsEventLogs": _data_source(xPathQueries=TEXTS, transformKql=TRANSFORM),
        "syslog": _data_source(facilityNames=WORDS, logLevels=WORDS, transformKql=TRANSFORM),
        "extensions": _data_source(extensionName=WORD, extensionSettings=ANYTHING, inputDataSources=TEXTS),
        "logFiles": _data_source(
            filePatterns=TEXTS,
            format=WORD,
            settings=Keys({"text": Keys({"recordStartTimestampFormat": TEXT})}),
            transformKql=TRANSFORM,
        ),
        "iisLogs": _data_source(logDirectories=TEXTS, transformKql=TRANSFORM),
        "windowsFirewallLogs": _data_source(profileFilter=WORDS),
        "prometheusForwarder": _data_source(labelIncludeFilter=Named(TEXT)),
        "platformTelemetry": _data_source(),
        "dataImports": Keys({"eventHub": Keys({"name": TEXT, "consumerGroup": TEXT, "stream": TEXT})}),
    }
)


def _destination(*read_only: str, **more: Schema) -> Each:
    return Each(Keys({"name": TEXT, **more}, read_only))


DESTINATIONS = Keys(
    {
        "logAnalytics": _destination("workspaceId", workspaceResourceId=ID),
        "monitoringAccounts": _destination("accountId", accountResourceId=ID),
        "azureMonitorMetrics": Keys({"name": TEXT}),
        "eventHubs": _destination(eventHubResourceId=ID),
        "eventHubsDirect": _destination(eventHubResourceId=ID),
        "storageBlobsDirect": _destination(containerName=TEXT, storageAccountResourceId=ID),
        "storageTablesDirect": _destination(tableName=TEXT, storageAccountResourceId=ID),
        "storageAccounts": _destination(containerName=TEXT, storageAccountResourceId=ID),
        "microsoftFabric": _destination(tenantId=WORD, artifactId=WORD, databaseName=TEXT, ingestionUri=TEXT),
        "azureDataExplorer": _destination("ingestionUri", resourceId=ID, databaseName=TEXT),
    }
)

STREAM_DECLARATIONS = Named(Keys({"columns": Each(Keys({"name": TEXT, "type": WORD}))}))

DATA_FLOWS = Each(
    Keys(
        {
            "streams": STREAMS,
            "destinations": TEXTS,
            "transformKql": TRANSFORM,
            "outputStream": Value(fold=_fold_stream),
            "builtInTransform": TEXT,
            "captureOverflow": Value(bool, default=False),
        }
    )
)

REFERENCES = Keys(
    {
        "enrichmentData": Keys(
            {"storageBlobs": Each(Keys({"resourceId": ID, "blobUrl": TEXT, "lookupType": WORD, "name": TEXT}))}
        )
    }
)

AGENT_SETTINGS = Keys({"logs": Each(Keys({"name": WORD, "value": TEXT}))})

PROPERTIES = Keys(
    {
        "description": TEXT,
        "dataCollectionEndpointId": ID,
        "streamDeclarations": STREAM_DECLARATIONS,
        "dataSources": DATA_SOURCES,
        "destinations": DESTINATIONS,
        "dataFlows": DATA_FLOWS,
        "references": REFERENCES,
        "agentSettings": AGENT_SETTINGS,
    },
    ("immutableId", "metadata", "endpoints", "provisioningState"),
)

SCHEMA = tracked_resource(PROPERTIES)
