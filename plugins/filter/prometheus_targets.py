# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter prometheus_targets; documented in prometheus_targets.yml."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ansible.errors import AnsibleFilterError

_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
# A host name, an IPv4 address, or an IPv6 address without its brackets.
_ADDRESS = re.compile(
    r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_.])?|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*(?:%[A-Za-z0-9_.-]+)?"
)


# What a program is told to listen on: a name, an IPv4 address, an IPv6 address in brackets, or nothing; and a port.
_LISTEN = re.compile(r"(?:\[([0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*)\]|([^][:\s]*)):(\d{1,5})")
_EVERYWHERE = ("", "0.0.0.0", "::")  # noqa: S104 - nothing listens here
_LOOPBACK = re.compile(r"localhost|127\.[0-9.]+|::1")


def prometheus_targets(
    hosts,
    hostvars,
    port,
    labels=None,
    host_labels=("instance", "node"),
    addresses=("ansible_host",),
    listen="",
    here="",
):
    """Return Prometheus target groups for hosts, one per host, sorted by host name."""
    if not isinstance(hosts, (list, tuple, set)) or not all(isinstance(host, str) for host in hosts):
        raise _error("the input must be a list of host names, such as groups['slurm_login']")
    if isinstance(port, bool) or not str(port).isdecimal() or not 1 <= int(port) <= 65535:
        raise _error(f"port must be a number from 1 to 65535, not {port!r}")
    if not isinstance(labels or {}, Mapping):
        raise _error("labels must be a mapping of label names to values")
    common = {_label_name(name): _label_value(name, value) for name, value in (labels or {}).items()}
    own = [_label_name(name) for name in host_labels]
    return [
        {
            "targets": [_join(*_endpoint(host, hostvars, addresses, int(port), listen, host == here))],
            "labels": dict(sorted({**common, **dict.fromkeys(own, str(host))}.items())),
        }
        for host in sorted(set(hosts))
    ]


def _endpoint(host, hostvars, addresses, port, listen, local):
    """Return the address and the port at which Prometheus reaches the program on the host."""
    try:
        variables = hostvars[host]
    except KeyError as error:
        raise _error(f"{host!r} is not in the inventory") from error
    listened, port = _listen(variables.get(listen) or f":{port}", listen)
    if local:
        return ("127.0.0.1" if listened in _EVERYWHERE else listened), port
    if listened in _EVERYWHERE or _LOOPBACK.fullmatch(listened):
        return _address(host, variables, addresses), port
    return listened, port


def _listen(value, name):
    """Return address and port of what a program is told to listen on."""
    match = _LISTEN.fullmatch(value) if isinstance(value, str) else None
    if not match or not 1 <= int(match[3]) <= 65535:
        raise _error(f"{name} is {value!r}; it has to be ADDRESS:PORT, an IPv6 address in brackets, as in [::1]:9100")
    return match[1] or match[2], int(match[3])


def _address(host, variables, addresses):
    """Return the first of the variables that the host has, else its name."""
    found = next((variables[name] for name in addresses if variables.get(name)), host)
    if not isinstance(found, str) or not _ADDRESS.fullmatch(found):
        raise _error(f"{found!r} is not an address that Prometheus can scrape (host {host!r})")
    return str(found)


def _join(address, port):
    """Return address:port, an IPv6 address in brackets."""
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def _label_name(name):
    """Return the label's name, if Prometheus allows it."""
    if not isinstance(name, str) or not _LABEL.fullmatch(name):
        raise _error(f"{name!r} is not a label name: letters, digits and _ only, no digit first")
    return str(name)


def _label_value(name, value):
    """Return a label's value as text; a list is joined with commas, a boolean is written as Prometheus writes it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (str, int, float)):
        return str(value)
    if isinstance(value, (list, tuple)) and all(isinstance(item, str) for item in value):
        return ",".join(value)
    raise _error(f"the label {name} must be a text, a number, a boolean or a list of texts")


def _error(message):
    return AnsibleFilterError(f"prometheus_targets: {message}")


class FilterModule:
    """What Ansible looks for in a filter plugin."""

    def filters(self):
        """Return the filter of this file by name."""
        return {"prometheus_targets": prometheus_targets}
