"""The options of node-health: names, defaults, and what they mean."""

from __future__ import annotations

import argparse
import re
import shlex

from ..command_line.options import Options
from ..command_line.types import LOG_LEVELS, directory, file, log_level, percentage, seconds, some_of, yes_no
from .checkers import SOURCES

PROGRAM = "node-health"
ENVIRONMENT_PREFIX = "NODE_HEALTH_"
HOOK = "hook"

_NAME = re.compile(r"[A-Za-z0-9_.-]{1,60}", re.ASCII)


def parser() -> Options:
    """Return the parser of the command line. An option's default comes from the environment where it is set there."""
    result = Options(
        PROGRAM,
        ENVIRONMENT_PREFIX,
        "Ask the health checkers of this node, and write what they say for node_exporter.",
    )
    result.add_argument(
        "command",
        nargs="?",
        choices=(HOOK,),
        help=f"{HOOK}: act on the last verdict, as Slurm's HealthCheckProgram, and end with 0 whatever happens",
    )
    result.add_argument("--check-config", action="store_true", help="look at the options and their files, and end")
    option = result.option
    option(
        "textfile-directory",
        "/var/lib/node_exporter/textfile_collector",
        "directory that node_exporter reads (default: /var/lib/node_exporter/textfile_collector)",
        type=directory,
    )
    option(
        "state-directory",
        "/var/lib/node-health",
        "directory for the last verdict (default: /var/lib/node-health)",
        type=directory,
    )
    option(
        "results-directory",
        "/var/lib/node-health/results",
        "directory where active checks leave their results (default: /var/lib/node-health/results)",
        type=file,
    )
    option(
        "sources",
        ",".join(SOURCES),
        f"which checkers to ask where they are installed (default: {','.join(SOURCES)})",
        type=some_of(SOURCES),
    )
    option("timeout", "60", "seconds after which a checker is ended (default: 60)", type=seconds)
    option(
        "aznhc-log",
        "/opt/azurehpc/test/azurehpc-health-checks/health.log",
        "log of AzNHC (default: /opt/azurehpc/test/azurehpc-health-checks/health.log)",
        type=file,
    )
    result.add_argument(
        "--script",
        action="append",
        default=[],
        type=_script,
        metavar="NAME=COMMAND",
        help="script with the exit status of a Nagios plugin; can be given several times",
    )
    result.add_argument(
        "--minimum",
        action="append",
        default=[],
        type=_minimum,
        metavar="CHECK=GBPS",
        help="bus bandwidth that an active check has to reach; can be given several times",
    )
    hook = f"with {HOOK}:"
    option("dry-run", "yes", f"{hook} only say what would be done, yes or no (default: yes)", type=yes_no)
    option(
        "max-drained",
        "5",
        f"{hook} per cent of each partition that may be drained or down, beyond which no node is drained; at least one "
        "node, none with 0 (default: 5)",
        type=percentage,
    )
    result.add_argument(
        "--drain-on",
        action="append",
        default=[],
        metavar="PATTERN",
        help=f"{hook} checks that drain the node, as SOURCE/MODULE/CHECK with * and ?; several times (default: *)",
    )
    option("max-age", "1800", f"{hook} seconds after which a verdict no longer counts (default: 1800)", type=seconds)
    option(
        "resume-after", "600", f"{hook} seconds that a node has to be well to be resumed (default: 600)", type=seconds
    )
    option("log-level", "INFO", f"one of {', '.join(LOG_LEVELS)} (default: INFO)", type=log_level)
    return result


def _script(text: str) -> tuple[str, list[str]]:
    name, _equals, command = text.partition("=")
    try:
        argv = shlex.split(command)
    except ValueError:
        argv = []
    if not _NAME.fullmatch(name) or not argv:
        raise argparse.ArgumentTypeError(f"'{text}' is no script; give NAME=COMMAND, as in disks=/opt/site/check-disks")
    return name, argv


def _minimum(text: str) -> tuple[str, float]:
    check, _equals, number = text.partition("=")
    if not _NAME.fullmatch(check) or not re.fullmatch(r"\d{1,6}(\.\d{1,3})?", number, re.ASCII):
        raise argparse.ArgumentTypeError(f"'{text}' is no bar; give CHECK=GBPS, as in nccl_all_reduce=460")
    return check, float(number)
