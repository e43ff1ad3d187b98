"""The CPUs of a job on each of its nodes, as Slurm writes them: ``16(x2),8`` for three nodes."""

from __future__ import annotations

import re

from .hostlist import node_names

_PART = re.compile(r"(\d{1,6})(?:\(x(\d{1,6})\))?", re.ASCII)


def cpus_on_node(cpus_per_node: str, nodes: str, node: str) -> int | None:
    """Return the CPUs of the job on one of its nodes; None where the texts do not tell."""
    names = node_names(nodes)
    if node not in names:
        return None
    place = names.index(node)
    for part in cpus_per_node.split(","):
        match = _PART.fullmatch(part)
        if match is None:
            return None
        place -= int(match[2] or 1)
        if place < 0:
            return int(match[1])
    return None
