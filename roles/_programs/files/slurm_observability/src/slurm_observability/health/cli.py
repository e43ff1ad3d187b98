"""The command line of node-health."""

from __future__ import annotations

import argparse
import fcntl
import logging
import os
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

from ..command_line.options import UsageError
from ..metrics import textfile
from ..metrics.metric import Family
from ..moment import moment
from ..slurm.command import SlurmRunner
from . import metrics, verdict
from .active.results import runs
from .answers import Runner
from .checkers import installed, report
from .hook.hook import Hook, Policy
from .hook.memory import ACTIONS, recall
from .hook.slurm_node import SlurmNode
from .options import HOOK, PROGRAM, parser

log = logging.getLogger(__name__)

EXIT_WRONG = 1
EXIT_USAGE = 2

# Slurm ends its HealthCheckProgram after 60 seconds. There are at most five commands in one call.
HOOK_COMMAND_SECONDS = 9.0

_VERDICT = "verdict.json"


def main(arguments: Sequence[str] | None = None) -> int:
    """Ask the checkers once, or act as HealthCheckProgram. Return the exit status.

    2 is for what the caller has to repair, 1 for metrics that cannot be written.
    """
    try:
        options = parser().parse_args(arguments)
    except UsageError as error:
        print(f"{PROGRAM}: {error}", file=sys.stderr)
        return EXIT_USAGE
    logging.basicConfig(level=options.log_level, format="%(levelname)s %(message)s", stream=sys.stderr)
    if options.check_config:
        return 0
    try:
        (_hook if options.command == HOOK else _ask)(options)
    except OSError as error:
        log.error("%s cannot be written: %s", error.filename, error.strerror or error)
        return EXIT_WRONG
    return 0


def _ask(options: argparse.Namespace) -> None:
    runner = Runner(options.timeout)
    checkers = installed(options.sources, options.aznhc_log, dict(options.script))
    reports = [found for checker in checkers if (found := report(checker, runner, moment)) is not None]
    now = moment().wall
    results = list(runs(options.results_directory, now)) if options.results_directory else []
    textfile.write(
        options.textfile_directory / "node_health.prom",
        [*metrics.of_checks(reports), *metrics.of_active_checks(results, dict(options.minimum))],
    )
    verdict.write(options.state_directory / _VERDICT, now, reports)


def _hook(options: argparse.Namespace) -> None:
    state: Path = options.state_directory
    one_at_a_time = state / "hook.lock"
    one_at_a_time.touch(0o600)  # whoever can open it can lock it
    with one_at_a_time.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return  # another call is at work
        memory = recall(state / "hook.json")
        name = os.environ.get("SLURMD_NODENAME") or socket.gethostname().partition(".")[0]
        node = SlurmNode(SlurmRunner(HOOK_COMMAND_SECONDS), name)
        Hook(_policy(options), node, memory, moment().wall).run(state / _VERDICT)
        memory.keep()
        actions = [((action,), memory.actions[action]) for action in ACTIONS]
        textfile.write(options.textfile_directory / "slurm_health_hook.prom", [Family(metrics.HOOK_ACTIONS, actions)])


def _policy(options: argparse.Namespace) -> Policy:
    return Policy(
        dry_run=options.dry_run,
        drains=tuple(options.drain_on) or ("*",),
        max_drained=options.max_drained,
        max_age=options.max_age,
        resume_after=options.resume_after,
    )
