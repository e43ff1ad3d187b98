"""The file of ``--custom-metrics``: what a site's own metrics look like, and what is wrong with them."""

from __future__ import annotations

import re
import shutil
import stat
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path

from ...metrics.metric import Metric
from ...settings_file import Faults, SettingsFileError, Table, read_table
from ...slurm.command import one_line
from .parse import (
    IGNORED,
    VALUE,
    CountLines,
    Custom,
    ExtractNumber,
    FunctionError,
    ParseColumns,
    Parser,
    find_function,
    label,
)

PLACEHOLDERS = ("state", "partition", "start_time")
STRATEGIES = ("COUNT_LINES", "EXTRACT_NUMBER", "PARSE_COLUMNS", "CUSTOM")
MAX_METRICS = 100
MAX_COMMANDS = 1000
DEFAULT_INTERVAL = 60.0
DEFAULT_MAX_SERIES = 1000

_METRIC_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")  # no colon: that is for recording rules
_LABEL_NAME = re.compile(r"(?!__)[a-zA-Z_][a-zA-Z0-9_]*")
_BRACES = re.compile(r"\{([a-z_]+)\}")


@dataclass(frozen=True)
class CommandSchema:
    """A command, what it is asked about, and the metrics that its output gives.

    ``name`` and ``description`` may hold ``{state}``, ``arguments`` also ``{partition}`` and ``{start_time}``.
    ``partitions`` is None for all that there are. ``labels`` are the same in every series. Times in seconds.
    """

    name: str
    description: str
    command: tuple[str, ...]
    parser: Parser
    kind: str = "gauge"
    labels: Mapping[str, str] = field(default_factory=dict)
    states: tuple[str, ...] = ()
    partitions: tuple[str, ...] | None = None
    interval: float = DEFAULT_INTERVAL
    timeout: float | None = None
    max_series: int = DEFAULT_MAX_SERIES

    @property
    def per_partition(self) -> bool:
        """Whether the command is run for each partition."""
        return any("{partition}" in word for word in self.command)

    @property
    def state_is_label(self) -> bool:
        """Whether the state is a label, and not a part of the name."""
        return bool(self.states) and "{state}" not in self.name

    @property
    def label_names(self) -> tuple[str, ...]:
        """The labels, in the order in which the values of a series stand."""
        asked = ("state",) * self.state_is_label + ("partition",) * self.per_partition
        return (*asked, *self.labels, *self.parser.labels)

    def metric(self, state: str) -> Metric:
        """Return the metric for a state; without ``{state}`` in the name, it is the same for all."""
        name, text = self.name.replace("{state}", state.lower()), self.description.replace("{state}", state)
        return Metric(name, text, self.label_names, self.kind)

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """All metrics, each once."""
        return tuple({self.metric(state).name: self.metric(state) for state in self.states or ("",)}.values())


def read_custom_metrics(path: Path, taken: Collection[str]) -> tuple[CommandSchema, ...]:
    """Read the file. ``taken`` holds the names that the exporter serves itself. Raises SettingsFileError."""
    faults = Faults(path)
    try:
        text = path.read_bytes()
        if path.stat().st_mode & stat.S_IWOTH:
            faults.add(1, "everybody on this host may write to this file, and so choose what is run; chmod o-w it")
    except OSError as error:
        raise SettingsFileError(f"{path}:1: cannot be read: {error.strerror or error}") from error
    root = read_table(text, faults, "the custom metrics")
    tables = root.tables("metrics")
    root.end()
    if len(tables) > MAX_METRICS:
        root.fault(f"more than {MAX_METRICS} metrics are defined", "metrics")
    names = dict.fromkeys(taken, "of the exporter itself")
    schemas = []
    for table in tables[:MAX_METRICS]:
        schema = _schema(table)
        table.end()
        _check_names(schema, table, names)
        schemas.append(schema)
    faults.raise_any()
    return tuple(schemas)


