"""Data collection rules, their endpoints and their associations (Microsoft.Insights, 2023-03-11)."""

from __future__ import annotations

from ..schema import Flag, Free, ListOf, MapOf, Number, Record, Shape, Text
from .common import IDENTITY, OWN, READ_ONLY, TAGS

NAME = Text()
TEXTS = ListOf(Text())

STATE = Text(("Creating", "Updating", "Deleting", "Succeeded", "Canceled", "Failed"))
METADATA_KEYS = ("provisionedBy", "provisionedByResourceId", "provisionedByImmutableId")
METADATA = Record("Metadata", dict.fromkeys(METADATA_KEYS, Text()), read_only=METADATA_KEYS)

COLUMN = Record(
    "ColumnDefinition",
    {"name": NAME, "type": Text(("string", "int", "long", "real", "boolean", "datetime", "dynamic"))},
)
STREAM_DECLARATION = Record("StreamDeclaration", {"columns": ListOf(COLUMN)})


def _streams(*known: str) -> ListOf:
    """Streams of a kind of source. Those not known here are judged with the rule, not with the shape."""
    return ListOf(Text(known, others=True))


PERFORMANCE_COUNTERS = Record(
    "PerfCounterDataSource",
    {
        "streams": _streams("Microsoft-Perf", "Microsoft-InsightsMetrics"),
        "samplingFrequencyInSeconds": Number(),
        "counterSpecifiers": TEXTS,
        "transformKql": Text(),
        "name": NAME,
    },
)
WINDOWS_EVENT_LOGS = Record(
    "WindowsEventLogDataSource",
    {
        "streams": _streams("Microsoft-WindowsEvent", "Microsoft-Event"),
        "xPathQueries": TEXTS,
        "transformKql": Text(),
        "name": NAME,
    },
)
FACILITIES = (
    *("*", "alert", "audit", "auth", "authpriv", "clock", "cron", "daemon", "ftp", "kern"),
    *(f"local{number}" for number in range(8)),
    *("lpr", "mail", "mark", "news", "nopri", "ntp", "syslog", "user", "uucp"),
)
LOG_LEVELS = ("Debug", "Info", "Notice", "Warning", "Error", "Critical", "Alert", "Emergency", "*")
SYSLOG = Record(
    "SyslogDataSource",
    {
        "streams": _streams("Microsoft-Syslog"),
        "facilityNames": ListOf(Text(FACILITIES)),
        "logLevels": ListOf(Text(LOG_LEVELS)),
        "transformKql": Text(),
        "name": NAME,
    },
)
AGENT_STREAMS = (
    "Microsoft-Event",
    "Microsoft-InsightsMetrics",
    "Microsoft-Perf",
    "Microsoft-Syslog",
    "Microsoft-WindowsEvent",
)
EXTENSIONS = Record(
    "ExtensionDataSource",
    {
        "streams": _streams(*AGENT_STREAMS),
        "extensionName": Text(),
        "extensionSettings": Free(),
        "inputDataSources": TEXTS,
        "name": NAME,
    },
    required=("extensionName",),
)
RECORD_STARTS = (
    "ISO 8601",
    "YYYY-MM-DD HH:MM:SS",
    "M/D/YYYY HH:MM:SS AM/PM",
    "Mon DD, YYYY HH:MM:SS",
    "yyMMdd HH:mm:ss",
    "ddMMyy HH:mm:ss",
    "MMM d hh:mm:ss",
    "dd/MMM/yyyy:HH:mm:ss zzz",
    "yyyy-MM-ddTHH:mm:ssK",
)
LOG_FILE_TEXT_SETTINGS = Record(
    "LogFileTextSettings",
    {"recordStartTimestampFormat": Text(RECORD_STARTS)},
    required=("recordStartTimestampFormat",),
)
LOG_FILES = Record(
    "LogFilesDataSource",
    {
        "streams": _streams(),
        "filePatterns": TEXTS,
        "format": Text(("json", "text")),
        "settings": Record("LogFileSettings", {"text": LOG_FILE_TEXT_SETTINGS}),
        "transformKql": Text(),
        "name": NAME,
    },
    required=("filePatterns", "format", "streams"),
)
IIS_LOGS = Record(
    "IisLogsDataSource",
    {"streams": _streams(), "logDirectories": TEXTS, "transformKql": Text(), "name": NAME},
    required=("streams",),
)
WINDOWS_FIREWALL_LOGS = Record(
    "WindowsFirewallLogsDataSource",
    {"streams": _streams(), "profileFilter": ListOf(Text(("Domain", "Private", "Public"))), "name": NAME},
    required=("streams",),
)
PROMETHEUS_FORWARDER = Record(
    "PrometheusForwarderDataSource",
    {"streams": _streams("Microsoft-PrometheusMetrics"), "labelIncludeFilter": MapOf(Text()), "name": NAME},
)
PLATFORM_TELEMETRY = Record("PlatformTelemetryDataSource", {"streams": _streams(), "name": NAME}, required=("streams",))
EVENT_HUB_SOURCE = Record("EventHubDataSource", {"name": NAME, "consumerGroup": Text(), "stream": Text()})
DATA_SOURCES = Record(
    "DataSourcesSpec",
    {
        "performanceCounters": ListOf(PERFORMANCE_COUNTERS),
        "windowsEventLogs": ListOf(WINDOWS_EVENT_LOGS),
        "syslog": ListOf(SYSLOG),
        "extensions": ListOf(EXTENSIONS),
        "logFiles": ListOf(LOG_FILES),
        "iisLogs": ListOf(IIS_LOGS),
        "windowsFirewallLogs": ListOf(WINDOWS_FIREWALL_LOGS),
        "prometheusForwarder": ListOf(PROMETHEUS_FORWARDER),
        "platformTelemetry": ListOf(PLATFORM_TELEMETRY),
        "dataImports": Record("DataImportSources", {"eventHub": EVENT_HUB_SOURCE}),
    },
)

