"""A node's /sys/fs/cgroup and /proc, made of files: what the kernel shows there, where Slurm puts jobs."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

BOOT_ID = "0f7c8b3e-6d2e-4a56-9a53-6f2a35a4c7d1"
BOOTED = 1_795_000_000
TICKS = 100  # per second

PRESSURE = "some avg10=0.00 avg60=0.00 avg300=0.00 total={some}\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n"


def write(path: Path, text: str | bytes) -> None:
    """Write a file, and the directories above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())


class Proc:
    """A /proc."""

    def __init__(self, root: Path) -> None:
        self.root = root
        write(
            root / "stat", f"cpu  1000 0 500 8000 100 0 0 0 0 0\ncpu0 1000 0 500 8000 100 0 0 0 0 0\nbtime {BOOTED}\n"
        )
        write(
            root / "meminfo", "MemTotal:        1000000 kB\nMemFree:          100000 kB\nMemAvailable:     600000 kB\n"
        )
        write(root / "sys/kernel/random/boot_id", f"{BOOT_ID}\n")

    def process(self, pid: int, title: str = "python", began: float = 0.0, **environment: str) -> None:
        """Add a process that began so many seconds after the boot."""
        fields = ["0"] * 50
        fields[19] = str(int(began * TICKS))
        write(self.root / f"{pid}/stat", f"{pid} (a) b) S {' '.join(fields[1:])}\n")
        write(self.root / f"{pid}/cmdline", f"{title}\0")
        write(self.root / f"{pid}/environ", "".join(f"{name}={value}\0" for name, value in environment.items()))


class TreeV2:
    """Control groups of version 2. Paths are made as Slurm makes them."""

    def __init__(self, root: Path, proc: Proc, scope: str = "system.slice/slurmstepd.scope") -> None:
        self.root, self.proc, self.scope = root, proc, root / scope
        write(root / "cgroup.controllers", "cpuset cpu io memory pids\n")
        self.scope.mkdir(parents=True)
        (self.scope / "system").mkdir()

    def job(
        self,
        name: str,
        job_id: int,
        steps: Sequence[str] = ("batch",),
        pids: Sequence[int] = (),
        began: float = 0.0,
        **environment: str,
    ) -> Path:
        """Add a job with a slurmstepd in each step, and processes in the first."""
        path = self.scope / name
        self.used(path)
        write(path / "cpuset.cpus", "0-3,8\n")
        for number, step in enumerate(steps):
            stepd = job_id * 100 + number
            self.used(path / f"step_{step}")
            write(path / f"step_{step}/slurm/cgroup.procs", f"{stepd}\n")
            write(path / f"step_{step}/user/cgroup.procs", "")
            write(path / f"step_{step}/user/cgroup.events", "populated 1\nfrozen 0\n")
            self.proc.process(stepd, f"slurmstepd: [{job_id}.{step}]", began)
            in_task = "".join(f"{pid}\n" for pid in pids if number == 0)
            write(path / f"step_{step}/user/task_0/cgroup.procs", in_task)
        for pid in pids:
            self.proc.process(pid, began=began, SLURM_JOB_ID=str(job_id), **environment)
        return path

    def used(
        self,
        path: Path,
        cpu: float = 2.0,
        current: int = 400_000,
        peak: int = 500_000,
        oom_kills: int = 0,
        populated: bool = True,
    ) -> None:
        """Let a group have used this."""
        total = int(cpu * 1e6)
        write(
            path / "cpu.stat",
            f"usage_usec {total}\nuser_usec {total * 3 // 4}\nsystem_usec {total // 4}\nnr_periods 0\n",
        )
        write(path / "memory.current", f"{current}\n")
        write(path / "memory.peak", f"{peak}\n")
        write(path / "memory.max", "1048576\n")
        write(path / "memory.stat", f"anon {current // 2}\nfile 90000\nkernel 1\nshmem 4096\ninactive_file 40000\n")
        write(path / "memory.events", f"low 0\nhigh 0\nmax 3\noom 1\noom_kill {oom_kills}\noom_group_kill 0\n")
        write(path / "io.stat", "8:0 rbytes=4096 wbytes=8192 rios=1 wios=2 dbytes=0 dios=0\n259:0 rbytes=1 wbytes=2\n")
        write(path / "cgroup.events", f"populated {int(populated)}\nfrozen 0\n")
        for number, name in enumerate(("cpu", "memory", "io"), 1):
            write(path / f"{name}.pressure", PRESSURE.format(some=number * 1_500_000))


class TreeV1:
    """Control groups of version 1."""

    def __init__(self, root: Path, top: str = "slurm") -> None:
        self.root, self.top = root, top
        for controller in ("freezer", "cpuset", "memory", "cpuacct", "devices"):
            (root / controller).mkdir(parents=True)

    def job(self, job_id: int, uid: int = 1000, pids: Sequence[int] = (71, 72), stepd: int = 70) -> str:
        """Add a job with a batch step. Return its path below a controller."""
        path = f"{self.top}/uid_{uid}/job_{job_id}"
        tasks = "".join(f"{pid}\n" for pid in pids)
        for controller in ("cpuset", "memory", "cpuacct", "devices"):
            write(self.root / controller / path / "cgroup.procs", "")
            write(self.root / controller / path / "step_batch/cgroup.procs", f"{stepd}\n")
            write(self.root / controller / path / "step_batch/task_0/cgroup.procs", tasks)
        write(self.root / "freezer" / path / "cgroup.procs", f"{stepd}\n")
        write(self.root / "freezer" / path / "step_batch/cgroup.procs", tasks)
        for below in ("", "step_batch"):
            self.used(f"{path}/{below}")
        return path

    def used(self, path: str) -> None:
        """Let a group have used something."""
        cpu, memory = self.root / "cpuacct" / path, self.root / "memory" / path
        write(cpu / "cpuacct.usage", "2500000000\n")
        write(cpu / "cpuacct.stat", "user 200\nsystem 50\n")
        write(memory / "memory.usage_in_bytes", "400000\n")
        write(memory / "memory.max_usage_in_bytes", "500000\n")
        write(memory / "memory.limit_in_bytes", "1048576\n")
        write(memory / "memory.stat", "rss 1\ntotal_rss 200000\ntotal_shmem 4096\ntotal_inactive_file 40000\n")
        write(memory / "memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 1\n")
        write(self.root / "cpuset" / path / "cpuset.cpus", "0-3\n")


def remove(path: Path) -> None:
    """Remove a group, as the kernel does when Slurm is done with it."""
    shutil.rmtree(path)
