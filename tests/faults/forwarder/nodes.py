"""Nodes with a fluent-bit each, configured as the role configures it, and Azure, a stand-in, to which they send."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
from collections import Counter
from pathlib import Path

import yaml
from ansible_collections.slurm.observability.plugins.plugin_utils import fluent_bit, log_catalogue, log_documents

from tests.faults.forwarder.logs import Log
from tests.stand_ins.azure import AzureStandIn, Furniture

ROOT = Path(__file__).parents[3]
# One source whose lines are records, and one with tracebacks.
SOURCES = ("slurmd", "jetpack")
TRACEBACK = ("Traceback (most recent call last):", '  File "agent.py", line 7, in poll', "", "TimeoutError: no answer")
RECORD = re.compile(r"record (\d+) of (\S+)")


class Azure:
    """A stand-in for Azure with the tables and the rules of the sources, of the kind Direct."""

    def __init__(self, stand_in: AzureStandIn) -> None:
        self._stand_in = stand_in
        furniture = Furniture(stand_in.services)
        workspace = furniture.workspace()
        furniture.publisher(stand_in.estate.tenancy.operator.object_id, furniture.group)
        catalogue = yaml.safe_load((ROOT / "roles/_log_catalogue/vars/main.yml").read_text())["_log_catalogue"]
        sources = [one for one in log_catalogue.resolve(catalogue, None) if one["name"] in SOURCES]
        self.inputs = log_documents.inputs(sources, "compute")
        for source in sources:
            furniture.table(workspace, source["table"])
            rule = log_documents.rule(source, workspace, "Direct")
            path = f"{furniture.group}/providers/Microsoft.Insights/dataCollectionRules/{rule['name']}"
            body = {"location": "eastus", "kind": "Direct", "properties": rule["properties"]}
            stand_in.services.put(path, body)
        self.rules = list(stand_in.estate.store.of_type("Microsoft.Insights/dataCollectionRules"))

    def settings(self) -> dict[str, object]:
        """What the role's variable fluent_bit_azure would be, with the rules."""
        tenancy = self._stand_in.estate.tenancy
        return {
            "auth_url": f"{self._stand_in.metadata_url}/{tenancy.tenant}/oauth2/v2.0/token",
            "client_id": tenancy.operator.client_id,
            "rules": self.rules,
            "endpoint": self._stand_in.url,
            "ca_file": str(self._stand_in.ca_file),
        }

    @property
    def secret(self) -> str:
        """The client secret."""
        return self._stand_in.estate.tenancy.operator.secret

    def begin_outage(self) -> None:
        """Take no more rows."""
        self._stand_in.estate.faults.refuse(503, "ServiceUnavailable", "An outage.", kind="ingestion", times=1_000_000)

    def end_outage(self) -> None:
        """Take rows again."""
        self._stand_in.estate.faults.clear()

    def records(self) -> tuple[Counter[tuple[str, int]], int]:
        """How often each record of each file has come, and how many rows are no whole record."""
        found: Counter[tuple[str, int]] = Counter()
        torn = 0
        for row in list(self._stand_in.estate.rows):
            text = row.content["RawData"]
            numbers = [(path, int(number)) for number, path in RECORD.findall(text)]
            further = tuple(text.rstrip("\n").split("\n")[1:])
            torn += len(numbers) != 1 or further != (TRACEBACK if "jetpack" in row.table else ())
            found.update(numbers)
        return found, torn


class Node:
    """The logs of a node, and its fluent-bit."""

    def __init__(self, binary: Path, directory: Path, azure: Azure, rate: int) -> None:
        self.logs = []
        self.buffer = directory / "state/buffer"
        for name in ("log", "state/positions", "state/buffer"):
            (directory / name).mkdir(parents=True)
        self._binary = binary
        self._directory = directory
        self._process: subprocess.Popen[bytes] | None = None
        inputs = []
        for one in azure.inputs:
            path = directory / "log" / f"{one['name']}.log"
            self.logs.append(Log(path, rate, TRACEBACK if one["record_start"] else ()))
            inputs.append({**one, "paths": [str(path)]})
        secret = directory / "secret"
        secret.write_text(azure.secret)
        settings = fluent_bit.Settings(
            state_directory=str(directory / "state"),
            listen_address=f"127.0.0.1:{_free_port()}",
            flush_seconds=1,
            azure=azure.settings(),
            secrets={"azure": str(secret)},
        )
        self._config = directory / "fluent-bit.yaml"
        self._config.write_text(yaml.safe_dump(fluent_bit.configuration(inputs, settings), sort_keys=False))

    def start(self) -> None:
        """Start fluent-bit."""
        with (self._directory / "fluent-bit.log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._binary, "--config", self._config],
                env={"HOSTNAME": self._directory.name, "PATH": "/usr/bin:/bin"},
                stdout=log,
                stderr=log,
            )

    def kill(self) -> None:
        """End fluent-bit as a machine that runs out of memory does."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End fluent-bit as systemd does."""
        self._end(signal.SIGTERM)

    def _end(self, number: signal.Signals) -> None:
        if self._process is None:
            return
        self._process.send_signal(number)
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])
