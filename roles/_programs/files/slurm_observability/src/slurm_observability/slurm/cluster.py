"""Ask Slurm for the name of the cluster."""

from __future__ import annotations

import re

from .command import SlurmError, SlurmRunner

SCONTROL_CONFIG = ("scontrol", "show", "config")

_NAME = re.compile(rb"ClusterName\s*=\s*(\S+)\s*")


def read_cluster_name(runner: SlurmRunner) -> str:
    """Return ClusterName of slurm.conf. Raises SlurmError when scontrol fails or does not say it."""
    name = ""
    for chunk in runner.lines(SCONTROL_CONFIG):
        for line in chunk:
            if not name and (match := _NAME.fullmatch(line)):
                name = match[1].decode("utf-8", "replace")
    if not name:
        raise SlurmError("scontrol show config does not tell the name of the cluster")
    return name
