"""A stand-in for systemctl: the state of a unit is a file in the directory SERVICES, another one its user."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

services = Path(os.environ["SERVICES"])
verb, *units = (word for word in sys.argv[1:] if not word.startswith("--"))
names = [unit if "." in unit else f"{unit}.service" for unit in units]
wanted = [name for word in sys.argv if word.startswith("--property=") for name in word.partition("=")[2].split(",")]


def show(name: str) -> None:
    """Print what the module systemd_unit and the probe ask for."""
    unit, user = Path(f"/etc/systemd/system/{name}"), services / f"{name}.User"
    state, enabled = services / name, services / f"{name}.enabled"
    started = str(int(float(state.read_text()) * 1e6)) if state.exists() else "0"
    properties = {
        "Id": name,
        "LoadState": "loaded" if unit.exists() or state.exists() else "not-found",
        "ActiveState": "active" if state.exists() else "inactive",
        "UnitFileState": "enabled" if enabled.exists() else "disabled",
        "NeedDaemonReload": "no",
        "FragmentPath": str(unit) if unit.exists() else "",
        "DropInPaths": "",
        "ActiveEnterTimestampMonotonic": started,
        "StateChangeTimestampMonotonic": started,
        "User": user.read_text() if user.exists() else "",
    }
    print("\n".join(f"{key}={properties[key]}" for key in wanted if key in properties))


for name in names:
    running = (services / name).exists()
    if verb == "show":
        show(name)
    elif verb in ("start", "restart"):
        (services / name).write_text(str(time.clock_gettime(time.CLOCK_MONOTONIC)))
        if verb != "start":
            with (services / "restarted").open("a") as log:
                log.write(f"{name}\n")
    elif verb == "stop":
        (services / name).unlink()
    elif verb == "enable":
        (services / f"{name}.enabled").touch()
    elif verb == "disable":
        (services / f"{name}.enabled").unlink()
    elif verb == "is-active":
        print("active" if running else "inactive")
        sys.exit(0 if running else 3)
