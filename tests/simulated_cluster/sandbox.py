"""Run a command in a private copy of a root file system, in namespaces of its own.

The copy is a layer in memory over the image, the network has nothing but a loopback device, and the first process
of the sandbox is the command itself: when it ends, or when the caller dies, the kernel takes away every process,
mount and file. There is nothing to clean up, not even of a database on disk: its file has no name once it is mounted.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from .daemons import HOSTNAME

CODE = Path("/opt/bench")
"""Where the given Python packages are inside the sandbox."""

_MEMORY = "8G"
_DISK_BYTES = 40 << 30  # sparse: it takes what the database takes
# glibc resolves no name on a machine whose only address is a loopback one; this one is reserved for documentation.
_ADDRESS = "192.0.2.1/32"


def run(
    image: Path, packages: Sequence[Path], command: Sequence[str], database_on_disk: bool = False
) -> subprocess.CompletedProcess[str]:
    """Run `command` inside and return it with its stdout; stderr is the caller's. `packages` can be imported there."""
    namespaces = ["--mount", "--pid", "--net", "--uts", "--ipc", "--fork", "--kill-child"]
    where = "disk" if database_on_disk else "memory"
    enter = [sys.executable, "-m", __name__, where, image, *packages, "--", *command]
    return subprocess.run(
        ["setpriv", "--pdeathsig", "KILL", "unshare", *namespaces, *map(str, enter)],
        stdout=subprocess.PIPE,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
    )


def _enter(where: str, image: Path, packages: Sequence[Path], command: list[str]) -> None:
    """Turn this process, which already is in the namespaces, into the sandboxed command."""
    layers = Path("/run")
    _call("ip", "link", "set", "lo", "up")
    _call("ip", "address", "add", _ADDRESS, "dev", "lo")
    _call("hostname", HOSTNAME)
    _call("mount", "--make-rprivate", "/")
    _call("mount", "-t", "tmpfs", "-o", f"size={_MEMORY}", "tmpfs", str(layers))
    upper, work, root = (layers / name for name in ("upper", "work", "root"))
    for folder in (upper, work, root):
        folder.mkdir()
    _call("mount", "-t", "overlay", "overlay", "-o", f"lowerdir={image},upperdir={upper},workdir={work}", str(root))
    _call("mount", "-t", "proc", "proc", str(root / "proc"))
    _call("mount", "-t", "sysfs", "-o", "ro", "sysfs", str(root / "sys"))
    _call("mount", "--rbind", "/dev", str(root / "dev"))
    _call("mount", "-t", "tmpfs", "tmpfs", str(root / "run"))
    if where == "disk":
        _mount_disk(root / "var/lib/mysql")
    inside = root / CODE.relative_to("/")
    for package in packages:
        shutil.copytree(package, inside / package.name, ignore=shutil.ignore_patterns("__pycache__"))
    os.chroot(root)
    os.chdir("/")
    environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "PYTHONPATH": str(CODE)}
    os.execvpe(command[0], command, environment)


def _mount_disk(folder: Path) -> None:
    """Put a file system of the host's disk under the folder, with what is in it."""
    with tempfile.NamedTemporaryFile(dir="/var/tmp", prefix="slurm-bench-") as disk:
        os.truncate(disk.fileno(), _DISK_BYTES)
        _call("mkfs.ext4", "-q", "-O", "^has_journal", "-E", "lazy_itable_init=1", disk.name)
        _call("mount", "-o", "loop,noatime", disk.name, "/mnt")
        _call("cp", "-a", f"{folder}/.", "/mnt")
        _call("chown", f"--reference={folder}", "/mnt")
        _call("mount", "--move", "/mnt", str(folder))


def _call(*command: str) -> None:
    subprocess.run(command, check=True)


if __name__ == "__main__":
    _separator = sys.argv.index("--")
    _image, *_packages = map(Path, sys.argv[2:_separator])
    _enter(sys.argv[1], _image, _packages, sys.argv[_separator + 1 :])
