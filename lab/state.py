"""Where a lab keeps its files, and what it remembers from one command to the next."""

from __future__ import annotations

import contextlib
import fcntl
import ipaddress
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from lab import topology

DEFAULT_HOME = "/var/lib/slurm-observability-lab"


def home() -> Path:
    """The folder of all labs, their images and the release mirror: $LAB_HOME, or DEFAULT_HOME."""
    return Path(os.environ.get("LAB_HOME") or DEFAULT_HOME).resolve()


@dataclass
class Remembered:
    """What was decided when a lab was created and must stay as it is until it is taken down."""

    suite: str
    image: str
    subnet: str
    vm: bool = False


class Lab:
    """The folder of one lab. Holds paths and the remembered decisions; starts and stops nothing."""

    def __init__(self, name: str) -> None:
        self.name = topology.check_name(name)
        self.folder = home() / "labs" / name
        self.power_requests = self.folder / "power"
        self.ssh_folder = self.folder / "ssh"
        self.ssh_key = self.ssh_folder / "id_ed25519"
        self.ssh_config = self.ssh_folder / "config"
        self.known_hosts = self.ssh_folder / "known_hosts"
        self.control_paths = self.ssh_folder / "cp"
        self.secrets = self.folder / "secrets"
        self.baked_images = self.folder / "baked"
        self.inventory_file = self.folder / "inventory.yml"
        self._state_file = self.folder / "lab.json"

    def machine_folder(self, machine: str) -> Path:
        """Where a machine keeps its disk, its console and its pid."""
        return self.folder / "machines" / machine

    @property
    def exists(self) -> bool:
        """Whether the lab was created and not taken down."""
        return self._state_file.exists()

    @property
    def remembered(self) -> Remembered:
        """What was decided when the lab was created."""
        return Remembered(**json.loads(self._state_file.read_text()))

    def remember(self, decisions: Remembered) -> None:
        """Make the lab exist."""
        self.folder.mkdir(parents=True, exist_ok=True)
        replacement = self._state_file.with_suffix(".new")
        # What was not asked for is not written, so that a checkout from before there was such a thing reads it too.
        asked = {name: decision for name, decision in asdict(decisions).items() if decision}
        replacement.write_text(json.dumps(asked, indent=2) + "\n")
        replacement.rename(self._state_file)

    @property
    def subnet(self) -> ipaddress.IPv4Network:
        """The network of the lab's bridge."""
        return ipaddress.IPv4Network(self.remembered.subnet)

    @property
    def always_on(self) -> tuple[str, ...]:
        """The machines that run as long as the lab is up."""
        return (*topology.ALWAYS_ON, *([topology.VM] if self.remembered.vm else []))

    @property
    def machines(self) -> tuple[str, ...]:
        """The machines that may run."""
        return (*self.always_on, *topology.BOOTABLE_CLOUD_NODES)

    def address(self, machine: str) -> str:
        """The address of a machine of the lab."""
        return topology.address(self.subnet, machine)


def existing_labs() -> list[Lab]:
    """Every lab of this LAB_HOME that has not been taken down, by name."""
    folder = home() / "labs"
    return [Lab(entry.parent.name) for entry in sorted(folder.glob("*/lab.json"))]


@contextlib.contextmanager
def locked(name: str) -> Iterator[None]:
    """Hold a lock of this LAB_HOME; a second process that wants it waits."""
    folder = home() / "locks"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / name).open("w", encoding="utf-8") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
