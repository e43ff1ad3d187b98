"""Runs inside the sandbox, as the user slurm: measure the specification's commands and azslurm-exporter side by side.

Prints one JSON document on stdout and its progress on stderr.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TypeVar

from prometheus_client.parser import text_string_to_metric_families
from simulated_cluster.command import run
from slurm_observability.exporter.exporter import Exporter
from slurm_observability.exporter.settings import Settings

from . import truth
from .spec_sequence import Metrics, SpecSequence

T = TypeVar("T")

DAEMONS = ("slurmctld", "slurmdbd", "mariadbd")
WEEK = 7
HALF_YEAR = 180
RESET_DAYS = (1, WEEK, HALF_YEAR)
PORT = 9500
# Fifteen times as often as by default, so that many scrapes meet a refresh.
BUSY_INTERVAL = 1


@dataclass(frozen=True)
class Cost:
    """What one collection took: seconds of wall clock and CPU, and processes started."""

    wall: float
    client_cpu: float
    daemon_cpu: float
    processes: int


class Meter:
    """Measures calls. One per process, because Python's audit hooks stay for ever."""

    def __init__(self) -> None:
        self._started = 0
        names = {
            int(entry.name): (entry / "comm").read_text().strip()
            for entry in Path("/proc").iterdir()
            if entry.name.isdigit()
        }
        self._daemons = [process for process, name in names.items() if name in DAEMONS]
        sys.addaudithook(self._count)

    def cost(self, work: Callable[[], T]) -> tuple[T, Cost]:
        """Call `work` and return its result with its cost."""
        started, client, daemons, began = self._started, _client_cpu(), self._daemon_cpu(), time.perf_counter()
        result = work()
        wall = time.perf_counter() - began
        return result, Cost(wall, _client_cpu() - client, self._daemon_cpu() - daemons, self._started - started)

    def _count(self, event: str, _: object) -> None:
        self._started += event == "subprocess.Popen"

    def _daemon_cpu(self) -> float:
        ticks = 0
        for process in self._daemons:
            fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")


def _client_cpu() -> float:
    usage = (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in usage)


class Exporters:
    """The exporter's own collection, once per reset time, driven by hand: one refresh of all sources at a time."""

    def __init__(self, resets: dict[int, datetime]) -> None:
        self._by_days = {
            days: Exporter(Settings(reset_time=int(reset.timestamp()), timeout=600)) for days, reset in resets.items()
        }

    def refresh(self, days: int) -> None:
        """Refresh every source once, one after the other; raise RuntimeError when one fails."""
        exporter = self._by_days[days]
        exporter.refresh()
        for source in exporter.sources.values():
            if not source.health.up:
                raise RuntimeError(f"the exporter's source {source.name} failed")

    def metrics(self, days: int) -> Metrics:
        """Return what /metrics would say now."""
        return parse(self._by_days[days].metrics())


def parse(exposition: bytes) -> Metrics:
    """Return the samples that have no label or only a partition."""
    return {
        (sample.name, sample.labels.get("partition", "")): sample.value
        for family in text_string_to_metric_families(exposition.decode())
        for sample in family.samples
        if not sample.labels.keys() - {"partition"}
    }


def say(text: str) -> None:
    """Report progress."""
    print(f"   {text}", file=sys.stderr, flush=True)


def side_by_side(meter: Meter, exporters: Exporters, resets: dict[int, datetime], rounds: int) -> dict[str, object]:
    """Interleave the two collections with the same reset time, and compare their answers with the truth."""
    spec = SpecSequence(resets[WEEK])
    spec_costs, exporter_costs = [], []
    for number in range(1, rounds + 1):
        answer, cost = meter.cost(spec.collect)
        spec_costs.append(cost)
        _, ours = meter.cost(partial(exporters.refresh, WEEK))
        exporter_costs.append(ours)
        say(f"round {number}: the specification's commands {cost.wall:.2f} s, azslurm-exporter {ours.wall:.3f} s")
    long_answer, long_cost = meter.cost(SpecSequence(resets[HALF_YEAR]).collect)
    say(f"reset {HALF_YEAR} days back: the specification's commands {long_cost.wall:.2f} s")

    partitions = sorted({partition for _, partition in answer} - {""})
    now = truth.queue(partitions) | truth.nodes(partitions)
    # The history needs no second opinion: here the specification's sacct commands are the definition.
    expected = {WEEK: now | _history(answer), HALF_YEAR: now | _history(long_answer)}
    return {
        "spec": [asdict(cost) for cost in spec_costs],
        "spec_half_year": asdict(long_cost),
        "exporter": [asdict(cost) for cost in exporter_costs],
        "values": {str(days): len(values) for days, values in expected.items()},
        "wrong": {
            "spec": truth.differences(answer, expected[WEEK]),
            **{
                f"exporter, {days} days": truth.differences(exporters.metrics(days), values)
                for days, values in expected.items()
            },
        },
    }


