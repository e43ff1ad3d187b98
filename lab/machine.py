"""One machine of a lab: a systemd-nspawn container with a writable layer over the shared image."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import time
from pathlib import Path

from lab import guest, host, image, slurm, state, topology
from lab.errors import LabError
from lab.process import Background

_CGROUP_ROOTS = (Path("/sys/fs/cgroup/unified"), Path("/sys/fs/cgroup/systemd"))


class Machine:
    """A machine by name. Making this object changes nothing."""

    def __init__(self, lab: state.Lab, name: str) -> None:
        self.lab = lab
        self.name = name
        self.folder = lab.machine_folder(name)
        self.root = self.folder / "root"
        self.upper = self.folder / "upper"
        self._process = Background(self.folder / "pid", self.folder / "console.log")
        self._cgroup = f"slurm-lab/{lab.name}-{name}"

    @property
    def running(self) -> bool:
        return self._process.pid is not None

    def boot(self) -> None:
        """Start the machine on what its disk holds, making the disk first when there is none. Does not wait."""
        if self.running:
            return
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
            f"--machine={self.lab.name}-{self.name}",
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
            self._process.start([*argv, "--keep-unit"], env, before_exec=self._enter_cgroup)

    def shut_down(self, patience_s: float = 20.0) -> None:
        """Power the machine off in good order; pull the plug when that takes longer than `patience_s`."""
        self._process.stop(patience_s)
        self._clean_up()

    def pull_the_plug(self) -> None:
        """Stop the machine at once. Its disk stays as it is."""
        init = self._init_pid()
        if init is not None:
            os.kill(init, signal.SIGKILL)
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
        lower = ":".join(map(str, self._layers()))
        host.run(
            [
                "mount",
                "-t",
                "overlay",
                "overlay",
                "-o",
                f"lowerdir={lower},upperdir={self.upper},workdir={work}",
                self.root,
            ]
        )

    def _layers(self) -> list[Path]:
        """The read-only layers of the disk, the uppermost first."""
        layers = [image.folder(self.lab.remembered.image)]
        if self.name in topology.CLOUD_NODES and self.lab.baked.exists():
            layers.insert(0, self.lab.baked.resolve())
        return layers

    def _init_pid(self) -> int | None:
        """The pid, on the host, of the machine's own init."""
        if self._process.pid is None:
            return None
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().split()
        return int(children[0]) if children else None

    def _enter_cgroup(self) -> None:
        """Runs in the child: without systemd on the host, two machines must not share a cgroup."""
        for top in _CGROUP_ROOTS:
            if top.is_dir():
                own = top / self._cgroup
                own.mkdir(parents=True, exist_ok=True)
                (own / "cgroup.procs").write_text(str(os.getpid()))

    def _clean_up(self) -> None:
        if os.path.ismount(self.root):
            host.run(["umount", "--lazy", self.root])
        for top in _CGROUP_ROOTS:
            for folder, _, _ in os.walk(top / self._cgroup, topdown=False):
                os.rmdir(folder)
            for folder in (top / self._cgroup).parents:
                if folder == top:
                    break
                try:
                    folder.rmdir()
                except OSError:
                    break
