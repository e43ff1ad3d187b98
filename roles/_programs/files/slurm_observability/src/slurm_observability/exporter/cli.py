"""The command line of azslurm-exporter."""

from __future__ import annotations

import argparse
import logging
import os
import shutil
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import fields
from datetime import datetime
from pathlib import Path
from types import FrameType
from typing import NoReturn, TypeVar

from .. import __version__
from ..slurm.endpoint import Endpoint
from ..slurm.rest.client import API_VERSIONS, AUTO, TOKEN_VARIABLE
from . import completion
from .catalogue import names
from .check import check
from .check_report import as_json, as_text
from .custom.schema import read_custom_metrics
from .discovery import SCRAPE_JOBS
from .exporter import Exporter
from .http import Server
from .reset_time import DEPLOY_TIME_FILE, ResetTimeError, default_reset_time, parse_reset_time
from .settings import CLI, MAX_COMMANDS, SOURCES, Settings
from .settings_file import SettingsFileError
from .topics import controllers, jobs, nodes
from .topics.history import LABELLED_RUNS
from .topics.single_nodes import CHOICES, UP
from .web_guard import Guard
from .wiring import OFTEN, TOPICS

log = logging.getLogger(__name__)

T = TypeVar("T")

PROGRAM = "azslurm-exporter"
ENVIRONMENT_PREFIX = "AZSLURM_EXPORTER_"
EXIT_WRONG = 1
EXIT_USAGE = 2
CHECK = "check"
YES_NO = ("yes", "no")
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
# A thread that parses gives way to one that answers a scrape after this many seconds.
SWITCH_INTERVAL = 0.001


