"""What the lab tests talk to: machines, Slurm, the exporter, Prometheus, Alertmanager, a receiver of notifications."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, TypeVar

from prometheus_client.parser import text_string_to_metric_families

ROOT = Path(__file__).parents[3]
PARTITIONS = ("hpc", "htc")
# Guests of one host share its clock, processors and memory: what these alerts say there is about the host.
HOST_WIDE_ALERTS = {
    "HighCPUUsage",
    "NodeClockNotSynchronising",
    "NodeClockSkewDetected",
    "NodeFilesystemAlmostOutOfSpace",
    "NodeFilesystemSpaceFillingUp",
    "NodeMemoryHighUtilization",
    "NodeOOMKill",
}
# The receiver is only there for the tests that ask it: what Alertmanager has to tell in between it cannot deliver.
RECEIVER_ALERTS = {"AlertmanagerFailedToSendAlerts"}

T = TypeVar("T")


def wait_until(what: str, condition: Callable[[], T], seconds: float, pause: float = 1.0) -> T:
    """Return the first true result of `condition`; fail with `what` and its last result after so many seconds."""
    deadline = time.monotonic() + seconds
    while not (result := condition()):
        assert time.monotonic() < deadline, f"waited {seconds:.0f} s in vain until {what}; last seen: {result!r}"
        time.sleep(pause)
    return result


def differences(expected: Mapping[str, float], actual: Mapping[str, float | None]) -> list[str]:
    """What is not as expected, one line per name."""
    return [
        f"{name}: Slurm says {value}, the exporter {actual.get(name)}"
        for name, value in expected.items()
        if actual.get(name) != value
    ]


class Lab:
    """A running lab: runs commands on its machines."""

    def __init__(self, name: str) -> None:
        self.name = name

    def lab(self, *arguments: str) -> str:
        """Run bin/lab; return what it prints."""
        command, *rest = arguments
        return self._output([str(ROOT / "bin/lab"), command, "--name", self.name, *rest])

    def run(self, machine: str, command: str) -> str:
        """Run a shell line on a machine as root; return its output. Fails when the command does."""
        return self.lab("exec", machine, "--", command)

    def counts(self, commands: Mapping[str, str]) -> dict[str, int]:
        """Run each command on head; return the number of lines that each prints."""
        script = "\n".join(f"{command} | wc -l" for command in commands.values())
        return dict(zip(commands, map(int, self.run("head", script).split()), strict=True))

    def node_states(self, node: str) -> set[str]:
        """The base state and the flags of a node, such as {"IDLE", "CLOUD", "POWERED_DOWN"}."""
        line = self.run("head", f"scontrol show node {node} -o")
        return set(line.split(" State=")[1].split()[0].split("+"))

    @staticmethod
    def _output(argv: list[str]) -> str:
        done = subprocess.run(argv, capture_output=True, text=True, errors="replace", timeout=600)
        assert done.returncode == 0, f"{shlex.join(argv)} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
        return done.stdout


class Jobs:
    """Submits jobs as an ordinary user, and clears the queue."""

    def __init__(self, lab: Lab, user: str = "alice") -> None:
        self._lab = lab
        self._user = user

    def submit(self, options: str = "", script: str = "sleep 600") -> str:
        """Submit a job with sbatch options (a piece of shell); return its id."""
        line = f"cd /tmp; sbatch --parsable --output=/dev/null {options} --wrap {shlex.quote(script)}"
        return self._lab.run("head", f"runuser -u {self._user} -- bash -c {shlex.quote(line)}").strip()

    def wait_for_state(self, job: str, state: str, seconds: float = 60) -> None:
        """Wait until accounting knows a job (or each task of an array) in a state."""

        def states() -> set[str]:
            return set(self._lab.run("head", f"sacct -n -X -P -o State -j {job}").split("\n")) - {""}

        wait_until(f"job {job} is {state}", lambda: {each.split()[0] for each in states()} == {state}, seconds)

    def clear(self) -> None:
        """Cancel everything and wait for an empty queue."""
        self._lab.run("head", f"scancel --user={self._user}")
        wait_until("the queue is empty", lambda: not self._lab.run("head", "squeue -h").strip(), 60)


class Exporter:
    """The exporter on head, asked from head."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab

    def get(self, path: str) -> str:
        return self._lab.run("head", f"curl --silent --show-error --fail http://localhost:9500{path}")

    def metrics(self) -> dict[str, float]:
        """All samples, by name, or `name{label="value"}` with the labels in alphabetical order."""
        samples = {}
        for family in text_string_to_metric_families(self.get("/metrics")):
            for sample in family.samples:
                labels = ",".join(f'{key}="{value}"' for key, value in sorted(sample.labels.items()))
                samples[sample.name + (f"{{{labels}}}" if labels else "")] = sample.value
        return samples

    def targets(self, job: str) -> dict[str, str]:
        """The targets that the exporter serves for a scrape job: address by Slurm node name."""
        groups = json.loads(self.get(f"/sd/{job}"))
        return {group["labels"]["__meta_slurm_node"]: group["targets"][0] for group in groups}

    def wait_until_equal(self, expected: Callable[[], dict[str, int]], seconds: float = 90) -> None:
        """Wait until the exporter says what Slurm says, for every name in `expected`."""
        deadline = time.monotonic() + seconds
        while wrong := differences(expected(), self.metrics()):
            assert time.monotonic() < deadline, "\n".join([f"after {seconds:.0f} s:", *wrong])
            time.sleep(2)

    def latencies(self, scrapes: int, pause: float) -> list[float]:
        """Scrape so many times, with a pause in seconds between; return how long each took, in seconds."""
        curl = "curl --silent --fail --output /dev/null --write-out '%{time_total}\\n' http://localhost:9500/metrics"
        loop = f"for _ in $(seq {scrapes}); do {curl}; sleep {pause}; done"
        return [float(line) for line in self._lab.run("head", loop).split()]


