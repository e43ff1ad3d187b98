"""The bridge of a lab, its addresses and the NAT that gives machines apt and pip. All of it can be taken away again."""

from __future__ import annotations

import ipaddress
import json
import shlex

from lab import host, state, topology


def taken_networks() -> list[ipaddress.IPv4Network]:
    """Networks this host has an address in or a route to."""
    taken = []
    for interface in json.loads(host.run(["ip", "-json", "-4", "address"]).stdout):
        for info in interface.get("addr_info", []):
            taken.append(ipaddress.IPv4Network(f"{info['local']}/{info['prefixlen']}", strict=False))
    for route in json.loads(host.run(["ip", "-json", "-4", "route", "show", "table", "all"]).stdout):
        if route.get("type", "unicast") == "unicast" and route["dst"] != "default":
            taken.append(ipaddress.IPv4Network(route["dst"], strict=False))
    return taken


def ensure(lab: state.Lab) -> None:
    """Bring up the bridge and NAT of a lab. Harmless when they are up."""
    bridge = topology.bridge_name(lab.name)
    if host.run(["ip", "link", "show", bridge], check=False).returncode != 0:
        host.run(["ip", "link", "add", bridge, "type", "bridge"])
    host.run(["ip", "address", "replace", f"{topology.gateway(lab.subnet)}/{lab.subnet.prefixlen}", "dev", bridge])
    host.run(["ip", "link", "set", bridge, "up"])
    for rule in _rules(lab):
        table, chain, match = rule
        if host.run(["iptables", "-w", "-t", table, "-C", chain, *match], check=False).returncode != 0:
            host.run(["iptables", "-w", "-t", table, "-I", chain, *match])


def remove(lab: state.Lab) -> None:
    """Take away every interface and rule of a lab."""
    for table in ("nat", "filter"):
        for line in host.run(["iptables", "-w", "-t", table, "-S"]).stdout.splitlines():
            words = shlex.split(line)
            if words[0] == "-A" and _comment(lab) in words:
                host.run(["iptables", "-w", "-t", table, "-D", *words[1:]])
    bridge = topology.bridge_name(lab.name)
    if host.run(["ip", "link", "show", bridge], check=False).returncode == 0:
        host.run(["ip", "link", "delete", bridge])


def remove_port(lab: state.Lab, machine: str) -> None:
    """Remove the bridge port of a machine that has stopped, which the kernel may take its time to do."""
    ports = host.run(["ip", "-json", "link", "show", "master", topology.bridge_name(lab.name)], check=False).stdout
    for port in json.loads(ports or "[]"):
        # nspawn shortens a long name and keeps the full one beside it.
        if f"vb-{machine}" in (port.get("ifname"), *port.get("altnames", [])):
            host.run(["ip", "link", "delete", port["ifname"]], check=False)


def add_tap(lab: state.Lab) -> None:
    """Add the bridge port of a virtual machine."""
    tap = topology.tap_name(lab.name)
    host.run(["ip", "tuntap", "add", "dev", tap, "mode", "tap"])
    host.run(["ip", "link", "set", tap, "master", topology.bridge_name(lab.name), "up"])


def remove_tap(lab: state.Lab) -> None:
    """Remove the bridge port of a virtual machine that has stopped. Harmless when there is none."""
    host.run(["ip", "link", "delete", topology.tap_name(lab.name)], check=False)


def _comment(lab: state.Lab) -> str:
    return f"slurm-observability-lab:{lab.name}"


def _rules(lab: state.Lab) -> list[tuple[str, str, list[str]]]:
    """(table, chain, match) of the rules of a lab, each with a comment that says whose it is."""
    comment = ["-m", "comment", "--comment", _comment(lab)]
    bridge = topology.bridge_name(lab.name)
    subnet = str(lab.subnet)
    return [
        ("nat", "POSTROUTING", ["-s", subnet, "!", "-d", subnet, *comment, "-j", "MASQUERADE"]),
        # Hosts with a firewall or Docker drop what they do not know.
        ("filter", "FORWARD", ["-i", bridge, *comment, "-j", "ACCEPT"]),
        ("filter", "FORWARD", ["-o", bridge, *comment, "-j", "ACCEPT"]),
        ("filter", "INPUT", ["-i", bridge, *comment, "-j", "ACCEPT"]),
    ]
