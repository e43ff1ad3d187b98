"""The options of job-archive: names, defaults, and what they mean."""

from __future__ import annotations

import os

from ..command_line.options import Options
from ..command_line.types import LOG_LEVELS, count, file, log_level, percentage, seconds, size
from . import access

PROGRAM = "job-archive"
ENVIRONMENT_PREFIX = "JOB_ARCHIVE_"
TIDY = "tidy"


def parser() -> Options:
    """Return the parser of the command line. An option's default comes from the environment where it is set there."""
    result = Options(
        PROGRAM,
        ENVIRONMENT_PREFIX,
        "Archive of the scripts, environments and outputs of Slurm's jobs.",
    )
    result.add_argument(
        "command",
        nargs="?",
        choices=(TIDY,),
        help=f"{TIDY}: pack what is old by weeks, remove what is too old or too much, and end",
    )
    result.add_argument("--check-config", action="store_true", help="look at the options and their files, and end")
    option = result.option
    option("archive", "/shared/slurm-logs", "directory of the archive (default: /shared/slurm-logs)", type=file)
    option(
        "spool",
        "/run/slurm-observability/archive-spool",
        "directory that slurmctld's hooks write events to (default: /run/slurm-observability/archive-spool)",
        type=file,
    )
    option(
        "state-directory",
        os.environ.get("STATE_DIRECTORY", "/var/lib/job-archive"),
        "directory on a local disk for files that the archive cannot take now (default: $STATE_DIRECTORY, or "
        "/var/lib/job-archive)",
        type=file,
    )
    option(
        "state-save-location",
        "/var/spool/slurmctld",
        "StateSaveLocation of slurm.conf: slurmctld keeps scripts and environments there "
        "(default: /var/spool/slurmctld)",
        type=file,
    )
    option("slurm-user", "slurm", "SlurmUser of slurm.conf, as whom they are read (default: slurm)")
    option(
        "readers",
        access.ACL,
        f"how a job's owner gets to read its files, beside the group of the directory: {', '.join(access.CHOICES)} "
        f"(default: {access.ACL})",
        choices=access.CHOICES,
    )
    option("head", "1M", "bytes of an output file that are kept from its beginning (default: 1M)", type=size)
    option("tail", "1M", "bytes of an output file that are kept from its end (default: 1M)", type=size)
    option("mask-file", "", "file with further patterns of secrets in the environment", type=file)
    option("min-free", "5", "per cent of a file system that stay free (default: 5)", type=percentage)
    option("max-held", "1G", "bytes held for an archive that cannot be written to (default: 1G)", type=size)
    option("max-waiting", "20000", "events in the spool; beyond, the oldest are dropped (default: 20000)", type=count)
    option("timeout", "30", "seconds after which reading a job's files is given up for now (default: 30)", type=seconds)
    option(
        "patience",
        "86400",
        "seconds after which an event that cannot be handled is dropped (default: 86400)",
        type=seconds,
    )
    option("metrics-file", "", "file for metrics, in the format of node_exporter's textfile collector", type=file)
    option("pack-after", "30", f"with {TIDY}: pack runs whose files are so many days old (default: 30)", type=count)
    option("keep-days", "365", f"with {TIDY}: remove what is so many days old; 0 is never (default: 365)", type=count)
    option(
        "keep-bytes", "0", f"with {TIDY}: remove the oldest beyond so many bytes; 0 is never (default: 0)", type=size
    )
    option("log-level", "INFO", f"one of {', '.join(LOG_LEVELS)} (default: INFO)", type=log_level)
    return result
