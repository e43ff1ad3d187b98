"""Ask slurmctld for its configuration."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterable, Mapping

from .command import SlurmError, SlurmRunner
from .printed import decode

SCONTROL_CONFIG = ("scontrol", "show", "config")
# Several topics look at the configuration. It changes when slurmctld starts or reads it anew.
KEPT_SECONDS = 300.0

_PARAMETER = re.compile(rb"(\w+(?:\[\d+\])?)\s*= (.*?)\s*")


class Configuration:
    """What slurmctld runs with: the names of slurm.conf, and SLURM_VERSION and BOOT_TIME, each as text.

    Asked for at most once in KEPT_SECONDS. Safe to use from several threads.
    """

    def __init__(self, runner: SlurmRunner, clock: Callable[[], float] = time.monotonic) -> None:
        self._runner = runner
        self._clock = clock
        self._lock = threading.Lock()
        self._parameters: Mapping[str, str] = {}
        self._due = float("-inf")

    def read(self) -> Mapping[str, str]:
        """Return the parameters. Raises SlurmError when slurmctld has to be asked and does not answer."""
        with self._lock:
            if self._clock() >= self._due:
                lines = [line for chunk in self._runner.lines(SCONTROL_CONFIG) for line in chunk]
                self._parameters = parse_config(lines)
                self._due = self._clock() + KEPT_SECONDS
            return self._parameters


def measures_jobs(parameters: Mapping[str, str]) -> bool:
    """Return whether Slurm gathers what jobs use. Since 23.11 it prints (null) for jobacct_gather/none."""
    return parameters.get("JobAcctGatherType", "").rpartition("/")[2] not in ("", "none")


def weighs_shares(parameters: Mapping[str, str]) -> bool:
    """Return whether priorities depend on fair shares: where they do not, sshare fails."""
    return parameters.get("PriorityType") == "priority/multifactor"


def parse_config(lines: Iterable[bytes]) -> dict[str, str]:
    """Return the parameters in what ``scontrol show config`` prints, ``(null)`` as nothing.

    The first of a name counts: those of cgroup.conf come later. Raises SlurmError when ClusterName is not among them,
    which each slurmctld has.
    """
    parameters: dict[str, str] = {}
    for line in lines:
        if match := _PARAMETER.fullmatch(line):
            value = decode(match[2])
            parameters.setdefault(decode(match[1]), "" if value == "(null)" else value)
    if not parameters.get("ClusterName"):
        raise SlurmError("scontrol show config does not tell the name of the cluster")
    return parameters
