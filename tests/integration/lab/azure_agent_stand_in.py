"""A stand-in for the Azure Monitor Agent, as a package: its name, its files and its services, which do nothing."""

from __future__ import annotations

import subprocess
from pathlib import Path

SERVICES = ("azuremonitoragent", "azuremonitor-coreagent", "azuremonitor-agentlauncher")
VERSION = "1.37.0"

CONTROL = f"""\
Package: azuremonitoragent
Version: {VERSION}
Architecture: all
Maintainer: slurm.observability
Description: stand-in for the Azure Monitor Agent, collects nothing
"""
UNIT = """\
[Unit]
Description=Stand-in for {service}

[Service]
ExecStart=/usr/bin/sleep infinity

[Install]
WantedBy=multi-user.target
"""
STOPPED = f"#!/bin/sh\nsystemctl disable --now --quiet {' '.join(SERVICES)}\n"


def package(directory: Path) -> Path:
    """Build the package below a directory; return the file."""
    root = directory / "azuremonitoragent"
    units = root / "usr/lib/systemd/system"
    control = root / "DEBIAN"
    for made in (units, control):
        made.mkdir(parents=True)
    (control / "control").write_text(CONTROL)
    (control / "prerm").write_text(STOPPED)
    (control / "prerm").chmod(0o755)
    for service in SERVICES:
        (units / f"{service}.service").write_text(UNIT.format(service=service))
    file = directory / "azuremonitoragent.deb"
    subprocess.run(["dpkg-deb", "--root-owner-group", "--build", root, file], check=True, capture_output=True)
    return file
