"""The faults, each a context manager: within it the fault lasts, after it there is none."""

from __future__ import annotations

import random
import re
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from simulated_cluster.command import run
from simulated_cluster.daemons import wait_for

from . import slurm
from .program import PORT, STAND_INS, STATE, Program, Samples, forget_state, own_state

HOUR = 3600
CLOCK = Path("/run/clock-offset")


@dataclass
class Scene:
    """What a fault acts on: the exporter, what it said before, and what it has to say though Slurm no longer does."""

    program: Program
    before: Samples = field(default_factory=dict)
    purged: Samples = field(default_factory=dict)

    def start_anew(self, **options: Any) -> None:
        """Start the exporter without its state, and so without anything that it could forget."""
        self.program.kill(signal.SIGTERM)
        forget_state()
        self.before = {}
        self.program.start(**options)


@dataclass(frozen=True)
class Fault:
    """A fault: its name, how it is injected, and how long it lasts in seconds once it is there.

    ``user`` is whom the exporter runs as.
    """

    name: str
    how: str
    inject: Callable[[Scene], AbstractContextManager[None]]
    seconds: float = 8.0
    user: str = "slurm"


def _daemon(
    manager: Callable[..., AbstractContextManager[None]], *arguments: str
) -> Callable[[Scene], AbstractContextManager[None]]:
    return lambda scene: manager(*arguments)


@contextmanager
def _an_hour_without_slurmdbd(scene: Scene) -> Iterator[None]:
    """The hour passes in a moment: the exporter's clock is an hour late until slurmdbd is gone."""
    CLOCK.write_text(str(-HOUR))
    scene.start_anew(clock=CLOCK)
    wait_for("the history", scene.program.history_complete)
    with slurm.killed("slurmdbd", "slurmdbd"):
        CLOCK.write_text("0")
        now = int(time.time())
        slurm.insert_runs(range(now - HOUR, now, 60))
        yield


@contextmanager
def _killed_in_mid_cycle(scene: Scene) -> Iterator[None]:
    for _ in range(20):
        time.sleep(random.uniform(0.2, 1.5))
        scene.program.kill()
        slurm.insert_runs([int(time.time())] * 3)
        scene.program.start()
    yield


@contextmanager
def _damaged(scene: Scene, damage: Callable[[Path], None]) -> Iterator[None]:
    scene.program.kill(signal.SIGTERM)
    for path in STATE.glob("*.db"):
        damage(path)
    scene.program.start()
    yield


def _overwrite(path: Path) -> None:
    with path.open("r+b") as file:
        for offset in range(0, path.stat().st_size, 4096):
            file.seek(offset + 100)
            file.write(random.randbytes(1000))


def _truncate(path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 3)


def _replace(path: Path) -> None:
    path.write_bytes(b"this is no database\n" * 1000)


@contextmanager
def _full_disk(scene: Scene) -> Iterator[None]:
    filler = STATE / "filler"
    with filler.open("wb") as file, suppress(OSError):
        while True:
            file.write(bytes(1 << 12))
            file.flush()
    slurm.insert_runs([int(time.time())] * 2000)
    yield
    filler.unlink()


@contextmanager
def _not_writable(scene: Scene) -> Iterator[None]:
    own_state("root")
    slurm.insert_runs([int(time.time())] * 10)
    yield
    own_state("slurm")


@contextmanager
def _stand_ins(scene: Scene, script: str) -> Iterator[None]:
    for name in ("squeue", "scontrol", "sacct", "sdiag"):
        path = STAND_INS / name
        path.write_text(f"#!/bin/sh\n{script.format(real=shutil.which(name))}\n")
        path.chmod(0o755)
    yield
    for path in STAND_INS.iterdir():
        path.unlink()


@contextmanager
def _clock(scene: Scene, seconds: int) -> Iterator[None]:
    scene.program.kill(signal.SIGTERM)
    CLOCK.write_text("0")
    scene.program.start(clock=CLOCK)
    time.sleep(5)
    CLOCK.write_text(str(seconds))
    yield
    CLOCK.write_text("0")


@contextmanager
def _summer_time_ends(scene: Scene) -> Iterator[None]:
    """Rows in every minute of the hour that comes twice, read by a program and commands that live there."""
    last_sunday = max(
        moment
        for moment in range(scene.program.reset, int(time.time()), HOUR)
        if _local(moment) != _local(moment + HOUR)
    )
    slurm.insert_runs(range(last_sunday - 2 * HOUR, last_sunday + 2 * HOUR, 60))
    scene.start_anew(TZ=_BERLIN)
    yield


# Summer time ends on the last Sunday of October. Written out, because the image has no time zones.
_BERLIN = "CET-1CEST,M3.5.0,M10.5.0/3"


