"""The options of job-agent: names, defaults, and what they mean."""

from __future__ import annotations

import os
import socket

from ..command_line.options import Options
from ..command_line.types import LOG_LEVELS, count, directory, file, log_level, port, seconds, size, url, yes_no
from .gpus.allocation import DEVICE_FILE, ORDERS
from .gpus.select import AUTO, READERS
from .settings import (
    DEFAULT_GPU_MAP,
    DEFAULT_GPU_NAMES,
    DEFAULT_SPOOL,
    DEFAULT_URL,
    MAX_SPOOL_BYTES,
    MAX_SPOOL_EVENTS,
    MODES,
    NODE,
)

PROGRAM = "job-agent"
ENVIRONMENT_PREFIX = "JOB_AGENT_"
CHECK = "check"


def parser() -> Options:
    """Return the parser of the command line. An option's default comes from the environment where it is set there."""
    result = Options(
        PROGRAM,
        ENVIRONMENT_PREFIX,
        "Tells job-observability what happens to the jobs of this node, and Prometheus what they use.",
    )
    result.add_argument(
        "command",
        nargs="?",
        choices=(CHECK,),
        help=f"{CHECK}: try everything once, say what works and what does not, and end",
    )
    result.add_argument("--json", action="store_true", help=f"with {CHECK}: print JSON")
    result.add_argument("--check-config", action="store_true", help="look at the options and their files, and end")

    option = result.option
    option("port", "9501", "TCP port to listen on (default: 9501)", type=port)
    option("listen-address", "127.0.0.1", "address to listen on (default: 127.0.0.1; 0.0.0.0 for all)")
    option("web-config", "", "file with TLS and passwords, in the format of Prometheus' exporters", type=file)
    option("log-level", "INFO", f"one of {', '.join(LOG_LEVELS)} (default: INFO)", type=log_level)
    option(
        "mode",
        NODE,
        f"one of {', '.join(MODES)}; on a controller the agent forwards and observes no jobs (default: {NODE})",
        choices=MODES,
    )
    option("cluster", "", "name of the cluster, for events that do not say it (default: none)")
    option("node", _node_name(), "Slurm's name of this node (default: $SLURMD_NODENAME, else the host's short name)")
    option(
        "url",
        DEFAULT_URL,
        f"where job-observability listens, also $OBSERVABILITY_URL (default: {DEFAULT_URL})",
        variable="OBSERVABILITY_URL",
        type=url,
    )
    option("token-file", "", "file with the token for it", type=file)
    option("ca-file", "", "file with the authorities that its certificate is checked against", type=file)
    option("timeout", "30", "seconds after which a request to it is given up (default: 30)", type=seconds)
    option(
        "spool", str(DEFAULT_SPOOL), f"directory that the hooks write events to (default: {DEFAULT_SPOOL})", type=file
    )
    option(
        "max-spool-events",
        str(MAX_SPOOL_EVENTS),
        f"most events that wait; beyond it some are dropped (default: {MAX_SPOOL_EVENTS})",
        type=count,
    )
    option(
        "max-spool-bytes",
        f"{MAX_SPOOL_BYTES >> 20}M",
        f"most bytes of them, with K, M or G for larger units (default: {MAX_SPOOL_BYTES >> 20}M)",
        type=size,
    )
    option(
        "state-directory",
        os.environ.get("STATE_DIRECTORY"),
        "keep here what is known of the jobs of this node (default: $STATE_DIRECTORY)",
        type=directory,
    )
    option("interval", "15", "seconds from one look at the jobs to the next (default: 15)", type=seconds)
    option("sample-interval", "60", "seconds from one sample for the service to the next (default: 60)", type=seconds)
    option("step-metrics", "no", "'yes' shows what single steps of jobs use too (default: no)", type=yes_no)
    option("gpus", AUTO, f"what reads the GPUs: one of {', '.join(READERS)} (default: {AUTO})", choices=READERS)
    option(
        "gpu-order",
        DEVICE_FILE,
        f"order in which Slurm counts the GPUs, {' or '.join(ORDERS)}; see gres.conf (default: {DEVICE_FILE})",
        choices=ORDERS,
    )
    option(
        "gpu-map",
        str(DEFAULT_GPU_MAP),
        f"directory of the map for dcgm-exporter, kept free of jobs that are over (default: {DEFAULT_GPU_MAP})",
        type=file,
    )
    option(
        "gpu-names",
        str(DEFAULT_GPU_NAMES),
        f"file with dcgm-exporter's names of the GPUs, for the hooks (default: {DEFAULT_GPU_NAMES})",
        type=file,
    )
    return result


def _node_name() -> str:
    return os.environ.get("SLURMD_NODENAME") or socket.gethostname().partition(".")[0]
