"""The kernel that a virtual machine boots: that of Debian's cloud images, of the same suite. Built once, kept."""

from __future__ import annotations

import shutil
from pathlib import Path

from lab import image, state
from lab.progress import step

_PACKAGES = ("linux-image-cloud-amd64", "initramfs-tools", "zstd")
# Loaded before the disk is mounted. No others ever are, so the disk holds none; and no more has to be unpacked.
_MODULES = ("ext4", "virtio_blk", "virtio_net", "virtio_pci", "virtio_rng")
_HOOK = f"""
set -eu
mkdir -p "$1/etc/initramfs-tools/conf.d" "$1/usr/share/initramfs-tools/modules.d"
echo MODULES=list >"$1/etc/initramfs-tools/conf.d/lab"
printf '%s\\n' {" ".join(_MODULES)} >"$1/usr/share/initramfs-tools/modules.d/lab"
"""


def folder(suite: str) -> Path:
    """Where the kernel of a suite is, or will be: `vmlinuz` and `initrd.img`."""
    return state.home() / "kernels" / image.name_after(suite, *_PACKAGES, _HOOK)


def ensure(suite: str) -> None:
    """Build the kernel of a suite when it is not there yet."""
    target = folder(suite)
    with state.locked(f"kernel-{target.name}"):
        if not target.exists():
            with step(f"building what a virtual machine boots ({suite}), once"):
                _build(suite, target)
            _remove_superseded(suite, target)


def _build(suite: str, target: Path) -> None:
    """Build beside `target` and move it there when it is complete."""
    unfinished, system = (target.with_name(target.name + suffix) for suffix in (".unfinished", ".system"))
    image.bootstrap(suite, _PACKAGES, system, f"--essential-hook={_HOOK}")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir()
    for name in ("vmlinuz", "initrd.img"):
        (found,) = (system / "boot").glob(f"{name}-*")
        shutil.copy(found, unfinished / name)
    shutil.rmtree(system)
    unfinished.rename(target)


def _remove_superseded(suite: str, newest: Path) -> None:
    """Remove older kernels of a suite: any boots any disk."""
    for old in newest.parent.glob(f"{suite}-*"):
        if old != newest:
            shutil.rmtree(old)