LOG_ANALYTICS = Record(
    "LogAnalyticsDestination",
    {"workspaceResourceId": Text(), "workspaceId": Text(), "name": NAME},
    read_only=("workspaceId",),
)
MONITORING_ACCOUNT = Record(
    "MonitoringAccountDestination",
    {"accountResourceId": Text(), "accountId": Text(), "name": NAME},
    read_only=("accountId",),
)
STORAGE_BLOB = Record(
    "StorageBlobDestination", {"containerName": Text(), "storageAccountResourceId": Text(), "name": NAME}
)
STORAGE_TABLE = Record(
    "StorageTableDestination", {"tableName": Text(), "storageAccountResourceId": Text(), "name": NAME}
)
FABRIC = Record(
    "MicrosoftFabricDestination",
    {"tenantId": Text(), "artifactId": Text(), "databaseName": Text(), "ingestionUri": Text(), "name": NAME},
)
DATA_EXPLORER = Record(
    "AdxDestination",
    {"resourceId": Text(), "databaseName": Text(), "ingestionUri": Text(), "name": NAME},
    read_only=("ingestionUri",),
)
DESTINATIONS = Record(
    "DestinationsSpec",
    {
        "logAnalytics": ListOf(LOG_ANALYTICS),
        "monitoringAccounts": ListOf(MONITORING_ACCOUNT),
        "azureMonitorMetrics": Record("AzureMonitorMetricsDestination", {"name": NAME}),
        "eventHubs": ListOf(Record("EventHubDestination", {"eventHubResourceId": Text(), "name": NAME})),
        "eventHubsDirect": ListOf(Record("EventHubDirectDestination", {"eventHubResourceId": Text(), "name": NAME})),
        "storageBlobsDirect": ListOf(STORAGE_BLOB),
        "storageTablesDirect": ListOf(STORAGE_TABLE),
        "storageAccounts": ListOf(STORAGE_BLOB),
        "microsoftFabric": ListOf(FABRIC),
        "azureDataExplorer": ListOf(DATA_EXPLORER),
    },
)

