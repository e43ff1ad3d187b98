"""Which machines a lab has, what they are called, and which addresses they get. Nothing here touches the host."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable

from lab.errors import LabError

CLUSTER_NAME = "lab"
SUITES = ("trixie", "bookworm", "sid")
DEFAULT_SUITE = SUITES[0]

HEAD = "head"
# Only in labs that were asked for one: a machine with a kernel of its own.
VM = "vm1"
STATIC_NODES = ("node1", "node2")
CLOUD_NODES = tuple(f"cloud{number}" for number in range(1, 11))
# Slurm may power up any CLOUD node; only these really boot, the others time out as a failed allocation does.
BOOTABLE_CLOUD_NODES = CLOUD_NODES[:2]
ALWAYS_ON = (HEAD, *STATIC_NODES)
# Machines whose disk is made of what `bin/lab bake` made, where that was run.
BAKED = (*CLOUD_NODES, VM)
MACHINES = (*ALWAYS_ON, *BOOTABLE_CLOUD_NODES)

GPUS_PER_NODE = 4
VM_CPUS = 2

# Labs are numbered /24 networks of this block.
ADDRESS_BLOCK = ipaddress.IPv4Network("10.213.0.0/16")
_FIRST_HOST = {HEAD: 10, "node1": 11, "node2": 12, VM: 13} | {
    name: 20 + i for i, name in enumerate(CLOUD_NODES, start=1)
}

# A name becomes part of interface names, which Linux limits to 15 characters.
_NAME = re.compile(r"[a-z][a-z0-9-]{0,10}[a-z0-9]|[a-z]")


def check_name(name: str) -> str:
    """Return the name of a lab, or raise LabError when no interface could carry it."""
    if not _NAME.fullmatch(name):
        raise LabError(
            f"{name!r} cannot name a lab: use 1 to 12 lower-case letters, digits and dashes, starting with a letter."
        )
    return name


def bridge_name(lab: str) -> str:
    """The bridge of a lab on the host."""
    return f"sl-{lab}"


def tap_name(lab: str) -> str:
    """The port of a lab's virtual machine on its bridge."""
    return f"sv-{lab}"


def mac(subnet: ipaddress.IPv4Network, machine: str) -> str:
    """The hardware address of a virtual machine, of those that each site may give as it likes."""
    return "52:54:" + ipaddress.IPv4Address(address(subnet, machine)).packed.hex(":")


def gateway(subnet: ipaddress.IPv4Network) -> str:
    """The host's own address on the bridge of a lab."""
    return str(subnet[1])


def address(subnet: ipaddress.IPv4Network, machine: str) -> str:
    """The fixed address of a machine, whether it runs or not."""
    return str(subnet[_FIRST_HOST[machine]])


def choose_subnet(taken: Iterable[ipaddress.IPv4Network]) -> ipaddress.IPv4Network:
    """Return the first /24 of ADDRESS_BLOCK that overlaps no network in `taken`.

    A taken network may be of any size: a site's VPN may well route the whole of 10.0.0.0/8, but a default route
    (0.0.0.0/0) takes nothing. Raises LabError when no /24 is free.
    """
    real = [network for network in taken if network.prefixlen > 0]
    for candidate in ADDRESS_BLOCK.subnets(new_prefix=24):
        if not any(candidate.overlaps(network) for network in real):
            return candidate
    raise LabError(
        f"No /24 of {ADDRESS_BLOCK} is free on this host; take down labs that are not needed (`bin/lab status`) "
        "or remove the route that covers it (`ip route`)."
    )
