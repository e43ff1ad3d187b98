#!/usr/bin/env python3
"""Measures what the job hooks cost a job, on real job starts in a lab, next to a hook that posts with curl.

Prolog and Epilog of the lab are a script that runs the hook that is measured and notes how long it took: this is what
slurmd waits for. Job starts are timed by srun, from its call until the job's process has ended. The variants take
turns, so that what else the machine does hits all of them.

`true` is a program that does nothing, what any hook costs at least, and `bash` a script that does nothing, what one in
bash does. The services are stand-ins: one answers at once, one never. Bar: 99 of 100 of our hooks take less than 10 ms,
whatever happens to the service and the spool.
"""

from __future__ import annotations

import argparse
import base64
import io
import json
import math
import os
import shlex
import signal
import subprocess
import sys
import tarfile
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from lab.container import Container  # noqa: E402
from lab.state import Lab as LabState  # noqa: E402
from tests.integration.lab.support import Lab, wait_until  # noqa: E402

BAR_MS = 10.0
ROUNDS = 5
PORTS = {"up": 8098, "hung": 8099}
NODES = ("head", "node1", "node2")
NODE = "node1"
HOME, LIBRARY = "/opt/hook-bench", "/usr/local/lib/slurm-observability"
OURS = ROOT / "roles/slurm_hooks/files"
BENCH = Path(__file__).parent / "hook_bench"
RUN = "/run/slurm-observability"
SPOOLS = {"full": "/run/hook-bench-full", "frozen": "/run/hook-bench-frozen"}

# What is run, by the name of its row: a directory with prolog, epilog and their environment.
VARIANTS = {
    "true": ("/bin/true", {}),
    "bash": (f"{HOME}/nothing.sh", {}),
    "ours": ("ours", {}),
    "ours, service hung": ("ours", {"OBSERVABILITY_URL": f"http://head:{PORTS['hung']}"}),
    "ours, spool full": ("ours", {"OBSERVABILITY_SPOOL": SPOOLS["full"]}),
    "ours, spool frozen": ("ours", {"OBSERVABILITY_SPOOL": SPOOLS["frozen"]}),
    "curl, service up": (f"{HOME}/curl.sh", {"OBSERVABILITY_URL": f"http://head:{PORTS['up']}"}),
    "curl, service hung": (f"{HOME}/curl.sh", {"OBSERVABILITY_URL": f"http://head:{PORTS['hung']}"}),
}
NO_HOOK = "no hook"

# Prints the microseconds of each of so many job starts. A node whose last job completes takes no other one.
JOBS = """
for ((job = 0; job < {jobs}; job++)); do
    while [[ $(squeue --noheader --nodelist={node}) ]]; do sleep 0.05; done
    began=$EPOCHREALTIME
    srun --quiet --nodelist={node} --chdir=/ true || echo failed
    ended=$EPOCHREALTIME
    echo $((${{ended/./}} - ${{began/./}}))
done
"""


