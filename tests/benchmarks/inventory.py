#!/usr/bin/env python3
"""Measures the Slurm inventory on a made-up cluster, next to a plugin that inserts the same hosts and groups bare.

The nodes are made up and a stand-in for scontrol prints them, so that only the inventory is measured. Bars: parsing
takes less than a second, `ansible-inventory --list` at most twice as long as with the bare plugin. Both are judged by
processor time, which does not depend on what else the machine does.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / ".collections"))

from ansible_collections.slurm.observability.plugins.plugin_utils import _slurm_answers  # noqa: E402

RECORDING = ROOT / "tests" / "unit" / "plugins" / "inventory" / "fixtures" / "24.11-nodes.json"
PARSING_BAR = 1.0
LIST_BAR = 2.0
PARTITIONS = ("hpc", "gpu", "htc")
STAND_IN = """#!/bin/sh
# A stand-in for scontrol: prints made-up answers.
case "$*" in
    ping) echo 'Slurmctld(primary) at head is UP' ;;
    'show config') printf 'ClusterName             = bench\\nSlurmctldHost[0]        = head(10.0.0.4)\\n' ;;
    *--json*nodes) exec cat nodes.json ;;
    *--json*partitions) exec cat partitions.json ;;
    *nodes) exec cat nodes.txt ;;
    *partitions) exec cat partitions.txt ;;
esac
"""


def make_cluster(folder: Path, count: int) -> None:
    """Write what scontrol would print for so many nodes that are all up, as text and as JSON."""
    # A recorded node has all the fields that nobody asks for, and that must be read nevertheless.
    recorded = json.loads(RECORDING.read_text(encoding="utf-8"))["nodes"][-1]
    nodes = [
        {
            **recorded,
            "name": f"node{number:05d}",
            "address": f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}",
            "hostname": f"node{number:05d}",
            "architecture": "x86_64",
            "active_features": ["cloud"],
            "gres": "gpu:h100:8",
            "partitions": [PARTITIONS[number % len(PARTITIONS)]],
            "state": ["MIXED", "CLOUD"] if number % 3 else ["IDLE", "CLOUD"],
            "instance_type": "Standard_ND96isr_H100_v5",
        }
        for number in range(1, count + 1)
    ]
    (folder / "nodes.json").write_text(json.dumps({"nodes": nodes}))
    (folder / "nodes.txt").write_text("".join(map(text_line, nodes)))
    members = {name: ",".join(node["name"] for node in nodes if name in node["partitions"]) for name in PARTITIONS}
    (folder / "partitions.json").write_text(
        json.dumps({"partitions": [{"name": name, "nodes": {"configured": "n1"}} for name in PARTITIONS]})
    )
    (folder / "partitions.txt").write_text(
        "".join(f"PartitionName={name} AllowGroups=ALL Nodes={hosts} State=UP\n" for name, hosts in members.items())
    )
    (folder / "scontrol").write_text(STAND_IN)
    (folder / "scontrol").chmod(0o755)


def text_line(node: dict) -> str:
    """Return the node as `scontrol -o show nodes` writes it."""
    features = ",".join(node["active_features"])
    return (
        f"NodeName={node['name']} Arch={node['architecture']} CoresPerSocket=48  CPUAlloc=0 CPUEfctv=96 CPUTot=96"
        f" CPULoad=0.01 AvailableFeatures={features} ActiveFeatures={features} Gres={node['gres']}"
        f" NodeAddr={node['address']} NodeHostName={node['hostname']} Version=24.11.5 OS=Linux 6.8.0 #1 SMP"
        f" RealMemory=1900000 AllocMem=0 FreeMem=1800000 Sockets=2 Boards=1 State={'+'.join(node['state'])}"
        f" ThreadsPerCore=1 TmpDisk=0 Weight=1 Owner=N/A MCS_label=N/A Partitions={','.join(node['partitions'])} "
        " BootTime=None SlurmdStartTime=None LastBusyTime=Unknown CfgTRES=cpu=96 AllocTRES= Comment=\n"
    )


def write_inventories(folder: Path) -> dict[str, Path]:
    """Write an inventory for each thing to measure; the bare one holds what the first of them gives."""
    files = {}
    for form in ("json", "text"):
        files[form] = folder / f"{form}.slurm.yml"
        files[form].write_text(
            f"plugin: slurm.observability.slurm\nscontrol: {folder}/scontrol\nformat: {form}\ntimeout: 120\n"
        )
    listing = json.loads(run_list(files["json"], folder))
    children = {group: content.get("children", []) for group, content in listing.items() if group != "_meta"}
    parents = {child: group for group, listed in children.items() for child in listed if group != "all"}
    hosts: dict[str, list[str]] = {}
    for group, content in listing.items():
        for host in content.get("hosts", []):
            hosts.setdefault(host, []).append(group)
    files["bare"] = folder / "same.bare.json"
    files["bare"].write_text(json.dumps({"parents": parents, "hosts": hosts}))
    return files


def run_list(inventory: Path, folder: Path) -> str:
    """Return what `ansible-inventory --list` prints."""
    environment = {
        **os.environ,
        "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
        "ANSIBLE_INVENTORY_ENABLED": "slurm.observability.slurm,bare",
        "ANSIBLE_INVENTORY_PLUGINS": str(ROOT / "tests" / "benchmarks" / "inventory_plugins"),
        "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "true",
    }
    command = ["ansible-inventory", "-i", str(inventory), "--list"]
    return subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True, text=True).stdout


def measure(action, *arguments) -> tuple[float, float]:
    """Return the processor time and the wall-clock time that a call takes, programs that it runs included."""
    began, processor_began = time.perf_counter(), processor_time()
    action(*arguments)
    return processor_time() - processor_began, time.perf_counter() - began


def processor_time() -> float:
    """Return the processor time of this process and of those that it has waited for."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def parse_text(folder: Path) -> None:
    partitions = _slurm_answers.partitions_from_text((folder / "partitions.txt").read_text())
    _slurm_answers.nodes_from_text((folder / "nodes.txt").read_text(), partitions)