class UsageError(Exception):
    """The exporter cannot run as it was told. The message is one sentence that says what to do."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message} (see {PROGRAM} --help)")


class _Completion(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_others: object) -> NoReturn:
        types = {action.option_strings[0]: action.type for action in parser._actions if action.option_strings}
        values = {name: YES_NO for name, kind in types.items() if kind is _yes_no}
        paths = [name for name, kind in types.items() if kind in (_file, _directory)]
        print(completion.bash(parser, {**values, "--log-level": LOG_LEVELS}, paths), end="")
        parser.exit()


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line. An option's default comes from the environment where it is set there."""
    result = _Parser(
        prog=PROGRAM,
        description="Prometheus exporter of a Slurm cluster: queue, nodes, job history, and scrape targets.",
        epilog=f"Each option can also be given in the environment, as {ENVIRONMENT_PREFIX}RESET_TIME and so on.",
        allow_abbrev=False,
    )
    result.add_argument(
        "command",
        nargs="?",
        choices=(CHECK,),
        help=f"{CHECK}: ask for everything once, say what works and what does not, and end",
    )
    result.add_argument("--json", action="store_true", help=f"with {CHECK}: print JSON")
    result.add_argument("--version", action="version", version=f"{PROGRAM} {__version__}")
    result.add_argument("--completion", choices=("bash",), action=_Completion, help="print shell completion, and end")
    result.add_argument("--check-config", action="store_true", help="look at the options and their files, and end")

    def option(name: str, default: str | None, text: str, **more: object) -> None:
        variable = ENVIRONMENT_PREFIX + name.upper().replace("-", "_")
        result.add_argument(
            f"--{name}",
            default=os.environ.get(variable, default),
            help=text,
            **more,  # type: ignore[arg-type]
        )

    option("port", "9500", "TCP port to listen on (default: 9500)", type=_port)
    option("listen-address", "127.0.0.1", "address to listen on (default: 127.0.0.1; 0.0.0.0 for all)")
    option(
        "reset-time",
        None,
        "count the job history from here: '7 days ago', '2026-01-26', '2026-01-26T12:00:00' "
        f"(default: the time in {DEPLOY_TIME_FILE} where there is one, else '24 hours ago')",
    )
    option("timeout", "30", "seconds after which a Slurm command is given up (default: 30)", type=_seconds)
    option(
        "timeouts",
        "",
        "timeouts of topics, where they differ: history=120,fairshare=60",
        type=_by_topic(_seconds),
    )
    option(
        "interval",
        "15",
        f"seconds from one refresh to the next of {', '.join(sorted(OFTEN))} (default: 15)",
        type=_seconds,
    )
    option(
        "intervals",
        "",
        f"intervals of topics, where they differ, or 'off': history=60 (topics: {', '.join(TOPICS)})",
        type=_by_topic(_interval),
    )
    option(
        "max-commands",
        str(MAX_COMMANDS),
        f"Slurm commands at a time; {len(OFTEN)} of them are for {', '.join(sorted(OFTEN))} (default: {MAX_COMMANDS})",
        type=_max_commands,
    )
    option("log-level", "INFO", f"one of {', '.join(LOG_LEVELS)} (default: INFO)", type=_log_level)
    option("cluster", "", "name of the cluster, a label of the targets (default: ClusterName of slurm.conf)")
    option("accounting", "yes", "'no' on a cluster without slurmdbd: sacct is not run (default: yes)", type=_yes_no)
    option(
        "high-availability",
        "no",
        "'yes' where an exporter runs on each controller: the one beside the slurmctld in control serves the numbers "
        "(default: no)",
        type=_yes_no,
    )
    option("file-sd-directory", None, "also write the targets to JOB.json in this directory", type=_directory)
    option(
        "history-labels",
        "",
        "also count the ended runs of jobs by these: account,user (default: neither)",
        type=_history_labels,
    )
    option(
        "state-directory",
        os.environ.get("STATE_DIRECTORY"),
        "keep the totals of the job history here (default: $STATE_DIRECTORY; without one a restart reads them anew)",
        type=_directory,
    )
    option(
        "max-label-values",
        "1000",
        "most users, accounts and the like that a metric has series for; the largest stay (default: 1000)",
        type=_count,
    )
    option("user-limits", "no", "'yes' shows limits of single users too (default: no)", type=_yes_no)
    option(
        "queue-labels",
        ",".join(jobs.OWNERS),
        f"whose jobs of the queue have series of their own: {', '.join(jobs.OWNERS)}, or nothing "
        f"(default: {','.join(jobs.OWNERS)})",
        type=_owners,
    )
    option(
        "node-metrics",
        UP,
        f"which nodes have series of their own: {', '.join(CHOICES)} (default: {UP}, those that have power)",
        choices=CHOICES,
    )
    option(
        "max-running-jobs",
        "10000",
        "most running jobs, and nodes of them, that have series where the topic running_jobs is on (default: 10000)",
        type=_count,
    )
    option("job-names", "no", "'yes' to show the names of running jobs, which users choose (default: no)", type=_yes_no)
    option(
        "sd-ports",
        "",
        "ports of the targets, where they differ: node_exporter=9100,dcgm_exporter=9400,job_agent=9501",
        type=_ports,
    )
    option("source", CLI, f"who is asked: {', '.join(SOURCES)} (default: {CLI})", choices=SOURCES)
    option(
        "slurmrestd-url",
        "http://localhost:6820",
        "where slurmrestd listens: http://HOST:PORT, https://HOST:PORT or unix:/PATH (default: http://localhost:6820)",
        type=_url,
    )
    option(
        "slurmrestd-api-version",
        AUTO,
        f"version of its API, such as {API_VERSIONS[0]} (default: {AUTO}, the newest that it and this program speak)",
        type=_api_version,
    )
    option("slurm-jwt-file", "", f"file with the token for it (default: ${TOKEN_VARIABLE})", type=_file)
    option(
        "openmetrics-url",
        "http://localhost:6817",
        "where slurmctld listens (default: http://localhost:6817)",
        type=_url,
    )
    option("custom-metrics", "", "file with metrics of your own: commands, and how to read them", type=_file)
    option("web-config", "", "file with TLS and passwords, in the format of Prometheus' exporters", type=_file)
    return result


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until a signal ends it, or check once. Return the exit status.

    2 is for what the caller has to repair, 1 for a check that found something wrong.
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
        server = _listen(options.listen_address, options.port, exporter, guard)
    except (UsageError, SettingsFileError) as error:
        print("\n".join(f"{PROGRAM}: {line}" for line in str(error).splitlines()), file=sys.stderr)
        return EXIT_USAGE
    sys.setswitchinterval(SWITCH_INTERVAL)
    _serve(server, exporter)
    return 0


def _check(options: argparse.Namespace, settings: Settings) -> int:
    if options.log_level != "DEBUG":
        logging.disable()  # the report says it
    report = check(settings)
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


def _listen(address: str, port: int, exporter: Exporter, guard: Guard) -> Server:
    try:
        return Server(address, port, exporter, guard)
    except OSError as error:
        raise UsageError(
            f"cannot listen on {address} port {port} ({error.strerror or error}); choose others with "
            "--listen-address and --port"
        ) from error


