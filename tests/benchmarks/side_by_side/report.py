"""What the figures say: a table for people, and the bars that the collection sets itself."""

from __future__ import annotations

from statistics import median, quantiles
from typing import Any

Result = dict[str, Any]
"""What side_by_side/__main__.py prints."""


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
        f"GET while it refreshes every second, {len(http['metrics'])} requests each:",
        f"  /metrics    {_latencies(http['metrics'])}; {http['lines']} lines, {http['bytes'] / 1e3:.0f} kB",
        f"  /-/healthy  {_latencies(http['healthy'])}; nothing to do, so this is the machine itself",
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
    latency = _percentile(http["metrics"], 99)
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


def _latencies(seconds: list[float]) -> str:
    p50, p99 = _percentile(seconds, 50), _percentile(seconds, 99)
    return f"p50 {p50:.1f} ms, p99 {p99:.1f} ms, max {1000 * max(seconds):.1f} ms"


def _percentile(seconds: list[float], percent: int) -> float:
    """In milliseconds."""
    return 1000 * quantiles(seconds, n=100)[percent - 1]