def parse_json(folder: Path) -> None:
    _slurm_answers.nodes_from_json(json.loads((folder / "nodes.json").read_bytes()))


def main() -> int:
    """Measure, print the table, and fail where a bar is missed."""
    parser = argparse.ArgumentParser(prog="bin/bench inventory", description=__doc__)
    parser.add_argument("--nodes", type=int, default=10_000, help="size of the cluster (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=5, help="interleaved rounds (default: %(default)s)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_cluster(folder, options.nodes)
        inventories = write_inventories(folder)
        parsing: dict[str, list[tuple[float, float]]] = {"json": [], "text": []}
        listing: dict[str, list[tuple[float, float]]] = {form: [] for form in inventories}
        for _round in range(options.rounds):
            parsing["json"].append(measure(parse_json, folder))
            parsing["text"].append(measure(parse_text, folder))
            for form, inventory in inventories.items():
                listing[form].append(measure(run_list, inventory, folder))
    print(f"{options.nodes} nodes, medians of {options.rounds} interleaved rounds, in seconds\n")
    print(f"{'':40} {'processor':>9} {'wall':>7}")
    missed = False
    for form, times in parsing.items():
        seconds = report(f"parse {form}", times)
        missed |= verdict(f"bar {PARSING_BAR:.0f} s", seconds < PARSING_BAR)
    bare = report("ansible-inventory --list, bare plugin", listing["bare"])
    print()
    for form in ("json", "text"):
        ratio = report(f"ansible-inventory --list, slurm ({form})", listing[form]) / bare
        missed |= verdict(f"{ratio:.2f} times the bare plugin, bar {LIST_BAR:.0f}", ratio <= LIST_BAR)
    return int(missed)


def report(what: str, times: list[tuple[float, float]]) -> float:
    """Begin a row of the table and return the processor time in it."""
    processor, wall = (statistics.median(column) for column in zip(*times, strict=True))
    print(f"{what:40} {processor:9.2f} {wall:7.2f}", end="")
    return processor


def verdict(bar: str, met: bool) -> bool:
    """End a row and return whether its bar is missed."""
    print(f"   {bar}{'' if met else '  MISSED'}")
    return not met


if __name__ == "__main__":
    sys.exit(main())