class Bench:
    """A lab in which the hooks of one node are measured."""

    def __init__(self, lab: Lab, alone: bool) -> None:
        self.lab = lab
        self.alone = alone
        self.starts: dict[str, list[float]] = {}
        self.hooks: dict[str, list[float]] = {}
        self.failures: dict[str, int] = {}

    def prepare(self) -> None:
        """Put hooks, stand-ins and file systems where they are needed. Slurm does not know of them yet."""
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w") as tar:
            for file in OURS.iterdir():
                tar.add(file, f"{LIBRARY}/{file.name}")
            for file in BENCH.iterdir():
                if file.is_file():
                    tar.add(file, f"{HOME}/{file.name}")
        unpack = f"echo {base64.b64encode(archive.getvalue()).decode()} | base64 -d | tar -x -C / --no-same-owner"
        for machine in NODES:
            self.lab.run(machine, unpack)
            self.lab.run(machine, f"cd {HOME} && ln -sf measure.sh prolog && ln -sf measure.sh epilog")
        commands = [f"mkdir -p {RUN}/spool {RUN}/writers {RUN}/gpu-jobs {' '.join(SPOOLS.values())}"]
        for number, (hook, environment) in enumerate(VARIANTS.values()):
            directory = f"{HOME}/{number}"
            exports = "".join(f"export {name}={value}\n" for name, value in environment.items())
            commands += [f"mkdir -p {directory}", f"printf %s {shlex.quote(exports)} >{directory}/environment"]
            for name in ("prolog", "epilog"):
                path = f"{LIBRARY}/{name}.sh" if hook == "ours" else hook
                commands.append(f"ln -sf {path} {directory}/{name}")
        full = SPOOLS["full"]
        commands += [
            f"mountpoint -q {full} || mount -t tmpfs -o size=64k tmpfs {full}",
            f"head -c 1M /dev/zero >{full}/filler || true",
        ]
        if self.alone:
            commands.append("chrt --all-tasks --fifo --pid 1 $(pgrep --exact slurmd)")
        self.lab.run(NODE, "\n".join(commands))
        for name, port in PORTS.items():
            service = f"python3 {HOME}/service.py {port} {'hang' if name == 'hung' else ''}"
            self.lab.run("head", f"systemd-run --quiet --collect --unit hook-bench-{name} {service}")

    def let_slurm_run_hooks(self) -> None:
        """Name the measuring script in every slurm.conf."""
        lines = f"Prolog={HOME}/prolog\\nEpilog={HOME}/epilog\\n"
        self.choose("true")
        for machine in NODES:
            self.lab.run(machine, f"printf '{lines}' >>/etc/slurm/slurm.conf")
        self.lab.run("head", "scontrol reconfigure")
        wait_until("slurmd runs the hooks", lambda: self._times_after_a_job(), 60)

    def _times_after_a_job(self) -> bool:
        self.lab.run("head", f"srun --quiet --nodelist={NODE} --chdir=/ true || true")
        return self.lab.run(NODE, f"cat {HOME}/times 2>/dev/null || true").count("prolog") > 0

    def choose(self, variant: str) -> None:
        """Let the next jobs have these hooks."""
        number = list(VARIANTS).index(variant)
        self.lab.run(NODE, f"ln -sfn {number} {HOME}/current && rm -f {HOME}/times")

    def measure(self, variant: str, jobs: int) -> None:
        """Start so many jobs one after the other, and note what their hooks took."""
        if variant != NO_HOOK:
            self.choose(variant)
        printed = self.lab.run("head", JOBS.format(jobs=jobs, node=NODE)).split()
        self.failures[variant] = self.failures.get(variant, 0) + printed.count("failed")
        self.starts.setdefault(variant, []).extend(int(time) / 1000 for time in printed if time != "failed")
        if variant != NO_HOOK:
            wait_until("the last epilog", lambda: len(self._times()) >= 2 * jobs, 60, pause=0.2)
            for _, microseconds, status in self._times():
                self.hooks.setdefault(variant, []).append(int(microseconds) / 1000)
                self.failures[variant] += status != "0"

    def _times(self) -> list[list[str]]:
        lines = self.lab.run(NODE, f"cat {HOME}/times 2>/dev/null || true").splitlines()
        return [line.split() for line in lines]

    def requests(self, service: str) -> int:
        """How many requests a stand-in had."""
        path = f"/run/hook-bench-{PORTS[service]}"
        return int(self.lab.run("head", f"cat {path} 2>/dev/null || echo 0"))

    def row(self, variant: str) -> dict[str, object]:
        """What came of a variant."""
        hooks, starts = self.hooks.get(variant, []), self.starts[variant]
        return {
            "hook_p50_ms": percentile(hooks, 50),
            "hook_p99_ms": percentile(hooks, 99),
            "hook_max_ms": percentile(hooks, 100),
            "hooks": len(hooks),
            "start_p50_ms": percentile(starts, 50),
            "start_p99_ms": percentile(starts, 99),
            "starts": len(starts),
            "failures": self.failures[variant],
        }


