"""Makes what is installed on one machine the image that others boot from, as a site bakes a cloud image."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

from lab import host, state

# What makes a machine this one and no other, and what it did. A new machine gets its own from lab/guest.py.
_IDENTITY = (
    *(
        "etc/hostname",
        "etc/machine-id",
        "etc/ssh/ssh_host_*",
        "etc/systemd/network/10-lab.network",
        "etc/munge/munge.key",
    ),
    *("var/lib/dbus/machine-id", "var/lib/systemd/random-seed", "var/lib/slurm/slurmd/*", "var/tmp/*"),
    *("root/.ansible", "root/.bash_history", "var/cache/apt/archives/*.deb"),
)


def capture(lab: state.Lab, upper: Path) -> Path:
    """Copy the writable layer of a machine that is off, without its identity, as the newest baked image of a lab."""
    lab.baked_images.mkdir(exist_ok=True)
    target = lab.baked_images / f"{time.time_ns()}"
    unfinished = target.with_suffix(".unfinished")
    # -a keeps owners, times and overlayfs's own marks of what was deleted.
    host.run(["cp", "-a", "--reflink=auto", upper, unfinished])
    strip(unfinished)
    unfinished.rename(target)
    return target


def layers(lab: state.Lab) -> list[Path]:
    """The newest baked image of a lab, or nothing. An older one may still be the ground of a machine that runs."""
    baked = [entry for entry in lab.baked_images.glob("*") if not entry.suffix]
    return [max(baked, key=lambda entry: int(entry.name))] if baked else []


def strip(tree: Path) -> None:
    """Remove the identity of a machine, and its logs; log folders stay, since services expect theirs."""
    for pattern in _IDENTITY:
        for path in tree.glob(pattern):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()
    for path in (tree / "var/log").rglob("*"):
        if path.is_file() and not path.is_symlink():
            path.unlink()
