#!/usr/bin/env python3
"""bin/bench dashboards: what dashboards and rules cost a Prometheus that watches 1,000 nodes with 8 GPUs each.

A Prometheus is filled with hours of samples of a cluster that is made up, and then scrapes its exporters, evaluates the
rules of the role, and answers the queries of each dashboard, six at a time. See docs/dashboards-cost.md.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "roles/_programs/files/slurm_observability/src")]

from dashboard_cost import exporters, history, rules  # noqa: E402
from dashboard_cost.cluster import Cluster  # noqa: E402

from tests import dashboard_queries, prometheus  # noqa: E402
from tests.unit.dashboards import document, promql  # noqa: E402

FOLDER = ROOT / "roles/grafana/files/dashboards"
RESULTS = ROOT / "build/benchmarks"
# Names that dashboards read, beside the expressions that they stand for.
COMPARED = ("node:gpu_utilization:ratio", "node:gpu_memory_used:ratio", "node:gpu_power:watts")
# What the exporters of the cluster show.
SCRAPED = ("DCGM_", "node_", "slurm_", "hpc_job_", "job_agent_")
SIZE = ("nodes", "gpus", "hours", "step")
QUERY_S, DASHBOARD_S, SHARE = 1.0, 3.0, 0.1


def main() -> int:
    """Run the benchmark. Exit code 1: it could not run; 3: a bar was missed and --check-bars given."""
    options = _options()
    # A run that is ended takes its Prometheus and its files with it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    files = (json.loads(path.read_text()) for path in options.dashboards.glob("*.json"))
    boards = {board["uid"]: board for board in files}
    if unknown := set(options.only) - boards.keys():
        print(f"bin/bench dashboards: there is no dashboard {', '.join(sorted(unknown))}", file=sys.stderr)
        return 2
    boards = {uid: boards[uid] for uid in sorted(options.only or boards)}
    try:
        with tempfile.TemporaryDirectory(prefix="bench-dashboards.", dir=options.directory) as folder:
            result = run(options, boards, Path(folder))
    except (prometheus.MissingError, RuntimeError, OSError) as error:
        print(f"bin/bench dashboards: {error}", file=sys.stderr)
        return 1
    RESULTS.mkdir(parents=True, exist_ok=True)
    path = RESULTS / "dashboards.json"
    path.write_text(json.dumps(result, indent=1) + "\n")
    print("\n".join([*report(result), "", f"all figures: {path.relative_to(ROOT)}"]))
    return 3 if options.check_bars and not all(met for met, _ in bars(result)) else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bin/bench dashboards", description=__doc__.partition("\n")[0])
    parser.add_argument("--nodes", type=int, default=1000, help="nodes of the cluster (default: 1000)")
    parser.add_argument("--gpus", type=int, default=8, help="GPUs of a node (default: 8)")
    parser.add_argument("--hours", type=int, default=6, help="hours of samples (default: 6)")
    parser.add_argument("--step", type=int, default=30, help="seconds between samples of the hours (default: 30)")
    parser.add_argument("--rounds", type=int, default=3, help="how often dashboards and rules are run (default: 3)")
    parser.add_argument(
        "--dashboards", type=Path, default=FOLDER, metavar="FOLDER", help="default: those of the role grafana"
    )
    parser.add_argument(
        "--only", action="append", default=[], metavar="UID", help="this dashboard; may be given more than once"
    )
    parser.add_argument("--directory", help="where the samples are kept meanwhile (default: TMPDIR)")
    parser.add_argument("--check-bars", action="store_true", help="exit with 3 when a bar is missed")
    return parser.parse_args()


def run(options: argparse.Namespace, boards: dict[str, document.Json], folder: Path) -> dict[str, Any]:
    """Fill a Prometheus, let it scrape and evaluate, and measure."""
    cluster = Cluster(options.nodes, options.gpus)
    shipped = rules.all_rules()
    names = rules.recorded(shipped)
    compared = {name: rules.raw(name, names) for name in COMPARED if name in names}
    asked, back = _names(boards.values(), compared)
    end = int(time.time()) // options.step * options.step
    start = end - options.hours * 3600
    _say(f"writing {options.hours} hours of {len(back)} metrics, a sample every {options.step} s")
    samples = history.write(cluster, back, folder / "data", start=start, end=end, step=options.step)
    _say(f"{samples:,} samples; starting Prometheus and {2 * options.nodes} exporters")
    scraped = {name for name in (rules.read(shipped) | asked) - names.keys() if name.startswith(SCRAPED)}
    found, targets = exporters.pages(cluster, scraped, end)
    with exporters.serving(found) as address:
        settings = exporters.configuration(folder, address, targets, rules.FOLDER, f"{options.step}s")
        with prometheus.running(folder / "data", settings) as running:
            _say(f"rules: {options.rounds} rounds of each group")
            rules.wait_for_targets(running, len(targets))
            groups = rules.groups(running, options.rounds)
            end = int(time.time())
            start = end - options.hours * 3600
            return {
                "size": {
                    **{name: getattr(options, name) for name in ("nodes", "gpus", "hours", "step")},
                    "samples": samples,
                },
                "load": os.getloadavg(),
                "version": running.ask("status/buildinfo")["version"],
                "series": int(running.ask("status/tsdb")["headStats"]["numSeries"]),
                "rules": [vars(group) for group in groups],
                "dashboards": [_board(board, running, start, end, options.rounds) for board in boards.values()],
                "compared": [_compare(name, text, running, start, end) for name, text in compared.items()],
            }


def _names(boards: Iterable[document.Json], compared: dict[str, str]) -> tuple[set[str], set[str]]:
    """Names that dashboards read, and those of them that they look back on. The others are there once scraped."""
    asked, back = set(compared), set(compared)
    for text in compared.values():
        back |= promql.metrics(text)
    boards = list(boards)
    for _, metric, _ in (found for board in boards for found in document.values_found(board)):
        asked |= promql.metrics(metric) if metric else set()
    for target in (target for board in boards for panel in document.panels(board) for target in panel["targets"]):
        if expression := target.get("expr"):
            asked |= promql.metrics(expression)
            if not target.get("instant") or "[" in expression:
                back |= promql.metrics(expression)
    return asked, back


def _board(board: document.Json, running: prometheus.Prometheus, start: int, end: int, rounds: int) -> dict[str, Any]:
    """The best of some rounds: what else the machine does only adds to it."""
    _say(board["uid"])
    values = dashboard_queries.values(board, running, start, end)
    found = list(dashboard_queries.queries(board, values, start, end))
    runs = [dashboard_queries.run(found, running, start, end) for _ in range(rounds)]
    costs = [min((costs[n] for costs, _ in runs), key=lambda cost: cost.seconds) for n in range(len(found))]
    slow = sorted(costs, key=lambda cost: -cost.seconds)[:3]
    return {
        "uid": board["uid"],
        "queries": len(found),
        "empty": sum(1 for cost in costs if cost.series == 0),
        "seconds": min(seconds for _, seconds in runs),
        "slowest": [
            {"panel": one.query.panel, "seconds": one.seconds, "series": one.series, "query": one.query.expression}
            for one in slow
        ],
    }


def _compare(name: str, text: str, running: prometheus.Prometheus, start: int, end: int) -> dict[str, Any]:
    cost = {}
    for kind, expression in (("recorded", name), ("raw", text)):
        query = dashboard_queries.Query(name, f"avg({expression})", 60)
        cost[kind] = dashboard_queries.run([query], running, start, end)[1]
    return {"name": name, **cost}


def bars(result: dict[str, Any]) -> list[tuple[bool, str]]:
    """Each bar, and whether it is met."""
    boards, groups = result["dashboards"], result["rules"]
    queries = [(one["seconds"], f"{board['uid']}, {one['panel']}") for board in boards for one in board["slowest"]]
    query, what = max(queries, default=(0.0, "none"))
    whole, which = max(((board["seconds"], board["uid"]) for board in boards), default=(0.0, "none"))
    share, group = max(((one["seconds"] / one["interval"], one["name"]) for one in groups), default=(0.0, "none"))
    return [
        (query < QUERY_S, f"no query above {QUERY_S:.0f} s: {query:.2f} s ({what})"),
        (whole < DASHBOARD_S, f"no dashboard above {DASHBOARD_S:.0f} s: {whole:.2f} s ({which})"),
        (share < SHARE, f"rules below {SHARE:.0%} of their interval: {share:.1%} ({group})"),
    ]


def report(result: dict[str, Any]) -> list[str]:
    """The tables."""
    size = result["size"]
    lines = [
        f"Prometheus {result['version']}, {size['nodes']:,} nodes with {size['gpus']} GPUs, {size['hours']} hours of "
        f"{size['samples']:,} samples, {result['series']:,} series now; load {result['load'][0]:.1f}",
        "",
        f"{'dashboard':<24}{'queries':>8}{'empty':>7}{'whole':>9}{'slowest':>9}  panel",
    ]
    for board in result["dashboards"]:
        slow = board["slowest"][0] if board["slowest"] else {"seconds": 0.0, "panel": "", "series": 0}
        lines.append(
            f"{board['uid']:<24}{board['queries']:>8}{board['empty']:>7}{board['seconds']:>7.2f} s"
            f"{slow['seconds']:>7.2f} s  {slow['panel']} ({slow['series']} series)"
        )
    lines += ["", f"{'rules':<40}{'took':>9}{'interval':>10}"]
    lines += [f"{one['name']:<40}{one['seconds']:>7.2f} s{one['interval']:>8.0f} s" for one in result["rules"][:8]]
    lines += ["", f"{'average over all nodes of':<40}{'recorded':>10}{'raw':>10}"]
    lines += [f"{one['name']:<40}{one['recorded']:>8.2f} s{one['raw']:>8.2f} s" for one in result["compared"]]
    errors = [f"{group['name']}: {error}" for group in result["rules"] for error in group["errors"]]
    return [*lines, *errors, "", *(f"{'met   ' if met else 'MISSED'}  {text}" for met, text in bars(result))]


def _say(text: str) -> None:
    print(f"== {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
