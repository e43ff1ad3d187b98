# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The configuration of fluent-bit that forwards the logs of one host.

Each source has an input, a position database and an output of its own, and its name is the tag between them: what one
source does, or one rule of Azure refuses, holds up no other. docs/fluent-bit.md has the measurements behind this.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Input = Mapping[str, Any]
Document = dict[str, Any]

OUTPUTS = ("azure", "loki", "file")

# A request of the Logs Ingestion API has 1 MiB at most, unpacked. fluent-bit makes one of each chunk, and a chunk is
# what an input read between two flushes. The gate stops an input for the rest of its window once it has read more than
# this; a flush can see the end of one window and the begin of the next, and JSON needs up to twice the bytes.
BYTES_BETWEEN_FLUSHES = 200 * 1024
LONGEST_LINE = 256 * 1024

# The unit of systemd sets this one, so that an image can be configured before its machines have names.
COMPUTER = "${HOSTNAME}"
# What the environment of the configuration calls the secrets, which are in files.
SECRET_VARIABLES = {"azure": "AZURE_CLIENT_SECRET", "loki": "LOKI_PASSWORD"}


class ConfigurationError(ValueError):
    """What cannot be configured, and what to do about it."""


@dataclass(frozen=True)
class Settings:
    """What a configuration needs to know beside its inputs.

    ``azure``, ``loki`` and ``file`` are the settings of the outputs, those that are wanted. ``secrets`` has the path of
    the file with the secret of an output.
    """

    state_directory: str
    listen_address: str = "127.0.0.1:2020"
    flush_seconds: int = 5
    buffer_size: str = "1G"
    rotate_wait_seconds: int = 60
    log_level: str = "info"
    azure: Mapping[str, Any] = field(default_factory=dict)
    loki: Mapping[str, Any] = field(default_factory=dict)
    file: Mapping[str, Any] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)

    @property
    def outputs(self) -> list[str]:
        """The kinds of outputs that are wanted."""
        return [kind for kind in OUTPUTS if getattr(self, kind)]


def configuration(inputs: Sequence[Input], settings: Settings) -> Document:
    """The configuration, in fluent-bit's YAML form. Raises ConfigurationError."""
    if not settings.outputs:
        raise ConfigurationError(f"there is nowhere to send to; give one of {', '.join(OUTPUTS)}")
    starts = sorted({one["record_start"] for one in inputs if one["record_start"]})
    return {
        "env": _environment(settings),
        "service": _service(settings),
        "multiline_parsers": [_multiline_parser(start, starts) for start in starts],
        "pipeline": {
            "inputs": [_input(one, settings) for one in inputs],
            "filters": list(_filters(inputs, starts)),
            "outputs": [_OUTPUTS[kind](one, settings) for kind in settings.outputs for one in inputs],
        },
    }


def _environment(settings: Settings) -> list[Document]:
    """The secrets: fluent-bit reads them from their files, and nothing else has them."""
    return [{"name": SECRET_VARIABLES[kind], "uri": f"file://{path}"} for kind, path in settings.secrets.items()]


def _service(settings: Settings) -> Document:
    host, _colon, port = settings.listen_address.rpartition(":")
    return {
        "flush": settings.flush_seconds,
        "grace": 5,
        "log_level": settings.log_level,
        "http_server": True,
        "http_listen": host.strip("[]"),
        "http_port": int(port),
        "storage.path": f"{settings.state_directory}/buffer",
        "storage.sync": "full",
        # Without checksums: with them, fluent-bit discards what it was writing when it was killed.
        "storage.metrics": True,
        # What waits in memory; the rest waits on the disk.
        "storage.max_chunks_up": 64,
        "storage.backlog.mem_limit": "16M",
        # Seconds until a retry: at least, and at most.
        "scheduler.base": 2,
        "scheduler.cap": 60,
    }


def _parser_name(start: str, starts: Sequence[str]) -> str:
    return f"record_{starts.index(start) + 1}"


def _multiline_parser(start: str, starts: Sequence[str]) -> Document:
    """A record begins with a line that matches; what does not match belongs to the line before."""
    # In fluent-bit an expression stands between slashes.
    expression = re.sub(r"(?<!\\)/", r"\\/", start)
    return {
        "name": _parser_name(start, starts),
        "type": "regex",
        "key_content": "RawData",
        "rules": [
            {"state": "start_state", "regex": f"/{expression}/", "next_state": "further"},
            {"state": "further", "regex": f"/^(?!{expression.removeprefix('^')})/", "next_state": "further"},
        ],
    }


def _input(one: Input, settings: Settings) -> Document:
    common = {
        "alias": one["name"],
        "tag": one["name"],
        "db": f"{settings.state_directory}/positions/{one['name']}.db",
        "db.sync": "full",
        "storage.type": "filesystem",
        "rate_gate": True,
        "rate_gate.max_bytes": BYTES_BETWEEN_FLUSHES // settings.flush_seconds,
        "rate_gate.backpressure": False,
        "rate_window": f"{settings.flush_seconds}s",
    }
    return _journal(one, common) if one["journal"] else _tail(one, common, settings)