def _history(metrics: Metrics) -> Metrics:
    return {key: value for key, value in metrics.items() if "_total_" in key[0] and "drain" not in key[0]}


def reset_times(meter: Meter, exporters: Exporters, cycles: int) -> dict[str, object]:
    """Measure the first refresh and, interleaved, the later ones for each reset time."""
    first = {}
    for days in RESET_DAYS:
        _, first[days] = meter.cost(partial(exporters.refresh, days))
        say(f"reset {days} days back: first refresh {first[days].wall:.2f} s")
    later: dict[int, list[Cost]] = {days: [] for days in RESET_DAYS}
    for _ in range(cycles):
        for days in RESET_DAYS:
            later[days].append(meter.cost(partial(exporters.refresh, days))[1])
    return {
        str(days): {"first": asdict(first[days]), "later": [asdict(cost) for cost in later[days]]}
        for days in RESET_DAYS
    }


def http(requests: int, reset: datetime) -> dict[str, object]:
    """Run the program itself, refreshing every second, and time GET over new connections.

    /metrics and /-/healthy take turns: the latter has nothing to do, so its time is that of the machine.
    """
    command = [
        sys.executable,
        "-m",
        "slurm_observability.exporter",
        "--port",
        str(PORT),
        "--timeout",
        "600",
        "--reset-time",
        reset.isoformat(timespec="seconds"),
        "--interval",
        str(BUSY_INTERVAL),
        "--log-level",
        "WARNING",
    ]
    program = subprocess.Popen(command)
    try:
        _wait_for_history(program)
        metrics, healthy, body = [], [], b""
        for _ in range(requests):
            body, seconds = _timed_get("/metrics")
            metrics.append(seconds)
            healthy.append(_timed_get("/-/healthy")[1])
            time.sleep(0.01)
        status = Path(f"/proc/{program.pid}/status").read_text()
    finally:
        program.send_signal(signal.SIGTERM)
        program.wait(10)
    memory = {line.split(":")[0]: int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("Vm")}
    return {
        "metrics": metrics,
        "healthy": healthy,
        "bytes": len(body),
        "lines": body.count(b"\n"),
        "rss": memory["VmRSS"],
        "peak_rss": memory["VmHWM"],
    }


def _timed_get(path: str) -> tuple[bytes, float]:
    began = time.perf_counter()
    with urllib.request.urlopen(f"http://127.0.0.1:{PORT}{path}", timeout=30) as response:
        body = bytes(response.read())
    return body, time.perf_counter() - began


def _wait_for_history(program: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 300
    while program.poll() is None and time.monotonic() < deadline:
        try:
            if b"\nslurm_exporter_history_complete 1.0\n" in _timed_get("/metrics")[0]:
                return
        except OSError:
            pass
        time.sleep(0.5)
    raise RuntimeError("azslurm-exporter did not read the job history within 300 s, or ended before")


def main() -> int:
    """Measure everything and print it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, required=True)
    parser.add_argument("--cycles", type=int, required=True)
    parser.add_argument("--requests", type=int, required=True)
    options = parser.parse_args()

    resets = {days: datetime.now().replace(microsecond=0) - timedelta(days=days) for days in RESET_DAYS}
    meter, exporters = Meter(), Exporters(resets)
    result = {
        "machine": {
            "slurm": run("squeue", "--version").split()[1],
            "python": platform.python_version(),
            "cpus": os.cpu_count(),
            "load": os.getloadavg()[0],
        },
        "reset": reset_times(meter, exporters, options.cycles),
        "side_by_side": side_by_side(meter, exporters, resets, options.rounds),
        "http": http(options.requests, resets[HALF_YEAR]),
    }
    json.dump(result, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
