#!/usr/bin/env python3
"""Counts what Azure is asked for when a cluster is associated with the rules of all log sources.

Azure is a stand-in, so the counts are what is measured, and the seconds are those of the module and the stand-in. One
task associates everything: for R rules and N nodes, with lists in pages of P,

    scale sets of flexible orchestration   1 + ceil(N/P) + R + R*N       and again   1 + ceil(N/P) + R*ceil(N/P)
    scale sets of uniform orchestration    1 + R + R                     and again   1 + R

requests. The run fails when a count is another. Resource Manager lets a principal make 10 changes a second in a
subscription, after the first 200 (Microsoft's page "Understand how Azure Resource Manager throttles requests"): the
module waits as it is told, so that is the least time of a first run.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT))

from tests.stand_ins.azure import AzureStandIn, Furniture  # noqa: E402

MODULE = "slurm.observability.azure_data_collection_rule_association"
BURST, CHANGES_PER_SECOND = 200, 10


@dataclass(frozen=True)
class Run:
    """One run of the task: what was asked, and how long it took."""

    reads: int
    writes: int
    seconds: float


class Cluster:
    """A stand-in for Azure with rules and a scale set of so many nodes."""

    def __init__(self, stand_in: AzureStandIn, mode: str, nodes: int, rules: int, page: int) -> None:
        self._stand_in = stand_in
        self._rules = [f"source{number}_raw_dcr" for number in range(rules)]
        furniture = Furniture(stand_in.services)
        for rule in self._rules:
            path = f"{furniture.group}/providers/Microsoft.Insights/dataCollectionRules/{rule}"
            stand_in.services.put(path, {"location": "eastus", "properties": {"description": rule}})
        furniture.scale_set("nodes", nodes, mode=mode, tags={"ClusterName": "bench"})
        stand_in.estate.behaviour.page_size = page

    def associate(self) -> Run:
        """Run the task. Raises CalledProcessError when it fails."""
        options = {
            "resource_group": "hpc",
            "rules": self._rules,
            "scale_set_tags": {"ClusterName": "bench"},
            "target_resource_group": "hpc",
            "ca_file": str(self._stand_in.ca_file),
            "disable_instance_discovery": True,
        }
        here = ["-i", "localhost,", "-c", "local", "-e", f"ansible_python_interpreter={sys.executable}"]
        command = ["ansible", "localhost", *here, "-m", MODULE, "-a", json.dumps(options)]
        environment = {
            **os.environ,
            **self._stand_in.environment(),
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".collections"),
        }
        before, began = self._counts(), time.monotonic()
        subprocess.run(command, cwd=ROOT, env=environment, check=True, stdout=subprocess.DEVNULL)
        after = self._counts()
        return Run(after[0] - before[0], after[1] - before[1], time.monotonic() - began)

    def _counts(self) -> tuple[int, int]:
        """Reads and writes so far; signing in is neither."""
        counts = {kind: count for kind, count in self._stand_in.services.counts().items() if "token" not in kind}
        reads = sum(count for kind, count in counts.items() if kind.startswith("GET "))
        return reads, sum(counts.values()) - reads


def expected(mode: str, nodes: int, rules: int, page: int, *, again: bool) -> tuple[int, int]:
    """The reads and writes that the formula gives."""
    pages = -(-nodes // page)
    if mode == "Flexible":
        return 1 + pages + rules * (pages if again else 1), 0 if again else rules * nodes
    return 1 + rules, 0 if again else rules


def main() -> int:
    """Measure, print, and say whether the counts are those of the formula."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nodes", type=int, default=1000, help="nodes of the scale set (1000)")
    parser.add_argument("--rules", type=int, default=10, help="rules, one for each log source (10)")
    parser.add_argument("--page", type=int, default=100, help="entries of a page of a list (100)")
    options = parser.parse_args()
    size = (options.nodes, options.rules, options.page)
    right = True
    print(f"{options.nodes} nodes, {options.rules} rules, pages of {options.page}; Azure is a stand-in")
    print(f"{'scale set':10} {'run':7} {'reads':>7} {'writes':>7} {'seconds':>8}  by the formula")
    for mode in ("Flexible", "Uniform"):
        with tempfile.TemporaryDirectory() as folder, AzureStandIn(Path(folder)) as stand_in:
            cluster = Cluster(stand_in, mode, *size)
            for name, again in (("first", False), ("again", True)):
                run = cluster.associate()
                formula = expected(mode, *size, again=again)
                right = right and formula == (run.reads, run.writes)
                line = f"{mode:10} {name:7} {run.reads:7} {run.writes:7} {run.seconds:8.1f}  {formula[0]}+{formula[1]}"
                wait = (run.writes - BURST) / CHANGES_PER_SECOND
                print(line + (f"; Azure takes at least {wait:.0f} s" if wait > 0 else ""))
    print("the counts are those of the formula" if right else "FAILED: a count is not that of the formula")
    return 0 if right else 1


if __name__ == "__main__":
    sys.exit(main())
