"""A machine of a lab, whatever it is made of: it has a disk, boots, answers on SSH and can be stopped."""

from __future__ import annotations

import os
import shutil
import socket
import time
from abc import ABC, abstractmethod
from pathlib import Path

from lab import bake, guest, host, image, state, topology
from lab.errors import LabError
from lab.process import Background


class Machine(ABC):
    """A machine by name. Making this object changes nothing."""

    # Seconds within which a machine that boots answers on SSH, on a host that has much else to do.
    patience_s = 60.0

    def __init__(self, lab: state.Lab, name: str) -> None:
        self.lab = lab
        self.name = name
        self.folder = lab.machine_folder(name)
        self.root = self.folder / "root"
        self.upper = self.folder / "upper"
        self._process = Background(self.folder / "pid", self.folder / "console.log")

    @property
    def running(self) -> bool:
        return self._process.pid is not None

    @abstractmethod
    def boot(self) -> None:
        """Start the machine on what its disk holds, making the disk first when there is none. Does not wait."""

    @abstractmethod
    def pull_the_plug(self) -> None:
        """Stop the machine at once. Its disk stays as it is."""

    def erase(self) -> None:
        """Throw the disk of a stopped machine away: its next boot is its first."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def wait_for_ssh(self) -> None:
        """Return when sshd answers; raise LabError with the console's last words when it does not."""
        deadline = time.monotonic() + self.patience_s
        while time.monotonic() < deadline and self.running:
            try:
                with socket.create_connection((self.lab.address(self.name), 22), timeout=1) as connection:
                    if connection.recv(4) == b"SSH-":
                        return
            except OSError:
                pass
            time.sleep(0.1)
        raise LabError(
            f"{self.name} does not answer on SSH after {self.patience_s:.0f} s; "
            f"its console is {self.folder}/console.log and ends in: {self._process.log_tail(3)}"
        )

    def _layers(self) -> list[Path]:
        """The read-only layers of the disk, the uppermost first."""
        baked = bake.layers(self.lab) if self.name in topology.BAKED else []
        return [*baked, image.folder(self.lab.remembered.image)]

    def _mount(self) -> None:
        """Mount the disk on `root`: what the machine itself writes, over its layers."""
        if os.path.ismount(self.root):
            return
        work = self.folder / "work"
        for folder in (self.root, self.upper, work):
            folder.mkdir(parents=True, exist_ok=True)
        host.mount_overlay(self.root, lower=self._layers(), upper=self.upper, work=work)

    def _unmount(self) -> None:
        if os.path.ismount(self.root):
            host.run(["umount", "--lazy", self.root])

    def _equip(self) -> None:
        """Write into the mounted disk what makes it this machine's, and choose what the machine starts."""
        guest.write(self.root, guest.files(self.lab, self.name))
        host.run(["chroot", self.root, "systemctl", "enable", "--quiet", *guest.services(self.name)])