def _local(moment: int) -> int:
    """Return the offset of local time in Berlin at that moment, in minutes east."""
    done = subprocess.run(
        ["date", "-d", f"@{moment}", "+%z"],
        env={"TZ": _BERLIN, "PATH": "/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    return int(done.stdout)


@contextmanager
def _requeue_storm(scene: Scene) -> Iterator[None]:
    job = slurm.submit(30, "sleep 3600", "--requeue")
    for _ in range(5):
        time.sleep(1.5)
        # Both fail for the tasks that wait just then.
        for command in (("requeue", job), ("update", f"jobid={job}", "StartTime=now")):
            subprocess.run(["scontrol", *command], capture_output=True, check=False)
    yield
    run("scancel", job)


@contextmanager
def _on_the_boundary(scene: Scene) -> Iterator[None]:
    """A window ends at the second at which it is asked for. So end a job in every tenth of a second."""
    for _ in range(150):
        slurm.insert_runs([int(time.time())])
        time.sleep(0.1)
    yield


@contextmanager
def _purge(scene: Scene) -> Iterator[None]:
    until = int(time.time()) - 2 * HOUR
    for (state, partition), count in slurm.runs(scene.program.reset, f"uts{until}").items():
        scene.purged["slurm_job_runs_ended_total", partition, state] = count
    slurm.sql(f"delete from {slurm.CLUSTER}_job_table where time_end between 1 and {until};")
    yield


@contextmanager
def _rate_limit(scene: Scene) -> Iterator[None]:
    flood = "while :; do squeue -h >/dev/null 2>&1; done"
    with slurm.slurm_conf("SlurmctldParameters=rl_enable,rl_bucket_size=2,rl_refill_rate=1,rl_refill_period=2"):
        as_user = ["setpriv", "--reuid", "daemon", "--regid", "daemon", "--clear-groups"]
        floods = [subprocess.Popen([*as_user, "sh", "-c", flood]) for _ in range(3)]
        yield
        for process in floods:
            process.kill()
            process.wait()


@contextmanager
def _slow_clients(scene: Scene) -> Iterator[None]:
    over = threading.Event()
    sockets = []
    for _ in range(200):
        with suppress(OSError):
            connection = socket.create_connection(("127.0.0.1", PORT), timeout=2)
            connection.send(b"GET /metrics HTTP/1.1\r\nHost: x\r\n")
            sockets.append(connection)

    def trickle() -> None:
        while not over.wait(1):
            for each in sockets:
                with suppress(OSError):
                    each.send(b"X-Slow: 1\r\n")

    threading.Thread(target=trickle, daemon=True).start()
    yield
    over.set()
    for each in sockets:
        each.close()


def faults() -> list[Fault]:
    """Return every fault, in the order of the table. Those of the rate limit only where this Slurm has one."""
    squeue_version = tuple(map(int, re.findall(r"\d+", run("squeue", "--version"))[:2]))
    found = [
        Fault("slurmctld hangs", "SIGSTOP, then SIGCONT", _daemon(slurm.stopped, "slurmctld")),
        Fault("slurmctld is killed", "SIGKILL, then started", _daemon(slurm.killed, "slurmctld", "slurmctld")),
        Fault("slurmdbd hangs", "SIGSTOP, then SIGCONT", _daemon(slurm.stopped, "slurmdbd")),
        Fault(
            "slurmdbd is away for an hour",
            "SIGKILL, then started; a stand-in clock makes it an hour, in which 60 jobs end; their records come late",
            _an_hour_without_slurmdbd,
        ),
        Fault("the database hangs", "SIGSTOP to mariadbd, then SIGCONT", _daemon(slurm.stopped, "mariadbd")),
        Fault(
            "munge is killed",
            "SIGKILL, then started",
            _daemon(
                slurm.killed,
                "munged",
                "setpriv",
                "--reuid",
                "munge",
                "--regid",
                "munge",
                "--clear-groups",
                "munged",
                "--force",
            ),
        ),
        Fault(
            "the exporter is killed in mid-cycle",
            "SIGKILL 20 times at random moments, jobs ending between",
            _killed_in_mid_cycle,
        ),
        Fault(
            "the state file is damaged", "1,000 random bytes in each page", lambda scene: _damaged(scene, _overwrite)
        ),
        Fault("the state file is cut off", "a third is left", lambda scene: _damaged(scene, _truncate)),
        Fault("the state file is another file", "text in its place", lambda scene: _damaged(scene, _replace)),
        Fault("the disk of the state is full", "a file fills it; 2,000 rows end meanwhile", _full_disk),
        Fault(
            "the state may not be written",
            "its directory and file given to root, then back; 10 rows end meanwhile",
            _not_writable,
        ),
        Fault(
            "commands print garbage",
            "stand-in commands, exit status 0",
            lambda scene: _stand_ins(scene, "head -c 100000 /dev/urandom"),
        ),
        Fault(
            "commands print without end", "stand-in commands", lambda scene: _stand_ins(scene, "exec yes 'RUNNING|hpc'")
        ),
        Fault(
            "commands break off in the middle",
            "the real commands, cut after 1,500 bytes, exit status 1",
            lambda scene: _stand_ins(scene, '{real} "$@" | head -c 1500; exit 1'),
        ),
        Fault("commands hang", "stand-in commands that sleep", lambda scene: _stand_ins(scene, "exec sleep 600")),
        Fault(
            "the clock jumps an hour ahead and back",
            "a stand-in clock in the exporter",
            lambda scene: _clock(scene, HOUR),
        ),
        Fault(
            "the clock jumps an hour back and ahead",
            "a stand-in clock in the exporter",
            lambda scene: _clock(scene, -HOUR),
        ),
        Fault(
            "summer time ends", "240 rows around the hour that comes twice, TZ of Berlin, no state", _summer_time_ends
        ),
        Fault("a storm of requeues", "30 running jobs requeued five times, then cancelled", _requeue_storm),
        Fault("jobs end on the boundary of a window", "a row every tenth of a second for 15 s", _on_the_boundary, 2),
        Fault(
            "slurmdbd purges old records", "every row older than two hours deleted by SQL; the totals keep them", _purge
        ),
        Fault("slow clients", "200 connections that send a header line a second", _slow_clients),
    ]
    if squeue_version >= (23, 2):
        found.append(
            Fault(
                "Slurm limits the rate of RPCs",
                "rl_enable, a bucket of 2, three loops of squeue as the same user",
                _rate_limit,
                20,
                "daemon",
            )
        )
    return found
