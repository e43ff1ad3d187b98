"""The options of azslurm-exporter: names, defaults, and what they mean."""

from __future__ import annotations

import os

from ..command_line.options import Options
from ..command_line.types import LOG_LEVELS, count, directory, file, log_level, port, seconds, some_of, yes_no
from ..slurm.rest.client import API_VERSIONS, AUTO, TOKEN_VARIABLE
from .option_types import api_version, by_topic, interval, max_commands, ports, url
from .reset_time import DEPLOY_TIME_FILE
from .settings import CLI, MAX_COMMANDS, SOURCES
from .topics import jobs
from .topics.history import LABELLED_RUNS
from .topics.single_nodes import CHOICES, UP
from .wiring import OFTEN, TOPICS

PROGRAM = "azslurm-exporter"
ENVIRONMENT_PREFIX = "AZSLURM_EXPORTER_"
CHECK = "check"


def parser() -> Options:
    """Return the parser of the command line. An option's default comes from the environment where it is set there."""
    result = Options(
        PROGRAM,
        ENVIRONMENT_PREFIX,
        "Prometheus exporter of a Slurm cluster: queue, nodes, job history, and scrape targets.",
    )
    result.add_argument(
        "command",
        nargs="?",
        choices=(CHECK,),
        help=f"{CHECK}: ask for everything once, say what works and what does not, and end",
    )
    result.add_argument("--json", action="store_true", help=f"with {CHECK}: print JSON")
    result.add_argument("--check-config", action="store_true", help="look at the options and their files, and end")

    option = result.option
    option("port", "9500", "TCP port to listen on (default: 9500)", type=port)
    option("listen-address", "127.0.0.1", "address to listen on (default: 127.0.0.1; 0.0.0.0 for all)")
    option(
        "reset-time",
        None,
        "count the job history from here: '7 days ago', '2026-01-26', '2026-01-26T12:00:00' "
        f"(default: the time in {DEPLOY_TIME_FILE} where there is one, else '24 hours ago')",
    )
    option("timeout", "30", "seconds after which a Slurm command is given up (default: 30)", type=seconds)
    option(
        "timeouts",
        "",
        "timeouts of topics, where they differ: history=120,fairshare=60",
        type=by_topic(seconds),
    )
    option(
        "interval",
        "15",
        f"seconds from one refresh to the next of {', '.join(sorted(OFTEN))} (default: 15)",
        type=seconds,
    )
    option(
        "intervals",
        "",
        f"intervals of topics, where they differ, or 'off': history=60 (topics: {', '.join(TOPICS)})",
        type=by_topic(interval),
    )
    option(
        "max-commands",
        str(MAX_COMMANDS),
        f"Slurm commands at a time; {len(OFTEN)} of them are for {', '.join(sorted(OFTEN))} (default: {MAX_COMMANDS})",
        type=max_commands,
    )
    option("log-level", "INFO", f"one of {', '.join(LOG_LEVELS)} (default: INFO)", type=log_level)
    option("cluster", "", "name of the cluster, a label of the targets (default: ClusterName of slurm.conf)")
    option("accounting", "yes", "'no' on a cluster without slurmdbd: sacct is not run (default: yes)", type=yes_no)
    option(
        "high-availability",
        "no",
        "'yes' where an exporter runs on each controller: the one beside the slurmctld in control serves the numbers "
        "(default: no)",
        type=yes_no,
    )
    option("file-sd-directory", None, "also write the targets to JOB.json in this directory", type=directory)
    option(
        "history-labels",
        "",
        "also count the ended runs of jobs by these: account,user (default: neither)",
        type=some_of(LABELLED_RUNS),
    )
    option(
        "state-directory",
        os.environ.get("STATE_DIRECTORY"),
        "keep the totals of the job history here (default: $STATE_DIRECTORY; without one a restart reads them anew)",
        type=directory,
    )
    option(
        "max-label-values",
        "1000",
        "most users, accounts and the like that a metric has series for; the largest stay (default: 1000)",
        type=count,
    )
    option("user-limits", "no", "'yes' shows limits of single users too (default: no)", type=yes_no)
    option(
        "queue-labels",
        ",".join(jobs.OWNERS),
        f"whose jobs of the queue have series of their own: {', '.join(jobs.OWNERS)}, or nothing "
        f"(default: {','.join(jobs.OWNERS)})",
        type=some_of(jobs.OWNERS),
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
        type=count,
    )
    option("job-names", "no", "'yes' to show the names of running jobs, which users choose (default: no)", type=yes_no)
    option(
        "sd-ports",
        "",
        "ports of the targets, where they differ: "
        "node_exporter=9100,dcgm_exporter=9400,amd_metrics_exporter=5000,job_agent=9501",
        type=ports,
    )
    option("source", CLI, f"who is asked: {', '.join(SOURCES)} (default: {CLI})", choices=SOURCES)
    option(
        "slurmrestd-url",
        "http://localhost:6820",
        "where slurmrestd listens: http://HOST:PORT, https://HOST:PORT or unix:/PATH (default: http://localhost:6820)",
        type=url,
    )
    option(
        "slurmrestd-api-version",
        AUTO,
        f"version of its API, such as {API_VERSIONS[0]} (default: {AUTO}, the newest that it and this program speak)",
        type=api_version,
    )
    option("slurm-jwt-file", "", f"file with the token for it (default: ${TOKEN_VARIABLE})", type=file)
    option(
        "openmetrics-url",
        "http://localhost:6817",
        "where slurmctld listens (default: http://localhost:6817)",
        type=url,
    )
    option("custom-metrics", "", "file with metrics of your own: commands, and how to read them", type=file)
    option("web-config", "", "file with TLS and passwords, in the format of Prometheus' exporters", type=file)
    return result
