"""The options of dstack-poller: names, defaults, and what they mean."""

from __future__ import annotations

import os

from ..command_line.options import Options
from ..command_line.types import LOG_LEVELS, file, log_level, port, seconds, url
from .settings import DEFAULT_URL

PROGRAM = "dstack-poller"
ENVIRONMENT_PREFIX = "DSTACK_POLLER_"


def parser() -> Options:
    """Return the parser of the command line. An option's default comes from the environment where it is set there."""
    result = Options(
        PROGRAM,
        ENVIRONMENT_PREFIX,
        "Asks a dstack server about its instances, and tells Prometheus what the server's own metrics leave out.",
    )
    result.add_argument("--once", action="store_true", help="ask the server once, print the metrics, and end")
    result.add_argument("--check-config", action="store_true", help="look at the options and their files, and end")
    option = result.option
    option("port", "9502", "TCP port to listen on (default: 9502)", type=port)
    option("listen-address", "127.0.0.1", "address to listen on (default: 127.0.0.1; 0.0.0.0 for all)")
    option("web-config", "", "file with TLS and passwords, in the format of Prometheus' exporters", type=file)
    option("url", DEFAULT_URL, f"where the dstack server listens (default: {DEFAULT_URL})", type=url)
    option(
        "token-file",
        _credential(),
        "file with the token of a dstack user (default: $CREDENTIALS_DIRECTORY/token, as systemd's LoadCredential= "
        "makes it)",
        type=file,
    )
    option("ca-file", "", "file with the authorities that the server's certificate is checked against", type=file)
    option("interval", "30", "seconds from one question to the next (default: 30)", type=seconds)
    option("timeout", "20", "seconds after which a request is given up (default: 20)", type=seconds)
    option("log-level", "INFO", f"one of {', '.join(LOG_LEVELS)} (default: INFO)", type=log_level)
    return result


def _credential() -> str:
    directory = os.environ.get("CREDENTIALS_DIRECTORY", "")
    return f"{directory}/token" if directory else ""