DATA_FLOW = Record(
    "DataFlow",
    {
        "streams": _streams(*AGENT_STREAMS),
        "destinations": TEXTS,
        "transformKql": Text(),
        "outputStream": Text(),
        "builtInTransform": Text(),
        "captureOverflow": Flag(),
    },
)
ENRICHMENT_BLOB = Record(
    "StorageBlob",
    {"resourceId": Text(), "blobUrl": Text(), "lookupType": Text(("String", "Cidr")), "name": NAME},
)
ENRICHMENT = Record("EnrichmentData", {"storageBlobs": ListOf(ENRICHMENT_BLOB)})
AGENT_SETTING = Record(
    "AgentSetting",
    {"name": Text(("MaxDiskQuotaInMB", "UseTimeReceivedForForwardedEvents")), "value": Text()},
)
INGESTION_ENDPOINTS = Record(
    "EndpointsSpec",
    {"logsIngestion": Text(), "metricsIngestion": Text()},
    read_only=("logsIngestion", "metricsIngestion"),
)
RULE_PROPERTIES = Record(
    "DataCollectionRule",
    {
        "description": Text(),
        "immutableId": Text(),
        "dataCollectionEndpointId": Text(),
        "metadata": METADATA,
        "endpoints": INGESTION_ENDPOINTS,
        "references": Record("ReferencesSpec", {"enrichmentData": ENRICHMENT}),
        "agentSettings": Record("AgentSettingsSpec", {"logs": ListOf(AGENT_SETTING)}),
        "streamDeclarations": MapOf(STREAM_DECLARATION),
        "dataSources": DATA_SOURCES,
        "destinations": DESTINATIONS,
        "dataFlows": ListOf(DATA_FLOW),
        "provisioningState": STATE,
    },
    read_only=("immutableId", "metadata", "endpoints", "provisioningState"),
)
KIND = Text(("Linux", "Windows"), also=("Direct", "AgentSettings", "PlatformTelemetry", "WorkspaceTransforms"))


def _tracked(name: str, properties: Shape, kind: Text) -> Record:
    """A resource that has a place and tags."""
    return Record(
        name,
        {"properties": properties, "location": Text(), "tags": TAGS, "kind": kind, "identity": IDENTITY, **OWN},
        required=("location",),
        read_only=READ_ONLY,
    )


RULE = _tracked("DataCollectionRuleResource", RULE_PROPERTIES, KIND)
UPDATE = Record("ResourceForUpdate", {"tags": TAGS, "identity": IDENTITY})

ENDPOINT_PROPERTIES = Record(
    "DataCollectionEndpoint",
    {
        "description": Text(),
        "immutableId": Text(),
        "configurationAccess": Record("ConfigurationAccessEndpointSpec", {"endpoint": Text()}, read_only=("endpoint",)),
        "logsIngestion": Record("LogsIngestionEndpointSpec", {"endpoint": Text()}, read_only=("endpoint",)),
        "metricsIngestion": Record("MetricsIngestionEndpointSpec", {"endpoint": Text()}, read_only=("endpoint",)),
        "networkAcls": Record(
            "NetworkRuleSet", {"publicNetworkAccess": Text(("Enabled", "Disabled", "SecuredByPerimeter"))}
        ),
        "provisioningState": STATE,
        "privateLinkScopedResources": ListOf(
            Record("PrivateLinkScopedResource", {"resourceId": Text(), "scopeId": Text()})
        ),
        "failoverConfiguration": Record(
            "FailoverConfigurationSpec",
            {
                "activeLocation": Text(),
                "locations": ListOf(Record("LocationSpec", {"location": Text(), "provisioningStatus": STATE})),
            },
        ),
        "metadata": METADATA,
    },
    read_only=("provisioningState", "privateLinkScopedResources", "failoverConfiguration", "metadata"),
)
ENDPOINT = _tracked("DataCollectionEndpointResource", ENDPOINT_PROPERTIES, Text(("Linux", "Windows")))

ASSOCIATION_PROPERTIES = Record(
    "DataCollectionRuleAssociation",
    {
        "description": Text(),
        "dataCollectionRuleId": Text(),
        "dataCollectionEndpointId": Text(),
        "provisioningState": STATE,
        "metadata": METADATA,
    },
    read_only=("provisioningState", "metadata"),
)
ASSOCIATION = Record(
    "DataCollectionRuleAssociationProxyOnlyResource",
    {"properties": ASSOCIATION_PROPERTIES, **OWN},
    read_only=READ_ONLY,
)
