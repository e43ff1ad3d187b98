#!/usr/bin/env python3
"""bin/bench exporter: azslurm-exporter against the command sequence of its specification, on one simulated cluster.

Both collect from the same real Slurm in the same run, in turn: 5,000 nodes, 20,000 queue records that expand to
80,000 jobs, 500,000 accounting rows over 180 days, and other sizes if asked. Needs root on Debian or Ubuntu, like the
lab whose image it uses, and about 3 GiB of memory. See docs/performance.md.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from side_by_side.report import Result, compare, judge, judge_history, report, size_name  # noqa: E402
from simulated_cluster import sandbox  # noqa: E402
from simulated_cluster.size import Size  # noqa: E402

from lab import host, image  # noqa: E402
from lab.errors import LabError  # noqa: E402

HERE = Path(__file__).parent
PROGRAMS = ROOT / "roles/_programs/files/slurm_observability/src/slurm_observability"
RESULTS = ROOT / "build/benchmarks"

# One thing grows at a time. The history grows in a small cluster: the queue of a large one takes long to make.
BASE, SMALL = Size(), Size(nodes=1_000, jobs=10_000)
NODES = [replace(BASE, nodes=nodes) for nodes in (1_000, 10_000)]
JOBS = [replace(BASE, jobs=jobs) for jobs in (10_000, 100_000, 500_000)]
HISTORY = [replace(SMALL, rows=rows) for rows in (10_000, 1_000_000, 10_000_000)]
SIZES = {"base": [BASE], "nodes": NODES, "jobs": JOBS, "history": HISTORY, "full": [BASE, *NODES, *JOBS, *HISTORY]}


def main() -> int:
    """Run the benchmark. Exit code 1: it could not run; 3: a bar was missed and --check-bars given."""
    parser = argparse.ArgumentParser(prog="bin/bench exporter", description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--suite",
        default="trixie",
        choices=["bookworm", "trixie", "sid"],
        help="Debian release whose Slurm is measured (default: trixie)",
    )
    parser.add_argument(
        "--sizes",
        type=_sizes,
        default="base",
        metavar="SIZES",
        help="base (the default), nodes, jobs or history (which grow), full (all nine sizes, hours), or sizes as "
        "NODES,JOBS,ROWS with spaces between them",
    )
    parser.add_argument(
        "--rounds", type=_at_least(1), default=5, help="rounds side by side, 10 to 20 s each (default: 5)"
    )
    parser.add_argument(
        "--cycles", type=_at_least(2), default=20, help="refreshes measured for each reset time (default: 20)"
    )
    parser.add_argument(
        "--requests",
        type=_at_least(100),
        default=1000,
        help="GET /metrics requests while the exporter refreshes (default: 1000)",
    )
    parser.add_argument("--check-bars", action="store_true", help="exit with 3 when a bar is missed")
    options = parser.parse_args()
    results, bars = [], []
    try:
        for size in options.sizes:
            result = run(options, size)
            results.append(result)
            RESULTS.mkdir(parents=True, exist_ok=True)
            path = RESULTS / f"exporter-{options.suite}-{str(size).replace(',', '-')}.json"
            path.write_text(json.dumps(result, indent=1) + "\n")
            print("\n".join([*report(result), "", f"all figures: {path.relative_to(ROOT)}"]), flush=True)
            bars += [(f"{size_name(result)}: {text}", met) for text, met in judge(result)]
    except LabError as error:
        print(f"bin/bench exporter: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("bin/bench exporter: interrupted; nothing is left running", file=sys.stderr)
        return 130
    bars += judge_history(results)
    print("\n".join(["", *compare(results), "", *(f"{'met   ' if met else 'MISSED'}  {text}" for text, met in bars)]))
    return 3 if options.check_bars and not all(met for _, met in bars) else 0


def _sizes(text: str) -> list[Size]:
    if text in SIZES:
        return SIZES[text]
    try:
        return [Size.parse(size) for size in text.split() or [text]]
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} names no sizes: {error}") from None


def _at_least(minimum: int) -> Callable[[str], int]:
    def count(text: str) -> int:
        if not text.isdecimal() or int(text) < minimum:
            raise argparse.ArgumentTypeError(f"{text!r} is too few or no number; give {minimum} or more")
        return int(text)

    return count


def run(options: argparse.Namespace, size: Size) -> Result:
    """Build the cluster in the sandbox, measure, and return the figures. Raises LabError."""
    needed = [importlib.util.find_spec(package) for package in ("prometheus_client", "bcrypt", "yaml")]
    if not all(needed):
        raise LabError("what the exporter needs is missing: start this with bin/bench, which installs it")
    host.require_usable()
    host.install_tools()
    suite = image.folder(image.ensure(options.suite))
    what = f"{size.nodes:,} nodes, {size.jobs:,} jobs, {size.rows:,} rows of history"
    print(f"== a simulated cluster on Slurm of Debian {options.suite}: {what}", file=sys.stderr, flush=True)
    packages = [ROOT / "tests/simulated_cluster", HERE / "side_by_side", PROGRAMS]
    packages += [Path(spec.origin).parent for spec in needed if spec and spec.origin]
    measure = ["python3", "-m", "side_by_side", f"--size={size}"]
    measure += [f"--{name}={getattr(options, name)}" for name in ("rounds", "cycles", "requests")]
    done = sandbox.run(suite, packages, ["python3", "-m", "simulated_cluster", str(size), *measure], size.needs_disk)
    if done.returncode != 0:
        raise LabError(f"the measurement failed with exit code {done.returncode}; its own words are above")
    result: Result = json.loads(done.stdout)
    return result


if __name__ == "__main__":
    sys.exit(main())
