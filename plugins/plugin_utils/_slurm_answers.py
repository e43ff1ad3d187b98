# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads what scontrol and slurmrestd answer about nodes, partitions and controllers; no field is trusted.

A node is a dict with the keys C(name), C(address), C(hostname), C(architecture), C(gres), C(instance_type),
C(state) (all text), and C(partitions), C(features), C(flags) (lists of text). Nodes share equal lists.
"""

from __future__ import annotations

import functools
import re

from ansible_collections.slurm.observability.plugins.plugin_utils import _hostlist

BASE_STATES = ("UNKNOWN", "DOWN", "IDLE", "ALLOCATED", "ERROR", "MIXED", "FUTURE")
# Suffixes that old releases put behind a state, and what stands for the same since.
_SUFFIXES = {"*": "NOT_RESPONDING", "~": "POWERED_DOWN", "#": "POWERING_UP", "%": "POWERING_DOWN", "!": "POWER_DOWN"}

# What is read from a line of `scontrol -o show nodes`, in the order of all releases since 21.08. What people may write
# freely (Reason, Comment, Extra) comes after it and is never looked at.
_FIELDS = ("CoresPerSocket", "ActiveFeatures", "Gres", "NodeAddr", "NodeHostName", "State", "ThreadsPerCore")
_PARTITION = re.compile(r"PartitionName=(\S+) .*? Nodes=(\S*) ")
_PING = re.compile(r"Slurmctld\((primary|backup\d*)\) at (\S+) is (UP|DOWN)")
_CONFIG = re.compile(r"(ClusterName|SlurmctldHost\[\d+\])\s+= (\S+)")
_CONTROLLER = re.compile(r"([^()]+)(?:\(([^()]+)\))?")


class AnswerError(ValueError):
    """An answer that is not what Slurm gives."""


def nodes_from_text(text: str, partitions: dict[str, str]) -> tuple[list[dict], list[str]]:
    """Return the nodes in the output of ``scontrol -o show nodes``, and the names of those that were left out.

    scontrol prints comments as they are, so a comment with a line break can hold what looks like a whole node.
    Partitions cannot be forged that way: only nodes that a partition names are believed, and their partitions are
    taken from there. Raises AnswerError where one node stands there twice, because nobody can tell which is real.

    partitions: hostlist of each partition, by its name.
    """
    members: dict[str, list[str]] = {}
    for partition, hostlist in partitions.items():
        for name in _expand(partition, hostlist):
            members.setdefault(name, []).append(partition)
    memberships = _Shared()
    nodes: dict[str, dict] = {}
    left_out: dict[str, None] = {}
    for line in text.split("\n"):
        if not line.startswith("NodeName="):
            continue
        name, values = _fields(line)
        if name not in members or not values:
            left_out[name] = None
            continue
        if name in nodes:
            raise AnswerError(
                f"scontrol lists node {name} twice, so the comment or extra text of a node holds a line break and"
                " 'NodeName='; look for it with 'scontrol show nodes' and clear it with 'scontrol update'"
            )
        state, flags = _state(values["State"])
        nodes[name] = {
            "name": name,
            "address": values["NodeAddr"],
            "hostname": values["NodeHostName"],
            "architecture": values["Arch"],
            "gres": _text(values["Gres"]),
            "instance_type": "",
            "state": state,
            "flags": flags,
            "features": _words(_text(values["ActiveFeatures"])),
            "partitions": memberships.of(members[name]),
        }
    return list(nodes.values()), [name for name in left_out if name not in nodes]


def _fields(line: str) -> tuple[str, dict[str, str]]:
    """Return the node's name and the values of _FIELDS and Arch; no values where the line is not one of a node.

    Each field is looked for behind the one before, so nothing that stands later can take its place.
    """
    name, _space, rest = line.removeprefix("NodeName=").partition(" ")
    # A node that never registered has no Arch.
    values = {"Arch": rest.removeprefix("Arch=").partition(" ")[0] if rest.startswith("Arch=") else ""}
    end = 0
    line = f" {rest} "
    for field in _FIELDS:
        begin = line.find(f" {field}=", end)
        if begin < 0:
            return name, {}
        begin += len(field) + 2
        end = line.find(" ", begin)
        values[field] = line[begin:end]
    return name, values


def nodes_from_json(answer: dict) -> list[dict]:
    """Return the nodes of ``scontrol show nodes --json`` or slurmrestd's ``/nodes``, data parser 0.0.37 and later."""
    nodes = []
    for node in _records(answer, "nodes"):
        state, flags = _state("+".join([*_list(node.get("state")), *_list(node.get("state_flags"))]))
        nodes.append(
            {
                "name": _text(node.get("name")),
                "address": _text(node.get("address")) or _text(node.get("name")),
                "hostname": _text(node.get("hostname")) or _text(node.get("name")),
                "architecture": _text(node.get("architecture")),
                "gres": _text(node.get("gres")),
                "instance_type": _text(node.get("instance_type")),
                "state": state,
                "flags": flags,
                "features": _list(node.get("active_features")),
                "partitions": _list(node.get("partitions")),
            }
        )
    return nodes


