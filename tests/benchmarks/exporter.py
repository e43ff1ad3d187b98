#!/usr/bin/env python3
"""bin/bench exporter: azslurm-exporter against the command sequence of its specification, on one simulated cluster.

Both collect from the same real Slurm in the same run, in turn: 5,000 nodes, 20,000 queue records that expand to
80,000 jobs, 500,000 accounting rows over 180 days. Needs root on Debian or Ubuntu, like the lab whose image it uses,
and about 3 GiB of memory. See docs/performance.md.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from statistics import median, quantiles
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from simulated_cluster import sandbox  # noqa: E402

from lab import host, image  # noqa: E402
from lab.errors import LabError  # noqa: E402

HERE = Path(__file__).parent
PROGRAMS = ROOT / "roles/_programs/files/slurm_observability/src/slurm_observability"
RESULTS = ROOT / "build/benchmarks"

Result = dict[str, Any]


def main() -> int:
    """Run the benchmark. Exit code 1: it could not run; 3: a bar was missed and --check-bars given."""
    parser = argparse.ArgumentParser(prog="bin/bench exporter", description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--suite",
        default="trixie",
        choices=["bookworm", "trixie", "sid"],
        help="Debian release whose Slurm is measured (default: trixie)",
    )
    parser.add_argument("--rounds", type=_positive, default=5, help="side-by-side rounds, 10 to 20 s each (default: 5)")
    parser.add_argument(
        "--cycles", type=_positive, default=20, help="refreshes measured for each reset time (default: 20)"
    )
    parser.add_argument(
        "--requests",
        type=_positive,
        default=1000,
        help="GET /metrics requests while the exporter refreshes (default: 1000)",
    )
    parser.add_argument("--check-bars", action="store_true", help="exit with 3 when a bar is missed")
    options = parser.parse_args()
    try:
        result = run(options)
    except LabError as error:
        print(f"bin/bench exporter: {error}", file=sys.stderr)
        return 1
    RESULTS.mkdir(parents=True, exist_ok=True)
    path = RESULTS / f"exporter-{options.suite}.json"
    path.write_text(json.dumps(result, indent=1) + "\n")
    bars = judge(result)
    print("\n".join([*report(result), "", *(f"{'met   ' if met else 'MISSED'}  {text}" for text, met in bars)]))
    print(f"\nall figures: {path.relative_to(ROOT)}")
    return 3 if options.check_bars and not all(met for _, met in bars) else 0


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError
    return number


def run(options: argparse.Namespace) -> Result:
    """Build the cluster in the sandbox, measure, and return the figures. Raises LabError."""
    try:
        import prometheus_client
    except ImportError:
        raise LabError("prometheus_client is missing: start this with bin/bench, which installs it") from None
    host.require_usable()
    host.install_tools()
    suite = image.folder(image.ensure(options.suite))
    print(f"== a simulated cluster on Slurm of Debian {options.suite}", file=sys.stderr, flush=True)
    packages = [HERE / "simulated_cluster", HERE / "side_by_side", PROGRAMS, Path(prometheus_client.__file__).parent]
    measure = ["python3", "-m", "side_by_side"]
    measure += [f"--{name}={getattr(options, name)}" for name in ("rounds", "cycles", "requests")]
    done = sandbox.run(suite, packages, ["python3", "-m", "simulated_cluster", *measure])
    if done.returncode != 0:
        raise LabError(f"the measurement failed with exit code {done.returncode}; its own words are above")
    result: Result = json.loads(done.stdout)
    return result


def report(result: Result) -> list[str]:
    """Return the lines of the table."""
    machine, sides, http = result["machine"], result["side_by_side"], result["http"]
    spec, ours = sides["spec"], sides["exporter"]
    lines = [
        "",
        f"Slurm {machine['slurm']}, Python {machine['python']}, {machine['cpus']} CPUs, load {machine['load']:.1f}; "
        f"{len(spec)} rounds in turn, reset time 7 days back",
        "",
        f"{'':34}{'processes':>10}{'best s':>9}{'median s':>10}{'client CPU s':>14}{'daemon CPU s':>14}{'wrong':>12}",
    ]
    count = sides["values"]["7"]
    for name, costs, wrong in (
        ("the specification's commands", spec, sides["wrong"]["spec"]),
        ("azslurm-exporter", ours, sides["wrong"]["exporter, 7 days"]),
    ):
        lines.append(
            f"{name:34}{costs[0]['processes']:>10}{_best(costs):>9.3f}{_median(costs):>10.3f}"
            f"{_median(costs, 'client_cpu'):>14.3f}{_median(costs, 'daemon_cpu'):>14.3f}"
            f"{f'{len(wrong)} of {count}':>12}"
        )
    lines.append(
        f"{'ratio':34}{spec[0]['processes'] / ours[0]['processes']:>10.0f}{_best(spec) / _best(ours):>9.1f}"
        f"{ratio(result):>10.1f}{_median(spec, 'client_cpu') / _median(ours, 'client_cpu'):>14.1f}"
        f"{_median(spec, 'daemon_cpu') / _median(ours, 'daemon_cpu'):>14.1f}"
    )
    half_year = sides["spec_half_year"]
    lines += [
        "",
        f"reset 180 days back: the specification's commands {half_year['wall']:.1f} s; azslurm-exporter "
        f"{_median(result['reset']['180']['later']):.3f} s after its first cycle, "
        f"{half_year['wall'] / _median(result['reset']['180']['later']):.0f} times faster",
        "",
        f"{'azslurm-exporter, reset time':34}{'first cycle s':>14}{'later best s':>14}{'later median s':>16}"
        f"{'daemon CPU s':>14}",
    ]
    lines += [
        f"{f'  {days} days back':34}{costs['first']['wall']:>14.2f}{_best(costs['later']):>14.3f}"
        f"{_median(costs['later']):>16.3f}{_mean(costs['later'], 'daemon_cpu'):>14.3f}"
        for days, costs in result["reset"].items()
    ]
    lines += [
        "",
        f"GET /metrics while it refreshes: {len(http['seconds'])} requests, p50 {_percentile(http, 50):.1f} ms, "
        f"p99 {_percentile(http, 99):.1f} ms, max {1000 * max(http['seconds']):.1f} ms; "
        f"{http['lines']} lines, {http['bytes'] / 1e3:.0f} kB",
        f"memory with 180 days of history: {_mebibytes(http['rss'])}, at its peak {_mebibytes(http['peak_rss'])}",
    ]
    for who, wrong in sides["wrong"].items():
        if wrong and who != "spec":
            lines += ["", f"wrong values ({who}):", *(f"  {line}" for line in wrong)]
    return lines


def judge(result: Result) -> list[tuple[str, bool]]:
    """Return each bar in words, and whether it is met."""
    reset, http, sides = result["reset"], result["http"], result["side_by_side"]
    day, half_year = (_median(reset[days]["later"]) for days in ("1", "180"))
    wrong = sum(len(lines) for who, lines in sides["wrong"].items() if who != "spec")
    latency = _percentile(http, 99)
    return [
        (f"at least 20 times faster than the specification's commands: {ratio(result):.1f}", ratio(result) >= 20),
        (f"GET /metrics under 10 ms, p99: {latency:.1f} ms", latency < 10),
        (f"same cost for 180 days as for 1 after the first cycle: {half_year / day:.2f} times", half_year / day <= 1.2),
        (f"every value is true: {wrong} wrong", wrong == 0),
    ]


def ratio(result: Result) -> float:
    """How many times faster the exporter is, by the medians of the rounds."""
    sides = result["side_by_side"]
    return _median(sides["spec"]) / _median(sides["exporter"])


def _median(costs: list[dict[str, float]], what: str = "wall") -> float:
    return median(cost[what] for cost in costs)


def _mean(costs: list[dict[str, float]], what: str) -> float:
    return sum(cost[what] for cost in costs) / len(costs)


def _best(costs: list[dict[str, float]]) -> float:
    return min(cost["wall"] for cost in costs)


def _mebibytes(size: int) -> str:
    return f"{size / 2**20:.0f} MiB"


def _percentile(http: Result, percent: int) -> float:
    """In milliseconds."""
    seconds: list[float] = http["seconds"]
    return 1000 * quantiles(seconds, n=100)[percent - 1]


if __name__ == "__main__":
    sys.exit(main())