def _schema(table: Table) -> CommandSchema:
    labels = table.table("labels")
    schema = CommandSchema(
        name=table.text("name", required=True),
        description=table.text("description", required=True),
        command=(*table.texts("command", required=True), *table.texts("command_args")),
        parser=_parser(table),
        kind=table.choice("type", ("gauge", "counter"), "gauge"),
        labels={name: label(labels.word(name, "")) for name in labels},
        states=table.texts("states"),
        partitions=table.texts("partitions") if "partitions" in table else None,
        interval=table.number("interval", DEFAULT_INTERVAL, 1, 86400),
        timeout=table.number("timeout", 0, 0.1, 86400) or None,
        max_series=table.integer("max_series", DEFAULT_MAX_SERIES, 1, 100_000),
    )
    _check_command(schema, table)
    _check_placeholders(schema, table)
    _check_labels(schema, table)
    return schema


def _parser(table: Table) -> Parser:
    strategy = table.choice("parse_strategy", STRATEGIES, "", required=True)
    after, separator = table.text("after"), table.text("separator", "|")
    columns, function = table.texts("columns"), table.text("function", required=strategy == "CUSTOM")
    for key, strategies in (
        ("after", ("EXTRACT_NUMBER",)),
        ("separator", ("PARSE_COLUMNS",)),
        ("columns", ("PARSE_COLUMNS", "CUSTOM")),
        ("function", ("CUSTOM",)),
    ):
        if strategy and key in table and strategy not in strategies:
            table.fault(f"{key} is for {' and '.join(strategies)}", key)
    if strategy == "EXTRACT_NUMBER":
        return ExtractNumber(after)
    if strategy == "PARSE_COLUMNS":
        if not columns or columns.count(VALUE) > 1:
            table.fault(
                f"columns has to name a label for each column, or {VALUE} (at most once), or {IGNORED}", "columns"
            )
        return ParseColumns(columns, separator)
    if strategy == "CUSTOM":
        try:
            return Custom(columns, find_function(function), function)
        except FunctionError as error:
            table.fault(f"function: {error}", "function")
    return CountLines()


def _check_command(schema: CommandSchema, table: Table) -> None:
    if schema.command and shutil.which(schema.command[0]) is None:
        table.fault(f"{one_line(schema.command[0], 60)!r} is no command in PATH", "command")
    commands = max(1, len(schema.states)) * (len(schema.partitions or ("",)) if schema.per_partition else 1)
    if commands > MAX_COMMANDS:
        table.fault(f"this would run {commands} commands each time; {MAX_COMMANDS} is the limit", "states")


def _check_placeholders(schema: CommandSchema, table: Table) -> None:
    for key, texts, known in (
        ("command_args", schema.command, PLACEHOLDERS),
        ("name", (schema.name,), ("state",)),
        ("description", (schema.description,), ("state",)),
    ):
        for word in _BRACES.findall(" ".join(texts)):
            near = get_close_matches(word, PLACEHOLDERS, n=1, cutoff=0.7)
            if word not in known and near:
                hint = f"{{{near[0]}}} has no place there" if word in PLACEHOLDERS else f"did you mean {{{near[0]}}}?"
                table.fault(f"{key} holds {{{word}}}; {hint}", key)
    used = any("{state}" in word for word in schema.command)
    if used and not schema.states:
        table.fault("{state} stands for each of states, and there are none", "command_args")
    if schema.states and not used:
        table.fault("states are given, and no argument holds {state}", "states")
    if schema.partitions is not None and not schema.per_partition:
        table.fault("partitions are given, and no argument holds {partition}", "partitions")


def _check_labels(schema: CommandSchema, table: Table) -> None:
    names = schema.label_names
    for name in names:
        if not _LABEL_NAME.fullmatch(name):
            table.fault(f"{one_line(name, 60)!r} is no name of a label")
    for name in sorted({name for name in names if names.count(name) > 1}):
        table.fault(f"there is more than one label {name}")


def _check_names(schema: CommandSchema, table: Table, names: dict[str, str]) -> None:
    """Refuse names that are none or belong to somebody, and add the others to ``names``."""
    for metric in schema.metrics:
        if not metric.name:
            continue  # that it is missing was said
        if not _METRIC_NAME.fullmatch(metric.name):
            table.fault(f"{one_line(metric.name, 60)!r} is no name of a metric", "name")
        elif metric.name in names:
            table.fault(f"{metric.name} is the name of a metric {names[metric.name]}; choose another one", "name")
        elif (metric.kind == "counter") != metric.name.endswith("_total"):
            table.fault("the name of a counter ends in _total, and that of a gauge does not", "name")
        names[metric.name] = f"in line {table.line}"
