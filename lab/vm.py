"""A machine as a qemu virtual machine: with a kernel of its own, whose control groups hold jobs to their limits.

Its processors are emulated: so it needs nothing of the host, is the same on each, and slow.
"""

from __future__ import annotations

import shutil

from lab import host, kernel, network, state, topology
from lab.machine import Machine

_MEMORY_MIB = 2048
# One thread for both processors: with two, one may run code that the kernel of the other patches, and it panics.
_ACCELERATOR = "tcg,thread=single"
# There are no modules on its disk.
_MASKED = "systemd.mask=systemd-modules-load.service"
# Sparse: it takes what is in it.
_DISK_SIZE = "8G"


class VirtualMachine(Machine):
    """A virtual machine on a disk of its own, made of the same image as those of the containers."""

    patience_s = 300.0

    def __init__(self, lab: state.Lab, name: str) -> None:
        super().__init__(lab, name)
        self._disk = self.folder / "disk.ext4"

    def boot(self) -> None:
        """Start the machine on what its disk holds, making the disk first when there is none. Does not wait."""
        if self.running:
            return
        self.pull_the_plug()
        if not self._disk.exists():
            self._make_disk()
        network.add_tap(self.lab)
        self._process.start(self._command())

    def pull_the_plug(self) -> None:
        """Stop the machine at once. Its disk stays as it is."""
        self._process.stop()
        network.remove_tap(self.lab)
        self._unmount()

    def _make_disk(self) -> None:
        """Make the disk as that of a container, and copy it into a file system of its own."""
        self._mount()
        self._equip()
        unfinished = self._disk.with_suffix(".unfinished")
        unfinished.unlink(missing_ok=True)
        host.run(["mke2fs", "-q", "-t", "ext4", "-d", self.root, unfinished, _DISK_SIZE])
        self._unmount()
        unfinished.rename(self._disk)
        shutil.rmtree(self.upper)

    def _command(self) -> list[str]:
        """The command line of qemu. The console goes to its output; the machine that stops does not start again."""
        boot = kernel.folder(self.lab.remembered.suite)
        return [
            *("qemu-system-x86_64", "-name", f"{self.lab.name}-{self.name}", "-nodefaults", "-no-user-config"),
            *("-machine", "q35", "-accel", _ACCELERATOR, "-cpu", "max", "-smp", f"{topology.VM_CPUS},sockets=1"),
            *("-m", str(_MEMORY_MIB), "-display", "none", "-serial", "stdio", "-no-reboot"),
            *("-kernel", str(boot / "vmlinuz"), "-initrd", str(boot / "initrd.img")),
            *("-append", f"root=/dev/vda rw console=ttyS0 panic=1 psi=1 mitigations=off {_MASKED}"),
            *("-drive", f"file={self._disk},format=raw,if=virtio,cache=unsafe"),
            *("-netdev", f"tap,id=lan,ifname={topology.tap_name(self.lab.name)},script=no,downscript=no"),
            *("-device", f"virtio-net-pci,netdev=lan,mac={topology.mac(self.lab.subnet, self.name)},romfile="),
            *("-device", "virtio-rng-pci"),
        ]
