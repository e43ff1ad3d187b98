"""Which version of control groups this machine has for Slurm's jobs."""

from __future__ import annotations

from pathlib import Path

from ..kernel_files import KernelFiles
from .group import Hierarchy
from .v1 import CONTROLLERS, CgroupV1
from .v2 import CgroupV2

ROOT = Path("/sys/fs/cgroup")


def find_hierarchy(root: Path, files: KernelFiles) -> Hierarchy | None:
    """Return the control groups under a mount point, None where there are none.

    Slurm does not use the hybrid form, where version 2 is mounted below and has no controller.
    """
    if (root / "cgroup.controllers").exists():
        return CgroupV2(root, files)
    if any((root / controller).is_dir() for controller in CONTROLLERS):
        return CgroupV1(root, files)
    return None
