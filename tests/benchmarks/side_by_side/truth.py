"""What is true about the simulated cluster, asked of Slurm in the plainest way, one question per command.

Slow on purpose and free of the exporter's code. Only names without user text are printed, because the queue holds
a job whose name has a line break in it: `squeue -h | wc -l`, as the specification counts, takes it for two jobs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from simulated_cluster.command import run

from .spec_sequence import QUEUE_STATES, Metrics

# Flags with which an idle node is given no job: without power, out of service, or not answering.
UNAVAILABLE = {"POWERED_DOWN", "POWERING_DOWN", "POWERING_UP", "DRAIN", "MAINTENANCE", "FAIL", "NOT_RESPONDING"}

# Each kind of nodes as a rule over the words of `sinfo -O StateComplete`; kinds may overlap, as Slurm's flags do.
NODE_RULES: dict[str, Callable[[set[str]], bool]] = {
    "": lambda state: True,
    "_alloc": lambda state: "ALLOCATED" in state,
    "_mixed": lambda state: "MIXED" in state,
    "_idle": lambda state: "IDLE" in state and not state & UNAVAILABLE,
    "_down": lambda state: "DOWN" in state,
    "_drain_total": lambda state: "DRAIN" in state,
    "_powered_down": lambda state: "POWERED_DOWN" in state,
    "_powering_up": lambda state: "POWERING_UP" in state,
}
CLUSTER_ONLY = ("_powered_down", "_powering_up")


def queue(partitions: Iterable[str]) -> Metrics:
    """Count jobs, each array task as one, in the cluster and in each partition."""
    metrics: Metrics = {}
    for partition in ("", *partitions):
        where = ("-p", partition) if partition else ()
        name = "slurm_partition_jobs" if partition else "slurm_jobs"
        metrics[name, partition] = _lines("squeue", "-h", "-r", "-a", "-o", "%A", *where)
        for state in QUEUE_STATES:
            metrics[f"{name}_{state.lower()}", partition] = _lines(
                "squeue", "-h", "-r", "-a", "-t", state, "-o", "%A", *where
            )
    return metrics


def nodes(partitions: Iterable[str]) -> Metrics:
    """Count nodes by state, each node once in the cluster and once in each of its partitions."""
    metrics: Metrics = {}
    for partition in ("", *partitions):
        where = ("-p", partition) if partition else ()
        rows = run("sinfo", "-h", "-N", "-O", "NodeList:|,StateComplete:|,CPUsState:|", *where).splitlines()
        states = {name: _state(state, cpus) for name, state, cpus in (row.split("|")[:3] for row in rows)}
        name = "slurm_partition_nodes" if partition else "slurm_nodes"
        for kind, rule in NODE_RULES.items():
            if not (partition and kind in CLUSTER_ONLY):
                metrics[f"{name}{kind}", partition] = sum(map(rule, states.values()))
    return metrics


def _state(state: str, cpus: str) -> set[str]:
    """Return the words of a node's state; ALLOCATED or MIXED by its CPUs (allocated/idle/other/total).

    sinfo of Slurm 22.05 calls a draining node allocated even when jobs hold but some of it.
    """
    words = set(state.upper().split("+"))
    if words & {"ALLOCATED", "MIXED"}:
        allocated, _, _, total = cpus.split("/")
        words = words - {"ALLOCATED", "MIXED"} | {"ALLOCATED" if allocated == total else "MIXED"}
    return words


def differences(answer: Metrics, truth: Metrics) -> list[str]:
    """Return one line for each value of `truth` that `answer` lacks or has otherwise."""
    return [
        f"{name}{{partition={partition!r}}} is {value:g}, the answer was {answer.get((name, partition))}"
        for (name, partition), value in truth.items()
        if answer.get((name, partition)) != value
    ]


def _lines(*command: str) -> int:
    return len(run(*command).splitlines())
