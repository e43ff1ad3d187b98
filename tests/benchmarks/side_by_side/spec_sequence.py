"""The collection that the exporter's specification describes: one Slurm command per metric, one after the other.

The commands are the documented ones to the letter, with one kindness: the reset time is given as a date, because
Slurm refuses the documented default "24 hours ago". The partitions come from one more sinfo. A metric whose command
fails counts 0, as it would there.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from datetime import datetime

QUEUE_STATES = ("RUNNING", "PENDING", "CONFIGURING", "COMPLETING", "SUSPENDED", "FAILED")
NODE_STATES = {
    "alloc": "alloc",
    "idle": "idle",
    "mixed": "mix",
    "down": "down",
    "drain": "drain",
    "draining": "drng",
    "drained": "drained",
    "maint": "maint",
    "fail": "fail",
    "powered_down": "powered_down",
    "powering_up": "powering_up",
}
# Per partition only these; the last three are what "all drain states combined" is made of.
PARTITION_NODE_STATES = ("alloc", "idle", "mixed", "down", "drain", "draining", "drained")
HISTORY_STATES = {
    "completed": "COMPLETED",
    "failed": "FAILED",
    "timeout": "TIMEOUT",
    "node_failed": "NODE_FAIL",
    "cancelled": "CANCELLED",
    "preempted": "PREEMPTED",
    "out_of_memory": "OUT_OF_MEMORY",
}

Metrics = dict[tuple[str, str], float]
"""Values by metric name and partition; the partition is empty for the whole cluster."""


def count_lines(text: str) -> int:
    """The specification's COUNT_LINES strategy."""
    return sum(1 for line in text.splitlines() if line.strip())


def sum_numbers(text: str) -> int:
    """The specification's EXTRACT_NUMBER strategy, over the lines that `sinfo -o %D` prints."""
    return sum(int(line) for line in text.split() if line.isdigit())


class SpecSequence:
    """One pass of the documented commands; `commands` counts the processes that it started."""

    def __init__(self, reset: datetime) -> None:
        self.history = ("sacct", "-a", "-S", reset.strftime("%Y-%m-%dT%H:%M:%S"), "-E", "now")
        self.commands = 0

    def collect(self) -> Metrics:
        """Run every command once, in the documented order, and return all values."""
        self.commands = 0
        metrics: Metrics = {}
        for name, value in self._cluster():
            metrics[name, ""] = value
        partitions = [name.rstrip("*") for name in self._run("sinfo", "-h", "-o", "%P").split()]
        for partition in dict.fromkeys(partitions):
            for name, value in self._partition(partition):
                metrics[name, partition] = value
        return metrics

    def _cluster(self) -> Iterator[tuple[str, int]]:
        yield "slurm_jobs", count_lines(self._run("squeue", "-h"))
        for state in QUEUE_STATES:
            yield f"slurm_jobs_{state.lower()}", count_lines(self._run("squeue", "-t", state, "-h"))
        yield "slurm_jobs_total_submitted", count_lines(self._run(*self.history, "-X", "-n", "--noheader"))
        for name, state in HISTORY_STATES.items():
            yield (
                f"slurm_jobs_total_{name}",
                count_lines(self._run(*self.history, "-s", state, "--noheader", "-X", "-n")),
            )
        yield "slurm_nodes", count_lines(self._run("sinfo", "-N", "-h"))
        nodes = {
            name: sum_numbers(self._run("sinfo", "-t", state, "-h", "-o", "%D")) for name, state in NODE_STATES.items()
        }
        for name, value in nodes.items():
            yield f"slurm_nodes_{name}", value
        yield "slurm_nodes_drain_total", _drain_total(nodes)

    def _partition(self, partition: str) -> Iterator[tuple[str, int]]:
        yield "slurm_partition_jobs", count_lines(self._run("squeue", "-p", partition, "-h"))
        for state in QUEUE_STATES:
            yield (
                f"slurm_partition_jobs_{state.lower()}",
                count_lines(self._run("squeue", "-p", partition, "-t", state, "-h")),
            )
        yield "slurm_partition_nodes", count_lines(self._run("sinfo", "-p", partition, "-N", "-h"))
        nodes = {
            name: sum_numbers(self._run("sinfo", "-p", partition, "-t", NODE_STATES[name], "-h", "-o", "%D"))
            for name in PARTITION_NODE_STATES
        }
        for name in ("alloc", "idle", "mixed", "down"):
            yield f"slurm_partition_nodes_{name}", nodes[name]
        yield "slurm_partition_nodes_drain_total", _drain_total(nodes)
        history = (*self.history, "-r", partition)
        yield "slurm_partition_jobs_total_submitted", count_lines(self._run(*history, "-X", "-n", "--noheader"))
        for name, state in HISTORY_STATES.items():
            yield (
                f"slurm_partition_jobs_total_{name}",
                count_lines(self._run(*history, "-s", state, "--noheader", "-X", "-n")),
            )

    def _run(self, *command: str) -> str:
        self.commands += 1
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
        return done.stdout if done.returncode == 0 else ""


def _drain_total(nodes: dict[str, int]) -> int:
    """All drain variants added up, which counts every drained node twice: `sinfo -t drain` already has it."""
    return nodes["drain"] + nodes["draining"] + nodes["drained"]
