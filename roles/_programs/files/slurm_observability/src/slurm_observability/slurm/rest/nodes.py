"""Read the nodes from slurmrestd: the same nodes as scontrol gives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..command import SlurmError
from ..gpus import read_gpus
from ..nodes import Node, Nodes, sort_out
from .client import RestClient
from .values import number, text, time_of, words

MIB = 1 << 20

# Flags that scontrol does not show: slurmctld's notes about what it is going to do.
_HIDDEN_FLAGS = frozenset(
    {"POWER_DOWN_ASAP", "POWER_DOWN_FORCE", "POWER_DRAIN", "REBOOT_CANCELED", "UNDRAIN"},
)


def read_nodes(client: RestClient) -> Nodes:
    """Ask slurmrestd for all nodes. It tells nothing of FUTURE ones.

    Raises SlurmError when slurmrestd fails, or when it lists nodes and none of them can be read.
    """
    if client.version() == "v0.0.36":
        raise SlurmError("v0.0.36 of slurmrestd's API does not tell the flags of nodes; use v0.0.37 or a newer one")
    nodes: dict[str, Node] = {}
    rejected = 0
    for record in client.records("/nodes", "nodes"):
        node = parse_node(record)
        if node is None or node.name in nodes:
            rejected += 1
        else:
            nodes[node.name] = node
    if rejected and not nodes:
        raise SlurmError(f"slurmrestd listed {rejected} nodes, and none of them can be read")
    return sort_out(nodes.values(), rejected)


def parse_node(record: Any) -> Node | None:
    """Return the node in a record, or None when it is none."""
    if not isinstance(record, Mapping):
        return None
    name = text(record.get("name"))
    base, *flags = _state(record) or ("",)
    if not name or not base:
        return None
    cpus = number(record.get("cpus")) or 0
    memory = number(record.get("real_memory")) or 0
    # Before v0.0.39 neither what is kept for the system is told, nor is the free memory called free_mem.
    effective_cpus = number(record.get("effective_cpus", cpus)) or 0
    free = number(record.get("free_mem", record.get("free_memory")))
    reason = text(record.get("reason")).partition("\n")[0]
    return Node(
        name=name,
        address=text(record.get("address")),
        base=base,
        flags=frozenset(flags),
        partitions=words(record.get("partitions")),
        features=words(record.get("active_features")),
        gres=text(record.get("gres")),
        arch=text(record.get("architecture")),
        instance_type=text(record.get("instance_type")),
        cpus=cpus,
        cpus_effective=effective_cpus,
        cpus_allocated=number(record.get("alloc_cpus")) or 0,
        memory_bytes=memory * MIB,
        memory_effective_bytes=(memory - (number(record.get("specialized_memory")) or 0)) * MIB,
        memory_allocated_bytes=(number(record.get("alloc_memory")) or 0) * MIB,
        memory_free_bytes=None if free is None else free * MIB,
        gpus=read_gpus(text(record.get("gres")), text(record.get("gres_used"))),
        slurmd_version=text(record.get("version", record.get("slurmd_version"))),
        booted=time_of(record.get("boot_time")),
        reason=reason,
        # Set as well when power goes on and off, for which there is no reason.
        reason_user=text(record.get("reason_set_by_user")) if reason else "",
        reason_set=time_of(record.get("reason_changed_at")) if reason else None,
    )


def _state(record: Mapping[str, Any]) -> list[str]:
    """Return the base state and the flags: one list since v0.0.39, a word in small letters and a list before it."""
    state = [word.upper() for word in (*words(record.get("state")), *words(record.get("state_flags")))]
    return [word for word in state if word not in _HIDDEN_FLAGS]
