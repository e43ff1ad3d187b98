"""The Ansible inventory of a lab."""

from __future__ import annotations

import json
import re
from typing import Any

from lab import mirror, state, topology

_PLAIN = re.compile(r"[A-Za-z/_][A-Za-z0-9/_.-]*")
_NOT_A_STRING = {"true", "false", "yes", "no", "on", "off", "null", "y", "n"}


def render(lab: state.Lab) -> str:
    """The inventory of a lab as YAML."""
    note = f"# Written by bin/lab for the lab {lab.name}. It changes with every `bin/lab up`.\n"
    return note + "---\n" + to_yaml(tree(lab, mirror.releases()))


def tree(lab: state.Lab, releases: dict[str, mirror.Release]) -> dict[str, Any]:
    """The inventory of a lab as plain data.

    What people look at listens on all addresses of head: the bridge of a lab is reachable from its host alone. For the
    same reason Grafana's password may be here.
    """
    hosts = {name: {"ansible_host": lab.address(name)} for name in lab.always_on}
    nodes: dict[str, Any] = {"hosts": {name: {} for name in lab.always_on if name != topology.HEAD}}
    gpu_nodes: dict[str, Any] = {
        "hosts": {name: {} for name in topology.STATIC_NODES},
        # Their GPUs are device files: no bus has them.
        "vars": {"dcgm_exporter_gpus": "present"},
    }
    variables: dict[str, Any] = {
        "ansible_user": "root",
        "ansible_ssh_private_key_file": str(lab.ssh_key),
        "ansible_ssh_common_args": f"-o UserKnownHostsFile={lab.known_hosts} -o IdentitiesOnly=yes",
        "ansible_control_path_dir": str(lab.control_paths),
        "ansible_python_interpreter": "/usr/bin/python3",
        "observability_cluster_name": topology.CLUSTER_NAME,
        "observability_mirror_url": mirror.url(lab),
        "prometheus_listen_address": "0.0.0.0:9090",
        "alertmanager_listen_address": "0.0.0.0:9093",
        "grafana_listen_address": "0.0.0.0:3000",
        "grafana_admin_password": "of-the-lab-alone",
        # From the repository of lab/grafana.py.
        "grafana_install_method": "package",
        # sid has no version, so it is none of those that the roles are made for.
        "observability_any_platform": lab.remembered.suite == "sid",
    }
    for name, release in releases.items():
        variables[f"{name}_version"] = release.version
        variables[f"{name}_checksums"] = {release.version: release.sha256}
    return {
        "all": {
            "hosts": hosts,
            "vars": variables,
            "children": {
                "slurm_cluster": {
                    "children": {
                        "slurm_controller": {"hosts": {topology.HEAD: {}}},
                        "slurm_compute": nodes,
                        "slurm_login": {"hosts": {}},
                    }
                },
                "slurm_gpu": gpu_nodes,
                "slurm_gb200": {"hosts": {}},
            },
        }
    }


def to_yaml(value: Any, indent: int = 0) -> str:
    """Mappings of strings, numbers and mappings as YAML, with no library: all that an inventory needs.

    Characters beyond U+FFFF would need more.
    """
    lines = []
    for key, item in value.items():
        prefix = "  " * indent + _scalar(key) + ":"
        if isinstance(item, dict) and item:
            lines.append(f"{prefix}\n{to_yaml(item, indent + 1)}")
        else:
            lines.append(f"{prefix} {'{}' if isinstance(item, dict) else _scalar(item)}\n")
    return "".join(lines)


def _scalar(value: Any) -> str:
    """A plain word stays as it is; everything else is quoted as JSON, which YAML reads alike."""
    if isinstance(value, str) and _PLAIN.fullmatch(value) and value.lower() not in _NOT_A_STRING:
        return value
    return json.dumps(value)
