"""NVIDIA's packages with a stand-in of DCGM in them, for the GPU nodes of a lab.

The programs are in tests/stand_ins/dcgm.
"""

from __future__ import annotations

from pathlib import Path

from lab.packages import Package, Repository

_STAND_IN = Path(__file__).parents[1] / "tests/stand_ins/dcgm"
_LIBRARY = "usr/lib/dcgm-stand-in"
_COUNTERS = "# The stand-in's own list: NVIDIA's is longer.\nDCGM_FI_DEV_GPU_TEMP, gauge, GPU temperature (in C).\n"

_PROGRAM = """#!/usr/bin/python3
# Packed by bin/lab: a stand-in, not NVIDIA's {name}.
import sys

sys.path.insert(0, "/{library}")
from dcgm.{module} import main

sys.exit(main())
"""

_HOST_ENGINE_UNIT = """[Unit]
Description=A stand-in of NVIDIA DCGM

[Service]
ExecStart=/usr/bin/nv-hostengine
Restart=on-abort

[Install]
WantedBy=multi-user.target
"""

# As in NVIDIA's package: root, and not restarted.
_EXPORTER_UNIT = """[Unit]
Description=A stand-in of NVIDIA DCGM-exporter
Wants=nvidia-dcgm.service
After=nvidia-dcgm.service

[Service]
User=root
ExecStart=/usr/bin/dcgm-exporter -f /etc/dcgm-exporter/default-counters.csv
Restart=on-abort

[Install]
WantedBy=multi-user.target
"""


def _program(path: str, module: str) -> dict[str, str]:
    return {path: _PROGRAM.format(name=Path(path).name, library=_LIBRARY, module=module)}


def repository() -> Repository:
    """The repository with the packages that the role asks for."""
    core = "datacenter-gpu-manager-4-core"
    library = {f"{_LIBRARY}/dcgm/{path.name}": path.read_text() for path in sorted(_STAND_IN.glob("*.py"))}
    packages = (
        Package(
            core,
            "1:4.5.3-1",
            "python3",
            library
            | _program("usr/bin/nv-hostengine", "host_engine")
            | _program("usr/bin/dcgmi", "dcgmi")
            | {"usr/lib/systemd/system/nvidia-dcgm.service": _HOST_ENGINE_UNIT},
        ),
        Package("datacenter-gpu-manager-4-proprietary", "1:4.5.3-1", core, {}),
        Package(
            "datacenter-gpu-manager-exporter",
            "4.8.2-1",
            core,
            _program("usr/bin/dcgm-exporter", "exporter")
            | {
                "usr/lib/systemd/system/nvidia-dcgm-exporter.service": _EXPORTER_UNIT,
                "etc/dcgm-exporter/default-counters.csv": _COUNTERS,
            },
        ),
    )
    return Repository("nvidia", "NVIDIA", packages)
