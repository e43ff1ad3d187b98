#!/usr/bin/env python3
"""Measures what job-agent costs a node with many jobs, next to two other ways to ask the same.

The whole program runs: it looks at the jobs, is scraped once a look, and sends samples to a stand-in for the service
once in four looks, as by default. Looks come each second instead of each 15 s; the cost is given per look. The
control groups and /proc are a tree of files on tmpfs, where reading is cheaper than in the kernel; the GPUs are a
stand-in that answers at once, so the cost of the driver is not in these numbers.

The other ways read the same tree: one runs `cat` for each job, as collectors made of shell scripts do; one reads stat,
status and statm of every process in /proc, as collectors do that know of no control groups.

Bars: at an interval of 15 s, less than 1 % of one CPU (150 ms a look), and 60 MB of memory.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "roles/_programs/files/slurm_observability/src"), str(ROOT)]

from slurm_observability.agent import agent  # noqa: E402
from slurm_observability.agent.cli import main as agent_main  # noqa: E402
from slurm_observability.agent.gpus.reading import GpuReading  # noqa: E402
from slurm_observability.agent.part import Outbox, Part  # noqa: E402
from slurm_observability.agent.settings import Settings  # noqa: E402
from slurm_observability.agent.wiring import job_watch  # noqa: E402

from tests.unit.programs.agent.node_tree import Proc, TreeV2  # noqa: E402

INTERVAL = 15.0
CPU_BAR = 0.01
MEMORY_BAR = 60e6
STEPS = ("batch", "extern", "0")
GPUS = 8
FILES = ("cpu.stat", "memory.current", "memory.peak", "memory.max", "memory.stat", "memory.events", "io.stat")
AS_AGENT = "--as-agent"


class StandInGpus:
    """Stands in for the driver: GPUs that are half busy, each with a process of a job."""

    def __init__(self, pids: list[int]) -> None:
        self._readings = [
            GpuReading(
                vendor="nvidia",
                index=index,
                minor=index,
                uuid=f"GPU-{index}",
                name="stand-in",
                utilization_percent=50.0,
                memory_used_bytes=1 << 34,
                memory_total_bytes=80 << 30,
                power_watts=400.0,
                temperature_celsius=60.0,
                processes={pid: 1 << 30},
            )
            for index, pid in enumerate(pids)
        ]
        self._joules = 0.0

    def read(self) -> list[GpuReading]:
        """Return what the GPUs do."""
        self._joules += 400.0
        return [replace(reading, energy_joules=self._joules) for reading in self._readings]


class StandInService(BaseHTTPRequestHandler):
    """Stands in for job-observability: takes everything."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Take a batch."""
        document = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        answer = json.dumps({"stored": sum(map(len, document.values())), "repeated": 0, "refused": []}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


def make_node(folder: Path, jobs: int, processes: int) -> Path:
    """Make a node with so many jobs of so many processes each. The first eight have a GPU each."""
    proc = Proc(folder / "proc")
    tree = TreeV2(folder / "cgroup", proc)
    for job in range(1, jobs + 1):
        pids = [100_000 + job * 1000 + number for number in range(processes)]
        gpus = {"SLURM_JOB_GPUS": str(job - 1)} if job <= GPUS else {}
        tree.job(f"job_{job}", job, STEPS, pids, **gpus)
        for pid in pids:
            (proc.root / f"{pid}/status").write_text("Name:\tpython\nVmRSS:\t  100000 kB\nUid:\t1000\t1000\n")
            (proc.root / f"{pid}/statm").write_text("30000 25000 1000 1 0 28000 0\n")
    return tree.scope


def run_agent(folder: Path, port: int, service: int) -> int:
    """Be the agent, with the tree in place of the kernel's and the stand-in in place of the driver."""

    def parts(settings: Settings, outbox: Outbox) -> tuple[Part, ...]:
        gpus = StandInGpus([100_000 + job * 1000 for job in range(1, GPUS + 1)])
        return (job_watch(settings, outbox, gpus, folder / "cgroup", folder / "proc"),)

    agent.observing_parts = parts  # type: ignore[assignment]
    return agent_main(
        [
            *("--port", str(port), "--interval", "1", "--sample-interval", "4", "--log-level", "ERROR"),
            *("--spool", str(folder / "spool"), "--state-directory", str(folder / "state")),
            *("--gpu-map", str(folder / "gpu-jobs"), "--url", f"http://127.0.0.1:{service}"),
        ]
    )


def measure_agent(folder: Path, looks: int) -> tuple[float, float, float]:
    """Return CPU seconds per look, the most bytes of memory, and the longest look in seconds."""
    for name in ("spool", "state"):
        (folder / name).mkdir()
    service = ThreadingHTTPServer(("127.0.0.1", 0), StandInService)
    threading.Thread(target=service.serve_forever, daemon=True).start()
    port = _free_port()
    command = [sys.executable, __file__, AS_AGENT, str(folder), str(port), str(service.server_port)]
    program = subprocess.Popen(command)
    try:
        _wait_for(port)
        time.sleep(5)  # the first look, and imports, are not what it costs
        before = _read(port)
        longest, most = 0.0, 0.0
        for _ in range(looks):
            time.sleep(1)
            now = _read(port)
            longest = max(longest, now["job_agent_look_duration_seconds"])
            most = max(most, now["process_resident_memory_bytes"])
        jobs = sum(name.startswith("hpc_job_cpu_seconds_total") for name in now)
        samples = now['job_agent_samples_total{outcome="stored"}'] - before['job_agent_samples_total{outcome="stored"}']
        print(f"  {jobs} jobs shown, {samples:.0f} samples sent, {looks} looks")
        cpu = now["process_cpu_seconds_total"] - before["process_cpu_seconds_total"]
        seconds = now["job_agent_last_look_timestamp_seconds"] - before["job_agent_last_look_timestamp_seconds"]
        return cpu / round(seconds), most, longest
    finally:
        program.terminate()
        program.wait()
        service.shutdown()


def measure_cat(scope: Path, looks: int) -> float:
    """Return CPU seconds per look of one `cat` for each job."""
    began = _cpu_seconds()
    for _ in range(looks):
        for job in scope.glob("job_*"):
            subprocess.run(["cat", *(str(job / name) for name in FILES)], check=True, capture_output=True)
    return (_cpu_seconds() - began) / looks


def measure_walk(proc: Path, looks: int) -> float:
    """Return CPU seconds per look of a walk over all processes."""
    began = _cpu_seconds()
    for _ in range(looks):
        for directory in proc.iterdir():
            if directory.name.isdigit() and (directory / "status").exists():
                (directory / "stat").read_text().rpartition(")")[2].split()
                dict(line.split(":", 1) for line in (directory / "status").read_text().splitlines())
                (directory / "statm").read_text().split()
                (directory / "environ").read_bytes().split(b"\0")
    return (_cpu_seconds() - began) / looks


def main() -> int:
    """Measure, and return 1 when a bar is not reached."""
    if sys.argv[1:2] == [AS_AGENT]:
        return run_agent(Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=64)
    parser.add_argument("--processes", type=int, default=16, help="processes of each job (default: 16)")
    parser.add_argument("--looks", type=int, default=60, help="looks to measure (default: 60)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None) as name:
        folder = Path(name)
        scope = make_node(folder, options.jobs, options.processes)
        print(f"{options.jobs} jobs of {len(STEPS)} steps and {options.processes} processes, {GPUS} GPUs")
        cpu, memory, longest = measure_agent(folder, options.looks)
        cat = measure_cat(scope, max(1, options.looks // 20))
        walk = measure_walk(folder / "proc", max(1, options.looks // 10))
    print(f"  job-agent           {cpu * 1000:7.1f} ms CPU per look, {100 * cpu / INTERVAL:.2f} % of a CPU at 15 s,")
    print(f"                      {memory / 1e6:7.1f} MB, longest look {longest * 1000:.0f} ms")
    print(f"  cat for each job    {cat * 1000:7.1f} ms CPU per look, {cat / cpu:.1f} times as much")
    print(f"  walk over /proc     {walk * 1000:7.1f} ms CPU per look, {walk / cpu:.1f} times as much")
    good = cpu / INTERVAL < CPU_BAR and memory < MEMORY_BAR
    print(f"bars: {100 * CPU_BAR:g} % of a CPU, {MEMORY_BAR / 1e6:g} MB: {'reached' if good else 'NOT reached'}")
    return 0 if good else 1


def _cpu_seconds() -> float:
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def _free_port() -> int:
    server = ThreadingHTTPServer(("127.0.0.1", 0), StandInService)
    server.server_close()
    return server.server_port


def _wait_for(port: int) -> None:
    for _ in range(300):
        try:
            _read(port)
            return
        except OSError:
            time.sleep(0.1)
    raise SystemExit("the agent did not start")


def _read(port: int) -> dict[str, float]:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        lines = answer.read().decode().splitlines()
    pairs = (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    return {name: float(value) for name, value in pairs}


if __name__ == "__main__":
    sys.exit(main())
