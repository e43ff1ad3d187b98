"""What the figures say: tables for people, and the bars that the collection sets itself."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median, quantiles
from typing import Any

Result = dict[str, Any]
"""What side_by_side/__main__.py prints."""

# One cycle of the exporter asks so often by default; the specification's commands are shown at the same pace.
CYCLE_SECONDS = 15
# The history whose incremental cycle is compared with that of the longest one.
SHORT_HISTORY = 10_000


def report(result: Result) -> list[str]:
    """Return the lines about one size."""
    machine, sides, http = result["machine"], result["side_by_side"], result["http"]
    spec, ours = sides["spec"], sides["exporter"]
    lines = [
        "",
        f"{size_name(result)}; Slurm {machine['slurm']}, Python {machine['python']}, {machine['cpus']} CPUs, "
        f"load {machine['load']:.1f}; {len(spec)} rounds in turn, reset time 7 days back",
        "",
        f"{'':34}{'processes':>10}{'best s':>9}{'median s':>10}{'own CPU s':>11}{'children s':>12}{'daemons s':>11}"
        f"{'RPCs':>6}{'wrong':>12}",
    ]
    count = sides["values"]["7"]
    for name, costs, wrong in (
        ("the specification's commands", spec, sides["wrong"]["spec"]),
        ("azslurm-exporter", ours, sides["wrong"]["exporter, 7 days"]),
    ):
        lines.append(
            f"{name:34}{costs[0]['processes']:>10}{_best(costs):>9.3f}{_median(costs):>10.3f}"
            f"{_median(costs, 'own_cpu'):>11.3f}{_median(costs, 'child_cpu'):>12.3f}"
            f"{_median(costs, 'daemon_cpu'):>11.3f}{_median(costs, 'rpcs'):>6.0f}{f'{len(wrong)} of {count}':>12}"
        )
    lines.append(
        f"{'ratio':34}{spec[0]['processes'] / ours[0]['processes']:>10.0f}{_best(spec) / _best(ours):>9.1f}"
        f"{ratio(result):>10.1f}"
    )
    if half_year := sides["spec_half_year"]:
        lines += [
            "",
            f"reset 180 days back: the specification's commands {half_year['wall']:.1f} s; azslurm-exporter "
            f"{_median(result['reset']['180']['later']):.3f} s after its first cycle, "
            f"{half_year['wall'] / _median(result['reset']['180']['later']):.0f} times faster",
        ]
    else:
        lines += ["", "reset 180 days back: the specification's commands were left out: they read every row each time"]
    lines += [
        "",
        f"{'azslurm-exporter, reset time':34}{'first cycle s':>14}{'later best s':>14}{'later median s':>16}"
        f"{'of it history s':>17}",
    ]
    lines += [
        f"{f'  {days} days back':34}{costs['first']['wall']:>14.2f}{_best(costs['later']):>14.3f}"
        f"{_median(costs['later']):>16.3f}{_median(costs['history']):>17.3f}"
        for days, costs in result["reset"].items()
    ]
    lines += ["", *_slower(result), ""]
    lines += [
        f"GET while it refreshes every second, {len(http['metrics'])} requests each:",
        f"  /metrics    {_latencies(http['metrics'])}; {http['lines']} lines, {http['bytes'] / 1e3:.0f} kB",
        f"  /-/healthy  {_latencies(http['healthy'])}; nothing to do, so this is the machine itself",
        f"memory with 180 days of history: {_mebibytes(http['rss'])}, at its peak {_mebibytes(http['peak_rss'])}",
    ]
    for who, wrong in sides["wrong"].items():
        if wrong and who != "spec":
            lines += ["", f"wrong values ({who}):", *(f"  {line}" for line in wrong)]
    return lines


def _slower(result: Result) -> list[str]:
    """What runs on intervals of its own, and the sum of everything per minute."""
    cycle, per_cycle = result["side_by_side"]["exporter"], 60 / CYCLE_SECONDS
    lines = [f"{'per minute':34}{'every s':>8}{'processes':>10}{'RPCs':>8}{'own CPU s':>11}{'children s':>12}"]
    rows = [("the cycle: jobs, nodes, history", CYCLE_SECONDS, cycle)]
    rows += [(name, each["interval"], each["costs"]) for name, each in result["slower"].items() if each["costs"]]
    sums = [0.0] * 4
    for name, interval, costs in rows:
        minute = [60 / interval * _mean(costs, what) for what in ("processes", "rpcs", "own_cpu", "child_cpu")]
        sums = [one + other for one, other in zip(sums, minute, strict=True)]
        lines.append(
            f"  {name:32}{interval:>8.0f}{minute[0]:>10.1f}{minute[1]:>8.1f}{minute[2]:>11.3f}{minute[3]:>12.3f}"
        )
    lines.append(f"  {'together':32}{'':>8}{sums[0]:>10.1f}{sums[1]:>8.1f}{sums[2]:>11.3f}{sums[3]:>12.3f}")
    spec = result["side_by_side"]["spec"]
    minute = [per_cycle * _mean(spec, what) for what in ("processes", "rpcs", "own_cpu", "child_cpu")]
    name = "the specification's commands"
    lines.append(
        f"  {name:32}{CYCLE_SECONDS:>8}{minute[0]:>10.1f}{minute[1]:>8.1f}{minute[2]:>11.3f}{minute[3]:>12.3f}"
    )
    lines += [f"  {name:32} {each['failed']}" for name, each in result["slower"].items() if not each["costs"]]
    return lines


def compare(results: Sequence[Result]) -> list[str]:
    """Return one row per size, as a table of Markdown."""
    lines = [
        "| nodes | jobs | rows | specification, wall / CPU | exporter, wall | own CPU | children | ratio "
        "| RPCs a cycle | GET p50 / p99 | body | memory |",
        "|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for result in results:
        size, http = result["size"], result["http"]
        spec, ours = result["side_by_side"]["spec"], result["side_by_side"]["exporter"]
        cells = [
            f"{size['nodes']:,}",
            f"{size['jobs']:,}",
            f"{size['rows']:,}",
            f"{_median(spec):.1f} s / {_median(spec, 'own_cpu') + _median(spec, 'child_cpu'):.1f} s",
            f"{_median(ours):.2f} s",
            f"{_median(ours, 'own_cpu'):.3f} s",
            f"{_median(ours, 'child_cpu'):.3f} s",
            f"{ratio(result):.0f}",
            f"{_median(spec, 'rpcs'):.0f} / {_median(ours, 'rpcs'):.0f}",
            f"{_percentile(http['metrics'], 50):.1f} / {_percentile(http['metrics'], 99):.1f} ms",
            f"{http['bytes'] / 1e3:.0f} kB",
            _mebibytes(http["peak_rss"]),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def judge(result: Result) -> list[tuple[str, bool]]:
    """Return each bar of one size in words, and whether it is met."""
    reset, http, sides = result["reset"], result["http"], result["side_by_side"]
    # The best of each: what else the machine does only adds to a cycle.
    day, half_year = (_best(reset[days]["later"]) for days in ("1", "180"))
    wrong = sum(len(lines) for who, lines in sides["wrong"].items() if who != "spec")
    latency, ours = _percentile(http["metrics"], 99), sides["exporter"]
    cpu, processes = _median(ours, "own_cpu"), max(cost["processes"] for cost in ours)
    return [
        (f"at least 20 times faster than the specification's commands: {ratio(result):.1f}", ratio(result) >= 20),
        (f"GET /metrics under 10 ms, p99: {latency:.1f} ms", latency < 10),
        (f"same cost for 180 days as for 1 after the first cycle: {half_year / day:.2f} times", half_year / day <= 1.2),
        (f"every value is true: {wrong} wrong", wrong == 0),
        (f"a cycle takes less than 0.4 s of its own CPU: {cpu:.3f} s", cpu < 0.4),
        (f"a cycle is three processes: {processes}", processes == 3),
        (f"less than 150 MB of memory: {http['peak_rss'] / 1e6:.0f} MB", http["peak_rss"] < 150e6),
    ]


def judge_history(results: Sequence[Result]) -> list[tuple[str, bool]]:
    """Return the bar that needs two sizes: the longest history costs what a short one does. Empty without both."""
    by_rows = {result["size"]["rows"]: result["reset"]["180"]["history"] for result in results}
    longest = max(by_rows)
    if SHORT_HISTORY not in by_rows or longest == SHORT_HISTORY:
        return []
    times = _best(by_rows[longest]) / _best(by_rows[SHORT_HISTORY])
    return [(f"same cost with {longest:,} rows of history as with {SHORT_HISTORY:,}: {times:.2f} times", times <= 1.2)]


def size_name(result: Result) -> str:
    """Return the size in words."""
    return "{nodes:,} nodes, {jobs:,} jobs, {rows:,} rows of history".format(**result["size"])


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
