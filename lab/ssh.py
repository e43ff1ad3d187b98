"""Commands on the machines of a lab, over SSH."""

from __future__ import annotations

from lab import host, state


def run(lab: state.Lab, machine: str, line: str) -> host.Finished:
    """Run a line of shell on a machine and return it with its output, also when it fails."""
    return host.run(["ssh", "-F", lab.ssh_config, "-o", "BatchMode=yes", machine, line], check=False)


def close_connections(lab: state.Lab) -> None:
    """End Ansible's kept connections: the next lab may have the same addresses."""
    for socket in lab.control_paths.glob("*") if lab.control_paths.exists() else ():
        host.run(["ssh", "-o", f"ControlPath={socket}", "-O", "exit", "lab"], check=False)