def partitions_from_text(text: str) -> dict[str, str]:
    """Return the hostlist of each partition in the output of ``scontrol -o show partitions``."""
    matches = (_PARTITION.match(line) for line in text.split("\n"))
    return {match[1]: _text(match[2]) for match in matches if match}


def partitions_from_json(answer: dict) -> dict[str, str]:
    """Return the hostlist of each partition of ``scontrol show partitions --json`` or slurmrestd's ``/partitions``."""
    partitions = {}
    for partition in _records(answer, "partitions"):
        nodes = partition.get("nodes")
        partitions[_text(partition.get("name"))] = _text(nodes.get("configured") if isinstance(nodes, dict) else nodes)
    return partitions


def controllers_from_text(ping: str, config: str) -> tuple[list[dict], str]:
    """Return the controllers that ``scontrol ping`` names, and the cluster's name from ``scontrol show config``.

    A controller is a dict with C(name), C(role) (primary or backup), C(up) (boolean) and C(address); the address is
    empty unless slurm.conf has one for it.
    """
    settings = dict(match.groups() for match in map(_CONFIG.match, config.splitlines()) if match)
    hosts = (_CONTROLLER.fullmatch(value) for key, value in settings.items() if key.startswith("SlurmctldHost"))
    addresses = dict(host.groups() for host in hosts if host)
    controllers = [
        {"name": name, "role": role.rstrip("0123456789"), "up": state == "UP", "address": addresses.get(name) or ""}
        for role, name, state in _PING.findall(ping)
    ]
    return controllers, _text(settings.get("ClusterName"))


def controllers_from_json(answer: dict) -> tuple[list[dict], str]:
    """Return what controllers_from_text does, from slurmrestd's ``/ping``, which has no addresses."""
    controllers = [
        {
            "name": _text(ping.get("hostname")),
            "role": "primary" if ping.get("primary", ping.get("mode") == "primary") else "backup",
            "up": bool(ping.get("responding", ping.get("pinged", ping.get("ping")) == "UP")),
            "address": "",
        }
        for ping in _records(answer, "pings")
    ]
    meta = answer.get("meta")
    slurm = meta.get("slurm", meta.get("Slurm")) if isinstance(meta, dict) else None
    return controllers, _text(slurm.get("cluster")) if isinstance(slurm, dict) else ""


def gres_entries(gres: str) -> list[str]:
    """Split a GRES text such as ``gpu:a100:4(S:0,1),nvme:1`` at the commas outside brackets."""
    return re.split(r",(?![^(]*\))", gres) if gres else []


class _Shared:
    """Hands out one and the same list for equal contents: thousands of nodes have a handful of them."""

    def __init__(self) -> None:
        self._lists: dict[tuple[str, ...], list[str]] = {}

    def of(self, items: list[str]) -> list[str]:
        return self._lists.setdefault(tuple(items), items)


def _expand(partition: str, hostlist: str) -> list[str]:
    try:
        return _hostlist.expand(hostlist)
    except _hostlist.HostlistError as error:
        raise AnswerError(f"the nodes of partition {partition} cannot be read: {error}") from None


@functools.lru_cache(maxsize=4096)
def _state(text: str) -> tuple[str, list[str]]:
    """Split ``IDLE+CLOUD+POWERED_DOWN`` into the base state and the flags."""
    words: list[str] = []
    for word in filter(None, text.upper().split("+")):
        name = word.rstrip("*~#!%$@^-")
        words += [name, *(_SUFFIXES[mark] for mark in word[len(name) :] if mark in _SUFFIXES)]
    base = next((word for word in words if word in BASE_STATES), "UNKNOWN")
    return base, [word for word in dict.fromkeys(words) if word != base]


@functools.lru_cache(maxsize=4096)
def _words(text: str) -> list[str]:
    return [word for word in text.split(",") if word]


def _text(value: object) -> str:
    """Return a text field; Slurm's way to say that it has none, and anything else, count as empty."""
    return value if isinstance(value, str) and value not in ("(null)", "N/A") else ""


def _list(value: object) -> list[str]:
    """Return a field that is a list in new releases and text with commas in old ones."""
    if isinstance(value, list):
        return _words(",".join(item for item in value if isinstance(item, str)))
    return _words(_text(value))


def _records(answer: object, key: str) -> list[dict]:
    """Return the list of objects under a key."""
    records = answer.get(key) if isinstance(answer, dict) else None
    if not isinstance(records, list):
        raise AnswerError(f"the answer has no list of {key}")
    return [record for record in records if isinstance(record, dict)]
