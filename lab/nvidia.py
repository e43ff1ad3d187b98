"""Packages with NVIDIA's names and a stand-in of DCGM in them, in an apt repository beside the release mirror.

A GPU node of a lab has the repository among its sources, as a real one has NVIDIA's: the role dcgm_exporter installs
from it. Each package says in its description that it is not NVIDIA's. The programs are in tests/stand_ins/dcgm.
"""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import dataclass
from email.utils import formatdate
from pathlib import Path

from lab import host, mirror, state, topology
from lab.progress import step

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

# A unit of a package is there for systemd only after this.
_POSTINST = "#!/bin/sh\n[ ! -d /run/systemd/system ] || systemctl daemon-reload\n"


@dataclass(frozen=True)
class Package:
    """A package: what it needs, and its files by path. What begins as a script does may be run."""

    name: str
    version: str
    depends: str
    files: dict[str, str]


def _program(path: str, module: str) -> dict[str, str]:
    return {path: _PROGRAM.format(name=Path(path).name, library=_LIBRARY, module=module)}


def packages() -> tuple[Package, ...]:
    """Return the packages that the role asks for."""
    core = "datacenter-gpu-manager-4-core"
    library = {f"{_LIBRARY}/dcgm/{path.name}": path.read_text() for path in sorted(_STAND_IN.glob("*.py"))}
    return (
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


def folder() -> Path:
    """The repository, which the release mirror's server serves."""
    return mirror.folder() / "nvidia"


def sources(lab: state.Lab) -> str:
    """The line of apt's sources for a machine of a lab. Nothing is signed: it is for the lab only."""
    return f"deb [trusted=yes] {mirror.url(lab)}/nvidia ./\n"


def apt_settings(lab: state.Lab) -> str:
    """apt's settings for a machine of a lab: a proxy of the site does not know the host's address on the bridge."""
    return f'Acquire::http::Proxy::{topology.gateway(lab.subnet)} "DIRECT";\n'


def ensure() -> None:
    """Build the repository when it is not there, or when the stand-in is another than then."""
    wanted = packages()
    digest = hashlib.sha256(repr(wanted).encode()).hexdigest()
    mark = folder() / "built-from"
    with state.locked("mirror"):
        if mark.exists() and mark.read_text() == digest:
            return
        with step("packing the stand-in of DCGM"):
            unfinished = folder().with_name("nvidia.unfinished")
            shutil.rmtree(unfinished, ignore_errors=True)
            unfinished.mkdir(parents=True)
            index = "\n".join(_build(package, unfinished) for package in wanted)
            (unfinished / "Packages").write_text(index)
            (unfinished / "Release").write_text(_release(index.encode()))
            (unfinished / mark.name).write_text(digest)
            shutil.rmtree(folder(), ignore_errors=True)
            unfinished.rename(folder())


def _release(index: bytes) -> str:
    return (
        f"Suite: lab\nDate: {formatdate(usegmt=True)}\n"
        f"SHA256:\n {hashlib.sha256(index).hexdigest()} {len(index)} Packages\n"
    )


def _build(package: Package, target: Path) -> str:
    """Build a package into `target`; return its paragraph in the index."""
    tree = target / package.name
    control = (
        f"Package: {package.name}\nVersion: {package.version}\nArchitecture: all\nDepends: {package.depends}\n"
        "Maintainer: bin/lab <lab@localhost>\n"
        "Description: stand-in for a lab without GPUs, not NVIDIA's package\n It measures no GPU.\n"
    )
    texts = package.files | {"DEBIAN/control": control, "DEBIAN/postinst": _POSTINST}
    for path, text in texts.items():
        file = tree / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(0o755 if text.startswith("#!") else 0o644)
    deb = target / f"{package.name}.deb"
    host.run(["dpkg-deb", "--root-owner-group", "-Zgzip", "--build", tree, deb])
    shutil.rmtree(tree)
    content = deb.read_bytes()
    return f"{control}Filename: ./{deb.name}\nSize: {len(content)}\nSHA256: {hashlib.sha256(content).hexdigest()}\n"
