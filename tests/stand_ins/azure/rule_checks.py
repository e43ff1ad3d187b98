"""What the service wants of a rule, beyond the shape of its document.

Sources: Microsoft's page on service limits; the errors that users report (InvalidOutputTable, InvalidStream,
InvalidTransformQuery, InvalidTransformOutput). The other codes are the stand-in's own, for what is documented as
refused and of which nobody quoted the answer.
"""

from __future__ import annotations

from collections.abc import Iterator

from .estate import Estate
from .exchange import Document, Refusal
from .tables import Tables
from .transforms import TransformError, output_columns

_MOST = 10
_MOST_FACILITIES = 20
_MOST_COUNTERS = 100
_LONGEST_SOURCE_NAME = 32
_AZURE_STREAMS = (
    "Microsoft-Event",
    "Microsoft-InsightsMetrics",
    "Microsoft-Perf",
    "Microsoft-PrometheusMetrics",
    "Microsoft-Syslog",
    "Microsoft-WindowsEvent",
    "Microsoft-W3CIISLog",
)


class RuleChecks:
    """Judges a rule as a whole: its parts name one another, tables, workspaces and an endpoint."""

    def __init__(self, estate: Estate, tables: Tables) -> None:
        self._store = estate.store
        self._tables = tables

    def check(self, document: Document, properties: Document) -> None:
        """Raises Refusal with all that is wrong, each as a detail."""
        faults = [*self._places(document, properties), *_limits(properties), *_sources(properties)]
        # Flows are judged when what they name is in order: else one fault would be told many times.
        faults = faults or list(self._flows(properties))
        if faults:
            raise Refusal(400, "InvalidPayload", "Data collection rule is invalid", *faults)

    def _places(self, document: Document, properties: Document) -> Iterator[Document]:
        """The workspaces and the endpoint exist, in the region of the rule."""
        location = document["location"]
        for number, destination in enumerate(_workspaces(properties)):
            target = f"properties.destinations.logAnalytics[{number}]"
            workspace = self._store.get(destination.get("workspaceResourceId", ""))
            if workspace is None:
                text = f"Workspace '{destination.get('workspaceResourceId')}' was not found."
                yield _detail("InvalidDestination", target, text)
            elif workspace["location"] != location:
                # The service takes "East US" for eastus, and then does not tie the rule to the workspace.
                text = f"The rule is in '{location}', its workspace in '{workspace['location']}'."
                yield _detail("InvalidWorkspaceLocation", target, text)
        endpoint = properties.get("dataCollectionEndpointId")
        if endpoint:
            found = self._store.get(endpoint)
            if found is None or found["location"] != location:
                text = f"Data collection endpoint '{endpoint}' was not found in '{location}'."
                yield _detail("InvalidDataCollectionEndpoint", "properties.dataCollectionEndpointId", text)

    def _flows(self, properties: Document) -> Iterator[Document]:
        destinations = {one["name"] for _kind, one in _destinations(properties)}
        workspaces = {one["name"]: one["workspaceResourceId"] for one in _workspaces(properties)}
        declared = properties.get("streamDeclarations") or {}
        available = {*declared, *(stream for _kind, source in _all_sources(properties) for stream in source["streams"])}
        for number, flow in enumerate(properties.get("dataFlows") or []):
            target = f"properties.dataFlows[{number}]"
            streams = flow.get("streams") or []
            for stream in streams:
                if stream not in available:
                    yield _unknown_stream(stream, target)
            for name in flow.get("destinations") or [""]:
                if name not in destinations:
                    yield _detail("InvalidDataFlow", target, f"Destination '{name}' is not defined.")
            if not streams or (len(streams) > 1 and flow.get("transformKql")):
                text = "A flow needs a stream, and one with a transformation has exactly one."
                yield _detail("InvalidDataFlow", target, text)
                continue
            for name in set(flow.get("destinations") or []) & set(workspaces):
                yield from self._outputs(flow, streams, declared, workspaces[name], name, target)

    def _outputs(
        self, flow: Document, streams: list[str], declared: Document, workspace: str, name: str, target: str
    ) -> Iterator[Document]:
        """Tables that a flow writes exist, and have the columns that it writes."""
        for stream in streams:
            output = flow.get("outputStream") or stream
            query = flow.get("transformKql") or "source"
            columns = [column["name"] for column in (declared.get(stream) or {}).get("columns", [])]
            try:
                left = output_columns(query, columns)
            except TransformError as error:
                text = f"Error occurred while compiling query in query: {error}"
                yield _detail("InvalidTransformQuery", target, text)
                continue
            if not output.startswith("Custom-"):
                continue
            table = self._tables.seen_by_rules(workspace, output.removeprefix("Custom-"))
            if table is None:
                text = (
                    f"Table for output stream '{output}' is not available for destination '{name}'. Please ensure "
                    "that the table exists in Log Analytics Workspace before creating or updating the rule."
                )
                yield _detail("InvalidOutputTable", target, text)
                continue
            known = {column["name"] for column in table["properties"]["schema"]["columns"]}
            if not left <= known or (columns and "TimeGenerated" not in left):
                wrong = f"beyond those of the table: {sorted(left - known)}, TimeGenerated: {'TimeGenerated' in left}"
                text = f"Types of transform output columns do not match the ones defined by {output}: {wrong}"
                yield _detail("InvalidTransformOutput", target, text)


