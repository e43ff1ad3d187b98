"""The options of job-observability: names, defaults, and what they mean."""

from __future__ import annotations

import argparse

from ..command_line.options import Options
from ..command_line.types import LOG_LEVELS, file, log_level, port, seconds, yes_no
from ..slurm.rest.client import API_VERSIONS, AUTO, TOKEN_VARIABLE
from .database_options import add_database_options
from .option_types import api_version, days, server_url
from .settings import BACKENDS, SLURM
from .store.retention import DAY, Retention
from .tokens import ROLES, WRITER

PROGRAM = "job-observability"
ENVIRONMENT_PREFIX = "JOB_OBSERVABILITY_"
CHECK, MIGRATE, TOKEN, REPORT = "check", "migrate", "token", "report"
COMMANDS = (CHECK, MIGRATE, TOKEN, REPORT)
NEW = "new"


def parser() -> Options:
    """Return the parser of the command line. An option's default comes from the environment where it is set there."""
    result = Options(PROGRAM, ENVIRONMENT_PREFIX, "Keeps every run of every job on record, behind an HTTP API.")
    result.add_argument(
        "command",
        nargs="?",
        choices=COMMANDS,
        help=f"{CHECK}: try everything once, say what works and what does not, and end; {MIGRATE}: bring the database "
        f"up to date, and end; {TOKEN} {NEW}: make a token; {REPORT}: who left GPUs idle ({REPORT} --help says "
        "more). Without a command the service runs",
    )
    result.add_argument("action", nargs="?", choices=(NEW,), help=argparse.SUPPRESS)
    result.add_argument("--check-config", action="store_true", help="look at the options and their files, and end")
    result.add_argument("--name", default="", help=f"with {TOKEN} {NEW}: whose token it is")
    result.add_argument(
        "--role", choices=ROLES, default=WRITER, help=f"with {TOKEN} {NEW}: what it may do (default: {WRITER})"
    )

    option = result.option
    option("port", "8080", "TCP port to listen on (default: 8080)", type=port)
    option("listen-address", "127.0.0.1", "address to listen on (default: 127.0.0.1; 0.0.0.0 for all)")
    option("token-file", "", "file that says whose tokens are good; needed to listen to other hosts", type=file)
    option("metrics-token", "no", "'yes' to show /metrics only to whoever has a token (default: no)", type=yes_no)
    option("tls-certificate", "", "file with the certificate; without one the service speaks plain HTTP", type=file)
    option("tls-key", "", "file with its key", type=file)
    option("tls-client-ca", "", "file with the authority whose certificates clients have to show", type=file)
    option("log-level", "INFO", f"one of {', '.join(LOG_LEVELS)} (default: INFO)", type=log_level)
    option("audit-log", "", "file for the audit log (default: standard error)", type=file)
    add_database_options(result, ENVIRONMENT_PREFIX)
    for name, meaning in (
        ("samples", "samples are kept, thinned out with age"),
        ("events", "the events of a run are kept"),
        ("runs", "runs are kept after their end"),
    ):
        default = f"{getattr(Retention, name) / DAY:.0f}"
        option(f"retention-{name}", default, f"days that {meaning} (default: {default})", type=days)
    option("cluster", "", "ClusterName of slurm.conf, for what names no cluster (default: Slurm is asked)")
    option(
        "scheduler-backend",
        SLURM,
        f"who is asked for what hooks cannot say, also $SCHEDULER_BACKEND: {', '.join(BACKENDS)} (default: {SLURM})",
        variable="SCHEDULER_BACKEND",
        choices=BACKENDS,
    )
    option(
        "slurm-base-url",
        "",
        "where slurmrestd listens, also $SLURM_BASE_URL (default: Slurm's commands are run)",
        variable="SLURM_BASE_URL",
        type=server_url,
    )
    option(
        "slurm-api-version",
        AUTO,
        f"version of its API, such as {API_VERSIONS[0]}, also $SLURM_API_VERSION (default: {AUTO})",
        variable="SLURM_API_VERSION",
        type=api_version,
    )
    option("slurm-jwt-file", "", f"file with the token for it (default: ${TOKEN_VARIABLE})", type=file)
    option("slurm-timeout", "30", "seconds after which a question to Slurm is given up (default: 30)", type=seconds)
    option("accounting", "yes", "'no' on a cluster without slurmdbd: sacct is not run (default: yes)", type=yes_no)
    option("queue-interval", "15", "seconds from one look at what runs to the next (default: 15)", type=seconds)
    option(
        "accounting-interval", "60", "seconds from one look at what has ended to the next (default: 60)", type=seconds
    )
    option(
        "usage-interval",
        "300",
        "seconds from one question for what Slurm measured of jobs to the next, where it does (default: 300)",
        type=seconds,
    )
    option("look-back", "7", "days of accounting that the first look goes back (default: 7)", type=days)
    option(
        "lost-after",
        "600",
        "seconds for which a run may be neither in the queue nor ended before it counts as lost (default: 600)",
        type=seconds,
    )
    option("admin-comment", "no", "'yes' to write summaries to Slurm's AdminComment too (default: no)", type=yes_no)
    option(
        "metrics-of-jobs",
        "no",
        "'yes' to show the metrics of jobs and nodes too, of the newest samples (default: no; the agents have them)",
        type=yes_no,
    )
    return result