class JobService:
    """The job service on head, asked from head with the token that its role made for readers."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab

    def get(self, path: str) -> Any:
        """The answer to a path, as JSON."""
        return self._ask(path, "--fail")

    def summary(self, run: str) -> Any:
        """The summary of a run, as soon as there is one: a good minute after its end."""
        path = f"/v1/jobs/{run}/summary"
        return wait_until(f"{run} is summarised", lambda: self._ask(path).get("summary"), 240, pause=5)

    def _ask(self, path: str, *options: str) -> Any:
        header = '-H "Authorization: Bearer $(cat /etc/job-observability/reader.token)"'
        url = shlex.quote(f"http://localhost:8080{path}")
        return json.loads(self._lab.run("head", f"curl --silent --show-error {' '.join(options)} {header} {url}"))

    def runs(self, **filters: str) -> list[dict[str, Any]]:
        """All runs that a filter selects, page by page."""
        runs: list[dict[str, Any]] = []
        query = {"limit": "100", **filters}
        while True:
            page = self.get(f"/v1/jobs?{urllib.parse.urlencode(query)}")
            runs += page["jobs"]
            if not page["next"]:
                return runs
            query["cursor"] = page["next"]


class Prometheus:
    """The Prometheus of the lab."""

    def __init__(self, url: str) -> None:
        self._url = url

    def get(self, path: str, **parameters: str) -> Any:
        """The data of an answer of the HTTP API."""
        query = urllib.parse.urlencode(parameters)
        with urllib.request.urlopen(f"{self._url}/api/v1/{path}?{query}", timeout=10) as answer:
            return json.load(answer)["data"]

    def targets(self) -> list[dict[str, Any]]:
        """The active targets, as the API gives them."""
        return self.get("targets", state="active")["activeTargets"]

    def health(self, job: str) -> dict[str, str]:
        """The health of a job's targets (up, down, unknown), by instance."""
        return {
            target["labels"]["instance"]: target["health"]
            for target in self.targets()
            if target["labels"]["job"] == job
        }

    def firing(self) -> set[str]:
        """The names of the alerts that fire now."""
        return {alert["labels"]["alertname"] for alert in self.get("alerts")["alerts"] if alert["state"] == "firing"}


class Alertmanager:
    """The Alertmanager of the lab."""

    def __init__(self, url: str) -> None:
        self._url = url

    def post(self, *alerts: Mapping[str, str], seconds: float) -> None:
        """Send alerts, given by their labels, that end by themselves after so many seconds."""
        end = datetime.now(timezone.utc) + timedelta(seconds=seconds)
        body = json.dumps([{"labels": labels, "endsAt": end.isoformat()} for labels in alerts]).encode()
        request = urllib.request.Request(f"{self._url}/api/v2/alerts", body, {"Content-Type": "application/json"})
        urllib.request.urlopen(request, timeout=10).close()

    def states(self, node: str) -> dict[str, str]:
        """Whether each alert of a node is active or suppressed, by its name."""
        with urllib.request.urlopen(f"{self._url}/api/v2/alerts", timeout=10) as answer:
            alerts = json.load(answer)
        return {
            alert["labels"]["alertname"]: alert["status"]["state"]
            for alert in alerts
            if alert["labels"].get("node") == node
        }


@dataclass
class Receiver:
    """A webhook receiver of Alertmanager's. Keeps what arrives, but for alerts on the host and on itself."""

    address: str
    port: int
    _groups: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        groups = self._groups

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                groups.append(json.loads(body))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *arguments: object) -> None:
                """Stay silent."""

        self._server = ThreadingHTTPServer((self.address, self.port), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def forget(self) -> None:
        """Start a new count."""
        self._groups.clear()

    def notifications(self, status: str = "firing") -> list[set[tuple[str, str]]]:
        """One entry per notification: the alerts in it, each a pair of name and node."""
        arrived = [_alerts(group["alerts"], status) for group in list(self._groups)]
        return [alerts for alerts in arrived if alerts]

    def alerts(self, name: str, status: str = "firing") -> list[dict[str, str]]:
        """The labels of an alert, as often as it arrived."""
        return [
            alert["labels"]
            for group in list(self._groups)
            for alert in group["alerts"]
            if (alert["labels"]["alertname"], alert["status"]) == (name, status)
        ]


def _alerts(alerts: Iterable[Mapping[str, Any]], status: str) -> set[tuple[str, str]]:
    return {
        (alert["labels"]["alertname"], alert["labels"].get("node", ""))
        for alert in alerts
        if alert["status"] == status and alert["labels"]["alertname"] not in HOST_WIDE_ALERTS | RECEIVER_ALERTS
    }


def lab_name() -> str:
    """The lab that the tests are to use."""
    return os.environ.get("LAB_NAME", "lab")
