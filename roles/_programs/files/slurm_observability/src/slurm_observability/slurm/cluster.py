"""Ask Slurm for the names of the cluster and of its partitions."""

from __future__ import annotations

import re

from .command import SlurmError, SlurmRunner

SCONTROL_CONFIG = ("scontrol", "show", "config")
SINFO_PARTITIONS = ("sinfo", "--all", "--noheader", "--format=%R")

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


def read_partition_names(runner: SlurmRunner) -> list[str]:
    """Return the names of all partitions, hidden ones too. Raises SlurmError."""
    lines = (line for chunk in runner.lines(SINFO_PARTITIONS) for line in chunk)
    return sorted({line.decode("utf-8", "replace").strip() for line in lines} - {""})
