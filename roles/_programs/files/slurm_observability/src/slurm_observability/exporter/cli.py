"""The command line of azslurm-exporter."""

from __future__ import annotations

import argparse
import logging
import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime

from ..command_line.options import UsageError
from ..command_line.serving import listen, serve
from ..settings_file import SettingsFileError
from ..web.guard import Guard
from .catalogue import names
from .check import check
from .check_report import as_json, as_text
from .custom.schema import read_custom_metrics
from .exporter import Exporter
from .options import CHECK, PROGRAM, parser
from .pages import ExporterPages
from .reset_time import ResetTimeError, default_reset_time, parse_reset_time
from .settings import CLI, Settings
from .topics import controllers

log = logging.getLogger(__name__)

EXIT_WRONG = 1
EXIT_USAGE = 2
EXIT_INTERRUPTED = 130
# A thread that parses gives way to one that answers a scrape after this many seconds, a dozen times in each answer.
SWITCH_INTERVAL = 0.0001


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until a signal ends it, or check once. Return the exit status.

    2 is for what the caller has to repair, 1 for a check that found something wrong, 130 for one that was interrupted.
    """
    try:
        options = parser().parse_args(arguments)
        logging.basicConfig(level=options.log_level, format="%(levelname)s %(message)s", stream=sys.stderr)
        if options.json and options.command != CHECK:
            raise UsageError(f"--json goes with '{CHECK}'")
        settings = _settings(options)
        if options.command == CHECK:
            return _check(options, settings)
        _require_commands(options)
        guard = Guard(options.web_config)
        if options.check_config:
            return 0
        exporter = Exporter(settings)
        server = listen(PROGRAM, options.listen_address, options.port, ExporterPages(exporter), guard)
    except (UsageError, SettingsFileError) as error:
        print("\n".join(f"{PROGRAM}: {line}" for line in str(error).splitlines()), file=sys.stderr)
        return EXIT_USAGE
    sys.setswitchinterval(SWITCH_INTERVAL)
    serve(server, exporter)
    return 0


def _check(options: argparse.Namespace, settings: Settings) -> int:
    if options.log_level != "DEBUG":
        logging.disable()  # the report says it
    try:
        report = check(settings)
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    if options.json:
        sys.stdout.write(as_json(report))
    else:
        sys.stdout.write(as_text(report, colours=sys.stdout.isatty() and "NO_COLOR" not in os.environ))
    return 0 if report.good else EXIT_WRONG


def _require_commands(options: argparse.Namespace) -> None:
    wanted = [
        *(["squeue", "scontrol"] if options.source == CLI else []),
        *(["sacct"] if options.accounting else []),
    ]
    missing = [command for command in wanted if shutil.which(command) is None]
    if missing:
        raise UsageError(
            f"{', '.join(missing)} not found; run it on a host with Slurm's commands, or put their directory in PATH"
        )


def _settings(options: argparse.Namespace) -> Settings:
    if options.high_availability and options.intervals.get(controllers.NAME, 1.0) is None:
        raise UsageError("--high-availability needs the topic 'controllers', which --intervals switches off")
    try:
        text = default_reset_time() if options.reset_time is None else options.reset_time
        reset_time = parse_reset_time(text, datetime.now().astimezone())
    except ResetTimeError as error:
        raise UsageError(str(error)) from error
    # Each option that the exporter is told of has the name that it has in Settings.
    told = {field.name: getattr(options, field.name) for field in fields(Settings) if hasattr(options, field.name)}
    custom_metrics = read_custom_metrics(options.custom_metrics, names()) if options.custom_metrics else ()
    return Settings(**{**told, "reset_time": reset_time, "reset_text": text, "custom_metrics": custom_metrics})