def _journal(one: Input, common: Document) -> Document:
    """Entries of the journal, which fluent-bit reads itself: a file of them would only lag behind."""
    return {
        "name": "systemd",
        **common,
        "systemd_filter": list(one["journal"]["matches"]),
        "systemd_filter_type": "and",
        "read_from_tail": False,
        # What is read at once, before the gate looks.
        "max_entries": 200,
    }


def _tail(one: Input, common: Document, settings: Settings) -> Document:
    return {
        "name": "tail",
        **common,
        "path": ",".join(one["paths"]),
        "key": "RawData",
        "path_key": "FilePath",
        "read_from_head": True,
        # Seconds until files are looked for anew. A pattern stands for files that are written once, and where its
        # directory is missing fluent-bit complains each time.
        "refresh_interval": 60 if any("*" in path for path in one["paths"]) else 5,
        # A file that was rotated away is still read, should it take so long.
        "rotate_wait": settings.rotate_wait_seconds,
        "buffer_max_size": LONGEST_LINE,
        # A line that is longer is left out; without this, its whole file is.
        "skip_long_lines": True,
        # One file at a time: the gate looks after each read, and what is read behind a closed gate is gone.
        "static_batch_size": 1,
        "event_batch_size": 1,
    }


def _filters(inputs: Iterable[Input], starts: Sequence[str]) -> Iterable[Document]:
    for one in inputs:
        if one["record_start"]:
            # Joins the lines that one read has found. The input could join across reads, but what it holds back for
            # that is in memory alone, and gone with a kill -9 or a closed gate.
            yield {
                "name": "multiline",
                "match": one["name"],
                "multiline.parser": _parser_name(one["record_start"], starts),
                "multiline.key_content": "RawData",
                "buffer": False,
            }
        if one["journal"]:
            # The journal's own fields are not columns.
            yield {"name": "modify", "match": one["name"], "rename": "MESSAGE RawData"}
            yield {
                "name": "record_modifier",
                "match": one["name"],
                "allowlist_key": "RawData",
                "record": "FilePath journal",
            }
    yield {"name": "record_modifier", "match": "*", "record": f"Computer {COMPUTER}"}


def _output(name: str, kind: str, one: Input, settings: Settings) -> Document:
    return {
        "name": name,
        "alias": f"{kind}_{one['name']}",
        "match": one["name"],
        # Until it is taken, or until there is no more room: then the oldest chunk goes.
        "retry_limit": "no_limits",
        "storage.total_limit_size": settings.buffer_size,
    }


def _azure(one: Input, settings: Settings) -> Document:
    azure = settings.azure
    rules = {rule["name"]: rule["properties"] for rule in azure["rules"]}
    rule = rules.get(one["rule"])
    if not rule:
        raise ConfigurationError(
            f"the source {one['name']} is sent to the rule {one['rule']}, and there "
            f"{'are only ' + ', '.join(sorted(rules)) if rules else 'are none'}; make the rule, of the kind Direct, or "
            "leave the source out"
        )
    endpoint = azure.get("endpoint") or rule.get("endpoints", {}).get("logsIngestion")
    if not endpoint:
        raise ConfigurationError(
            f"the rule {one['rule']} has no address of its own; make it of the kind Direct, or name the endpoint of a "
            "data collection endpoint"
        )
    return {
        **_output("azure_logs_ingestion", "azure", one, settings),
        **({"auth_url": azure["auth_url"]} if azure.get("auth_url") else {"tenant_id": azure["tenant_id"]}),
        "client_id": azure["client_id"],
        "client_secret": f"${{{SECRET_VARIABLES['azure']}}}",
        "dce_url": endpoint,
        "dcr_id": rule["immutableId"],
        # It posts to the stream Custom-<table_name>.
        "table_name": one["stream"].removeprefix("Custom-"),
        "time_key": "TimeGenerated",
        "time_generated": True,
        "compress": True,
        **_tls(azure),
    }


def _tls(settings: Mapping[str, Any]) -> Document:
    return {
        "tls": True,
        "tls.verify": True,
        **({"tls.ca_file": settings["ca_file"]} if settings.get("ca_file") else {}),
    }


def _loki(one: Input, settings: Settings) -> Document:
    loki = settings.loki
    labels = {**loki.get("labels", {}), "source": one["name"], "computer": COMPUTER}
    return {
        **_output("loki", "loki", one, settings),
        "host": loki["host"],
        "port": loki.get("port", 3100),
        **({"tenant_id": loki["tenant"]} if loki.get("tenant") else {}),
        **({"http_user": loki["user"]} if loki.get("user") else {}),
        **({"http_passwd": f"${{{SECRET_VARIABLES['loki']}}}"} if "loki" in settings.secrets else {}),
        "labels": ",".join(f"{name}={value}" for name, value in labels.items()),
        # One key is left, the line.
        "structured_metadata": "file=$FilePath",
        "remove_keys": "Computer,FilePath",
        "drop_single_key": "raw",
        **(_tls(loki) if loki.get("tls") else {}),
    }


def _file(one: Input, settings: Settings) -> Document:
    return {
        **_output("file", "file", one, settings),
        "path": settings.file["directory"],
        "file": f"{COMPUTER}-{one['name']}.log",
        "format": "template",
        "template": "{RawData}",
        "mkdir": True,
    }


_OUTPUTS = {"azure": _azure, "loki": _loki, "file": _file}
