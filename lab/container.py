"""A machine as a systemd-nspawn container: it shares the kernel of the host, and boots in a second."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import time
from pathlib import Path

from lab import network, slurm, state, topology
from lab.machine import Machine
from lab.process import send

_CGROUP_ROOTS = (Path("/sys/fs/cgroup/unified"), Path("/sys/fs/cgroup/systemd"))
# Joins the cgroups given before --, then becomes the command after it, under the same pid.
_IN_CGROUPS = 'while [ "$1" != -- ]; do echo $$ > "$1/cgroup.procs"; shift; done; shift; exec "$@"'
_NSPAWN_RUN = Path("/run/systemd/nspawn/propagate")


class Container(Machine):
    """A container with a writable layer over the shared image."""

    def __init__(self, lab: state.Lab, name: str) -> None:
        super().__init__(lab, name)
        self._nspawn_name = f"{lab.name}-{name}"

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
            self._equip()
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

    def _cgroups(self) -> list[Path]:
        """Cgroups of its own, one per hierarchy: without systemd on the host, nspawn would share its caller's."""
        return [top / "slurm-lab" / self._nspawn_name for top in _CGROUP_ROOTS if top.is_dir()]

    def _clean_up(self) -> None:
        """Remove what a stopped machine leaves on the host."""
        network.remove_port(self.lab, self._nspawn_name)
        self._unmount()
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
