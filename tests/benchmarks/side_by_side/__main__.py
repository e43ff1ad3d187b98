"""Runs inside the sandbox, as the user slurm: measure the specification's commands and azslurm-exporter side by side.

Prints one JSON document on stdout and its progress on stderr.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime, timedelta
from functools import partial, reduce
from operator import add
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families
from simulated_cluster.command import run
from simulated_cluster.size import Size
from slurm_observability.exporter.exporter import Exporter
from slurm_observability.exporter.settings import Settings

from . import truth
from .cost import Cost, Meter
from .spec_sequence import Metrics, SpecSequence

WEEK = 7
HALF_YEAR = 180
RESET_DAYS = (1, WEEK, HALF_YEAR)
# The topics that the specification knows; every other one has an interval of its own.
CYCLE = ("jobs", "nodes", "history")
PORT = 9500
# Fifteen times as often as by default, so that many scrapes meet a refresh.
BUSY_INTERVAL = 1
# How long the first reading of ten million rows may take.
HISTORY_SECONDS = 3600
# The specification's commands read the whole history each time: with more nobody would wait.
MAX_ROWS_OF_THE_SPECIFICATION = 500_000


class Exporters:
    """The exporter's own collection, once per reset time, driven by hand: one source after the other."""

    def __init__(self, resets: dict[int, datetime]) -> None:
        self.states = {days: Path(tempfile.mkdtemp()) for days in resets}
        self._by_days = {
            days: Exporter(
                Settings(
                    reset_time=int(reset.timestamp()),
                    reset_text=_text(reset),
                    timeout=600,
                    state_directory=self.states[days],
                )
            )
            for days, reset in resets.items()
        }

    def refresh(self, days: int, *names: str) -> None:
        """Refresh the sources of these names; raise RuntimeError when one fails."""
        exporter = self._by_days[days]
        exporter.refresh(*names)
        for name in names:
            if not exporter.sources[name].health.up:
                raise RuntimeError(f"the exporter's source {name} failed")

    def cycle(self, days: int, meter: Meter) -> dict[str, Cost]:
        """Refresh what the specification knows; return the cost of each source."""
        return {name: meter.cost(partial(self.refresh, days, name))[1] for name in CYCLE}

    def slower(self, days: int) -> dict[str, float]:
        """Return the interval in seconds of each source that is no part of the cycle."""
        sources = self._by_days[days].sources
        return {name: source.topic.interval for name, source in sources.items() if name not in CYCLE}

    def metrics(self, days: int) -> Metrics:
        """Return what /metrics would say now."""
        return parse(b"".join(self._by_days[days].metrics()))

    def stop(self, days: int) -> Path:
        """End one, and return where its state is, for the program to go on with."""
        self._by_days.pop(days).stop()
        return self.states[days]


def _text(reset: datetime) -> str:
    return reset.isoformat(timespec="seconds")


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


def side_by_side(
    meter: Meter, exporters: Exporters, resets: dict[int, datetime], rounds: int, rows: int
) -> dict[str, object]:
    """Interleave the two collections with the same reset time, and compare their answers with the truth."""
    spec = SpecSequence(resets[WEEK])
    spec_costs, exporter_costs = [], []
    for number in range(1, rounds + 1):
        answer, cost = meter.cost(spec.collect)
        spec_costs.append(cost)
        ours = total(exporters.cycle(WEEK, meter).values())
        exporter_costs.append(ours)
        say(f"round {number}: the specification's commands {cost.wall:.2f} s, azslurm-exporter {ours.wall:.3f} s")
    partitions = sorted({partition for _, partition in answer} - {""})
    now = truth.queue(partitions) | truth.nodes(partitions)
    # The history needs no second opinion: here the specification's sacct commands are the definition.
    expected = {WEEK: now | _history(answer)}
    long_cost = None
    if rows <= MAX_ROWS_OF_THE_SPECIFICATION:
        long_answer, long_cost = meter.cost(SpecSequence(resets[HALF_YEAR]).collect)
        say(f"reset {HALF_YEAR} days back: the specification's commands {long_cost.wall:.2f} s")
        expected[HALF_YEAR] = now | _history(long_answer)
    return {
        "spec": [asdict(cost) for cost in spec_costs],
        "spec_half_year": long_cost and asdict(long_cost),
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
        first[days] = total(exporters.cycle(days, meter).values())
        say(f"reset {days} days back: first refresh {first[days].wall:.2f} s")
    later: dict[int, list[dict[str, Cost]]] = {days: [] for days in RESET_DAYS}
    for _ in range(cycles):
        for days in RESET_DAYS:
            later[days].append(exporters.cycle(days, meter))
    return {
        str(days): {
            "first": asdict(first[days]),
            "later": [asdict(total(costs.values())) for costs in later[days]],
            "history": [asdict(costs["history"]) for costs in later[days]],
        }
        for days in RESET_DAYS
    }


def slower_topics(meter: Meter, exporters: Exporters, cycles: int) -> dict[str, object]:
    """Measure what runs on intervals of its own."""
    result = {}
    for name, interval in exporters.slower(HALF_YEAR).items():
        refresh = partial(exporters.refresh, HALF_YEAR, name)
        costs, failed = [], ""
        try:
            refresh()  # the first time may be another than the later ones
            costs = [asdict(meter.cost(refresh)[1]) for _ in range(cycles)]
        except RuntimeError as error:
            failed = str(error)
        result[name] = {"interval": interval, "costs": costs, "failed": failed}
        say(f"{name}, every {interval:.0f} s: {failed or format(costs[0]['wall'], '.3f')}")
    return result


def total(costs: Iterable[Cost]) -> Cost:
    """Add up costs."""
    return reduce(add, costs)


def http(requests: int, reset: datetime, state: Path) -> dict[str, object]:
    """Run the program itself, refreshing every second, and time GET over new connections. It goes on with a state.

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
        _text(reset),
        "--interval",
        str(BUSY_INTERVAL),
        "--state-directory",
        str(state),
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
    deadline = time.monotonic() + HISTORY_SECONDS
    while program.poll() is None and time.monotonic() < deadline:
        try:
            if parse(_timed_get("/metrics")[0]).get(("slurm_exporter_history_complete", "")) == 1:
                return
        except OSError:
            pass
        time.sleep(0.5)
    raise RuntimeError(f"azslurm-exporter did not read the job history within {HISTORY_SECONDS} s, or ended before")


def main() -> int:
    """Measure everything and print it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--size", type=Size.parse, required=True)
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
        "size": asdict(options.size),
        "reset": reset_times(meter, exporters, options.cycles),
        "slower": slower_topics(meter, exporters, 3),
        "side_by_side": side_by_side(meter, exporters, resets, options.rounds, options.size.rows),
        "http": http(options.requests, resets[HALF_YEAR], exporters.stop(HALF_YEAR)),
    }
    json.dump(result, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
