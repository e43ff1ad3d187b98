"""Ask Slurm for the names of the partitions."""

from __future__ import annotations

from .command import SlurmRunner

SINFO_PARTITIONS = ("sinfo", "--all", "--noheader", "--format=%R")


def read_partition_names(runner: SlurmRunner) -> list[str]:
    """Return the names of all partitions, hidden ones too. Raises SlurmError."""
    lines = (line for chunk in runner.lines(SINFO_PARTITIONS) for line in chunk)
    return sorted({line.decode("utf-8", "replace").strip() for line in lines} - {""})
