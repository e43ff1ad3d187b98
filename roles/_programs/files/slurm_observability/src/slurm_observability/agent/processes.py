"""What /proc says of the processes of a job.

A process's title, user and beginning can be read by everyone. Its environment can be read by root, or with
CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH, and is what the user made of it.
"""

from __future__ import annotations

import os
import pwd
import re
from collections.abc import Iterable
from pathlib import Path

from .kernel_files import KernelFiles

PROC = Path("/proc")

# slurmstepd's title since Slurm 20.11: "slurmstepd: [7.batch]", "slurmstepd: [7.0 stepmgr]".
_TITLE = re.compile(r"slurmstepd: \[([1-9]\d{0,9})[.+ \]]", re.ASCII)
# What stands behind the name of the program, which may have parentheses and blanks itself. Fields are counted from the
# state, which is the third: the beginning is the twenty-second (proc_pid_stat(5)).
_BEGIN_FIELD = 22 - 3
_TICKS = os.sysconf("SC_CLK_TCK")
# A process of each of so many tells the user of a job.
_ASKED = 16


class ProcessFiles:
    """Reads /proc."""

    def __init__(self, files: KernelFiles, proc: Path = PROC) -> None:
        self._files = files
        self._proc = proc

    def boot_id(self) -> str:
        """Return the id of this boot, empty where the kernel does not tell."""
        return (self._files.text(self._proc / "sys/kernel/random/boot_id") or "").strip()

    def job_id(self, slurmstepd: Iterable[int]) -> int | None:
        """Return the id of the job that these slurmstepd serve, as their titles say."""
        for pid in slurmstepd:
            if match := _TITLE.match(self._files.text(self._proc / f"{pid}/cmdline") or ""):
                return int(match[1])
        return None

    def began(self, pids: Iterable[int]) -> float | None:
        """Return when the first of these processes began, in seconds since 1970."""
        booted = self._files.numbers(self._proc / "stat").get("btime")
        ticks = [begin for pid in pids if (begin := self._begin(pid)) is not None]
        return booted + min(ticks) / _TICKS if ticks and booted is not None else None

    def uid(self, pids: Iterable[int]) -> int | None:
        """Return the user of these processes; of several users, the first that is not root."""
        owners = [
            owner for pid in list(pids)[:_ASKED] if (owner := self._files.owner(self._proc / str(pid))) is not None
        ]
        return next(filter(None, owners), owners[0] if owners else None)

    def environment(self, pids: Iterable[int], wanted: str) -> dict[str, str]:
        """Return the variables of the first process that has the one that is wanted; none where none can be read."""
        for pid in list(pids)[:_ASKED]:
            variables = dict(
                record.split("=", 1)
                for record in (self._files.text(self._proc / f"{pid}/environ") or "").split("\0")
                if "=" in record
            )
            if wanted in variables:
                return variables
        return {}

    def _begin(self, pid: int) -> int | None:
        fields = (self._files.text(self._proc / f"{pid}/stat") or "").rpartition(")")[2].split()
        if len(fields) <= _BEGIN_FIELD:
            return None
        return self._files.parsed(self._proc / "stat", fields[_BEGIN_FIELD])


def user_name(uid: int) -> str:
    """Return the name of a user, the number where it has none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except (KeyError, OverflowError):
        return str(uid)