class FrozenSpool:
    """A file system in a machine of the lab that is frozen: made on the host, since a machine has no disks."""

    def __init__(self, lab: Lab, machine: str, path: str) -> None:
        self._image = Path(f"/var/tmp/hook-bench-{lab.name}.img")
        self._pid = Container(LabState(lab.name), machine).init_pid
        self._path = path
        self._device = ""

    def __enter__(self) -> FrozenSpool:
        with self._image.open("wb") as image:
            image.truncate(16 << 20)
        _host("mkfs.ext4", "-q", str(self._image))
        self._device = _host("losetup", "--find", "--show", str(self._image)).strip()
        minor = os.minor(Path(self._device).stat().st_rdev)
        self._inside(f"mknod /dev/hook-bench b 7 {minor} && mount /dev/hook-bench {self._path}")
        _host("fsfreeze", "--freeze", f"/proc/{self._pid}/root{self._path}")
        return self

    def __exit__(self, *_: object) -> None:
        _host("fsfreeze", "--unfreeze", f"/proc/{self._pid}/root{self._path}")
        self._inside(f"umount --lazy {self._path}; rm -f /dev/hook-bench")
        _host("losetup", "--detach", self._device)
        self._image.unlink()

    def _inside(self, line: str) -> None:
        _host("nsenter", "--target", str(self._pid), "--mount", "sh", "-c", line)


def _host(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def percentile(values: Sequence[float], percent: float) -> float | None:
    """The value that so many of a hundred do not exceed; None without values."""
    ordered = sorted(values)
    return round(ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)], 2) if ordered else None


def table(rows: dict[str, dict[str, object]]) -> str:
    """The rows as Markdown."""
    columns = (
        "hook_p50_ms",
        "hook_p99_ms",
        "hook_max_ms",
        "hooks",
        "start_p50_ms",
        "start_p99_ms",
        "starts",
        "failures",
    )
    lines = ["| variant | " + " | ".join(columns) + " |", "|---" * (len(columns) + 1) + "|"]
    lines += [f"| {name} | " + " | ".join(str(row[column]) for column in columns) + " |" for name, row in rows.items()]
    return "\n".join(lines)


def main() -> int:
    """Return 1 when the bar is not kept."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lab", default="hook-bench", help="the name of its lab (default: %(default)s)")
    parser.add_argument("--suite", default="trixie", help="the Debian suite of the lab (default: %(default)s)")
    parser.add_argument("--jobs", type=int, default=300, help="job starts of each variant (default: %(default)s)")
    parser.add_argument(
        "--alone",
        action="store_true",
        help="slurmd and what it starts go before all else, as on a node that has its processors for itself",
    )
    parser.add_argument("--json", type=Path, help="also write the numbers here")
    arguments = parser.parse_args()
    # A file system that is frozen has to thaw in any case.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    lab = Lab(arguments.lab)
    lab.lab("up", "--suite", arguments.suite)
    try:
        rows, unasked = run(Bench(lab, arguments.alone), arguments.jobs)
    finally:
        lab.lab("down")
    print(table(rows))
    print(f"\nrequests of our hooks to the service that hangs: {unasked}")
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=2))
    slow = [name for name, row in rows.items() if name.startswith("ours") and row["hook_p99_ms"] >= BAR_MS]  # type: ignore[operator]
    if slow:
        print(f"over {BAR_MS:.0f} ms: {', '.join(slow)}")
    return 1 if slow or unasked else 0


def run(bench: Bench, jobs: int) -> tuple[dict[str, dict[str, object]], int]:
    """Measure everything. The variants take turns; curl without an answer takes fewer, it is slow."""
    bench.prepare()
    bench.measure(NO_HOOK, jobs)
    bench.let_slurm_run_hooks()
    patient = [name for name in VARIANTS if name != "curl, service hung"]
    with FrozenSpool(bench.lab, NODE, SPOOLS["frozen"]):
        for number in range(ROUNDS):
            print(f"round {number + 1} of {ROUNDS}", file=sys.stderr, flush=True)
            for variant in patient:
                bench.measure(variant, jobs // ROUNDS)
    unasked = bench.requests("hung")
    bench.measure("curl, service hung", max(2, jobs // 20))
    return {name: bench.row(name) for name in [NO_HOOK, *VARIANTS]}, unasked


if __name__ == "__main__":
    sys.exit(main())