def _limits(properties: Document) -> Iterator[Document]:
    counts = {
        "dataSources": len(list(_all_sources(properties))),
        "dataFlows": len(properties.get("dataFlows") or []),
        "streamDeclarations": len(properties.get("streamDeclarations") or {}),
        "destinations.logAnalytics": len(_workspaces(properties)),
    }
    for name, count in counts.items():
        if count > _MOST:
            yield _detail("LimitExceeded", f"properties.{name}", f"{count} entries, at most {_MOST} are allowed.")
    for kind, source in _all_sources(properties):
        target = f"properties.dataSources.{kind}"
        if len(source.get("facilityNames") or []) > _MOST_FACILITIES:
            yield _detail("LimitExceeded", target, f"At most {_MOST_FACILITIES} facilities are allowed.")
        if len(source.get("counterSpecifiers") or []) > _MOST_COUNTERS:
            yield _detail("LimitExceeded", target, f"At most {_MOST_COUNTERS} counters are allowed.")


def _sources(properties: Document) -> Iterator[Document]:
    """Sources have names of their own and streams that exist; text logs go to one workspace."""
    declared = properties.get("streamDeclarations") or {}
    for stream in declared:
        if not stream.startswith("Custom-"):
            text = f"Stream '{stream}' must begin with 'Custom-'."
            yield _detail("InvalidStream", f"properties.streamDeclarations.{stream}", text)
    names: set[str] = set()
    for kind, source in _all_sources(properties):
        target = f"properties.dataSources.{kind}"
        name = source.get("name", "")
        if not 1 <= len(name) <= _LONGEST_SOURCE_NAME or name in names:
            text = f"Data source name '{name}' must be unique and have 1 to {_LONGEST_SOURCE_NAME} characters."
            yield _detail("InvalidDataSource", target, text)
        names.add(name)
        for stream in source.get("streams") or [""]:
            if stream not in declared and stream not in _AZURE_STREAMS:
                yield _unknown_stream(stream, target)
        if kind == "logFiles" and len(_workspaces(properties)) > 1:
            yield _detail("InvalidDestination", target, "Text logs go to one workspace.")


def _all_sources(properties: Document) -> Iterator[tuple[str, Document]]:
    """Each data source, with the section that it is in."""
    for kind, sources in (properties.get("dataSources") or {}).items():
        if isinstance(sources, list):
            yield from ((kind, {"streams": [], **source}) for source in sources)


def _destinations(properties: Document) -> Iterator[tuple[str, Document]]:
    for kind, found in (properties.get("destinations") or {}).items():
        yield from ((kind, one) for one in (found if isinstance(found, list) else [found]))


def _workspaces(properties: Document) -> list[Document]:
    found: list[Document] = (properties.get("destinations") or {}).get("logAnalytics") or []
    return found


def _unknown_stream(stream: str, target: str) -> Document:
    text = f"'Streams' stream '{stream}' must be a custom stream or one of: {', '.join(_AZURE_STREAMS)}."
    return _detail("InvalidStream", target, text)


def _detail(code: str, target: str, message: str) -> Document:
    return {"code": code, "target": target, "message": message}
