"""One machine of a lab: a systemd-nspawn container with a writable layer over the shared image."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import socket
import time
from pathlib import Path

from lab import bake, guest, host, image, network, slurm, state, topology
from lab.errors import LabError
from lab.process import Background, send

_CGROUP_ROOTS = (Path("/sys/fs/cgroup/unified"), Path("/sys/fs/cgroup/systemd"))
# Joins the cgroups given before --, then becomes the command after it, under the same pid.
_IN_CGROUPS = 'while [ "$1" != -- ]; do echo $$ > "$1/cgroup.procs"; shift; done; shift; exec "$@"'
_NSPAWN_RUN = Path("/run/systemd/nspawn/propagate")


class Machine:
    """A machine by name. Making this object changes nothing."""

    def __init__(self, lab: state.Lab, name: str) -> None:
        self.lab = lab
        self.name = name
        self.folder = lab.machine_folder(name)
        self.root = self.folder / "root"
        self.upper = self.folder / "upper"
        self._process = Background(self.folder / "pid", self.folder / "console.log")
        self._nspawn_name = f"{lab.name}-{name}"

    @property
    def running(self) -> bool:
        return self._process.pid is not None

    @property
    def init_pid(self) -> int | None:
        """The pid, on the host, of the machine's own init; found by its disk, so even when its nspawn was killed."""
        disk = f"upperdir={self.upper},"
        for process in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                pids = re.search(r"^NSpid:((?:\s+\d+)+)$", (process / "status").read_text(), re.MULTILINE)
                if pids and pids.group(1).split()[1:][-1:] == ["1"] and disk in (process / "mountinfo").read_text():
                    return int(process.name)
        return None

    def boot(self) -> None:
        """Start the machine on what its disk holds, making the disk first when there is none. Does not wait."""
        if self.running:
            return
        self.pull_the_plug()  # should its nspawn have been killed, the machine itself still runs
        self._mount()
        if not (self.folder / "made").exists():
            guest.write(self.root, guest.files(self.lab, self.name))
            host.run(["chroot", self.root, "systemctl", "enable", "--quiet", *guest.services(self.name)])
            (self.folder / "made").touch()
        argv = [
            "systemd-nspawn",
            "--quiet",
            "--boot",
            "--register=no",
            f"--machine={self._nspawn_name}",
            f"--hostname={self.name}",
            f"--directory={self.root}",
            f"--network-bridge={topology.bridge_name(self.lab.name)}",
            "--resolv-conf=off",
            "--timezone=off",
            "--link-journal=no",
            "--console=pipe",
        ]
        if self.name == topology.HEAD:
            argv.append(f"--bind={self.lab.power_requests}:{slurm.POWER_FOLDER}")
        # SYSTEMD_SECCOMP=0: nspawn's filter refuses system calls that hardened units inside set up themselves.
        env = {"SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1", "SYSTEMD_SECCOMP": "0"}
        if Path("/run/systemd/system").exists():
            # systemd gives the machine a scope, and with it a cgroup of its own.
            self._process.start(argv, env)
        else:
            cgroups = [str(cgroup) for cgroup in self._cgroups()]
            for cgroup in cgroups:
                Path(cgroup).mkdir(parents=True, exist_ok=True)
            self._process.start(["/bin/sh", "-c", _IN_CGROUPS, "sh", *cgroups, "--", *argv, "--keep-unit"], env)

    def shut_down(self, patience_s: float = 20.0) -> None:
        """Power the machine off in good order; pull the plug when that takes longer than `patience_s`."""
        self._process.stop(patience_s)
        self.pull_the_plug()

    def pull_the_plug(self) -> None:
        """Stop the machine at once. Its disk stays as it is."""
        init = self.init_pid
        if init is not None:
            send(init, signal.SIGKILL)
            self._process.wait(10.0)
        self._process.stop()
        self._clean_up()

    def erase(self) -> None:
        """Throw the disk of a stopped machine away: its next boot is its first."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def wait_for_ssh(self, timeout_s: float = 60.0) -> None:
        """Return when sshd answers; raise LabError with the console's last words when it does not."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline and self.running:
            try:
                with socket.create_connection((self.lab.address(self.name), 22), timeout=1) as connection:
                    if connection.recv(4) == b"SSH-":
                        return
            except OSError:
                pass
            time.sleep(0.1)
        raise LabError(
            f"{self.name} does not answer on SSH after {timeout_s:.0f} s; "
            f"its console is {self.folder}/console.log and ends in: {self._process.log_tail(3)}"
        )

    def _mount(self) -> None:
        if os.path.ismount(self.root):
            return
        work = self.folder / "work"
        for folder in (self.root, self.upper, work):
            folder.mkdir(parents=True, exist_ok=True)
        host.mount_overlay(self.root, lower=self._layers(), upper=self.upper, work=work)

    def _layers(self) -> list[Path]:
        """The read-only layers of the disk, the uppermost first."""
        layers = [image.folder(self.lab.remembered.image)]
        if self.name in topology.CLOUD_NODES:
            layers[:0] = bake.layers(self.lab)
        return layers

    def _cgroups(self) -> list[Path]:
        """Cgroups of its own, one per hierarchy: without systemd on the host, nspawn would share its caller's."""
        return [top / "slurm-lab" / self._nspawn_name for top in _CGROUP_ROOTS if top.is_dir()]

    def _clean_up(self) -> None:
        """Remove what a stopped machine leaves on the host."""
        network.remove_port(self.lab, self._nspawn_name)
        if os.path.ismount(self.root):
            host.run(["umount", "--lazy", self.root])
        for cgroup in self._cgroups():
            for folder, _, _ in os.walk(cgroup, topdown=False):
                _remove_cgroup(Path(folder))
            # The folder above is shared by all machines of all labs.
            with contextlib.suppress(OSError):
                cgroup.parent.rmdir()
        with contextlib.suppress(OSError):
            (_NSPAWN_RUN / self._nspawn_name).rmdir()


def _remove_cgroup(folder: Path) -> None:
    """Remove a cgroup; the kernel may need a moment to let go of processes that have just ended."""
    for _ in range(40):
        try:
            folder.rmdir()
        except FileNotFoundError:
            return
        except OSError:
            time.sleep(0.05)
        else:
            return