def _serve(server: Server, exporter: Exporter) -> None:
    done = threading.Event()

    def stop(number: int, frame: FrameType | None) -> None:
        done.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    exporter.start()
    threading.Thread(target=server.serve_forever, name="http", daemon=True).start()
    log.info("%s %s listens on %s port %d", PROGRAM, __version__, *server.server_address[:2])
    done.wait()
    exporter.stop()
    log.info("stopped")


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 0 < int(text) < 65536:
        raise argparse.ArgumentTypeError(f"'{text}' is no port; give a number from 1 to 65535")
    return int(text)


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 0 < len(text) < 7:
        raise argparse.ArgumentTypeError(f"'{text}' is no number; give one from 0 to 999999")
    return int(text)


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0.1 <= value <= 86400:
        raise argparse.ArgumentTypeError(f"'{text}' is no time in seconds; give a number from 0.1 to 86400")
    return value


def _interval(text: str) -> float | None:
    return None if text == "off" else _seconds(text)


def _by_topic(parse: Callable[[str], T]) -> Callable[[str], dict[str, T]]:
    """Return a parser of ``TOPIC=VALUE,TOPIC=VALUE``."""

    def parse_all(text: str) -> dict[str, T]:
        values: dict[str, T] = {}
        for item in filter(None, text.split(",")):
            topic, _equals, value = item.partition("=")
            if topic not in TOPICS:
                raise argparse.ArgumentTypeError(f"'{item}' names no topic; give {'=VALUE, '.join(TOPICS)}=VALUE")
            values[topic] = parse(value)
            if values[topic] is None and topic in (jobs.NAME, nodes.NAME):
                raise argparse.ArgumentTypeError(f"'{item}': the {topic} cannot be off")
        return values

    return parse_all


def _max_commands(text: str) -> int:
    least = len(OFTEN) + 1
    if not text.isascii() or not text.isdigit() or int(text) < least:
        raise argparse.ArgumentTypeError(f"'{text}' is too few or no number; give {least} or more")
    return int(text)


def _log_level(text: str) -> str:
    if text.upper() not in LOG_LEVELS:
        raise argparse.ArgumentTypeError(f"'{text}' is no log level; give one of {', '.join(LOG_LEVELS)}")
    return text.upper()


def _url(text: str) -> str:
    try:
        return Endpoint("server", text, timeout=1.0).url
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _api_version(text: str) -> str:
    if text not in (AUTO, *API_VERSIONS):
        raise argparse.ArgumentTypeError(f"'{text}' is no version of the API; give {AUTO} or {', '.join(API_VERSIONS)}")
    return text


def _file(text: str) -> Path | None:
    return Path(text) if text else None


def _yes_no(text: str) -> bool:
    if text not in YES_NO:
        raise argparse.ArgumentTypeError(f"'{text}' is neither 'yes' nor 'no'")
    return text == "yes"


def _history_labels(text: str) -> tuple[str, ...]:
    labels = tuple(sorted(set(filter(None, text.split(",")))))
    for label in labels:
        if label not in LABELLED_RUNS:
            raise argparse.ArgumentTypeError(f"'{label}' is no label of the history; give {', '.join(LABELLED_RUNS)}")
    return labels


def _directory(text: str) -> Path:
    path = Path(text)
    if not path.is_dir() or not os.access(path, os.W_OK | os.X_OK):
        raise argparse.ArgumentTypeError(f"'{text}' is no directory that this user can write to; create it first")
    return path


def _owners(text: str) -> tuple[str, ...]:
    chosen = tuple(filter(None, text.split(",")))
    for word in chosen:
        if word not in jobs.OWNERS:
            raise argparse.ArgumentTypeError(f"'{word}' is none of {', '.join(jobs.OWNERS)}")
    return tuple(dict.fromkeys(chosen))


def _ports(text: str) -> dict[str, int]:
    ports: dict[str, int] = {}
    for item in filter(None, text.split(",")):
        job, _equals, port = item.partition("=")
        if job not in SCRAPE_JOBS:
            raise argparse.ArgumentTypeError(f"'{item}' names no scrape job; give {'=PORT, '.join(SCRAPE_JOBS)}=PORT")
        ports[job] = _port(port)
    return ports
