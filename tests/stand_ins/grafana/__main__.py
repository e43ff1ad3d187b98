"""Run a stand-in for Grafana by hand, and print the environment that leads to it.

    python -m tests.stand_ins.grafana [--version 13] [--port PORT] [--directory DIR]

Everything is in memory, and gone when it ends.
"""

from __future__ import annotations

import argparse
import shlex
import signal
import sys
from pathlib import Path

from .flavour import FLAVOURS
from .stand_in import PASSWORD, TOKEN, GrafanaStandIn


def main() -> int:
    """Serve until a signal ends it."""
    parser = argparse.ArgumentParser(description="A stand-in for Grafana, for tests. It is not Grafana.")
    parser.add_argument("--version", type=int, choices=sorted(FLAVOURS), default=13, help="the Grafana to stand in for")
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1 (any free one)")
    parser.add_argument("--directory", type=Path, help="for the certificates; without it, it speaks no TLS")
    options = parser.parse_args()
    # Blocked before any thread is there: who waits for them is the only one to get them.
    ends = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, ends)
    with GrafanaStandIn(options.version, options.port, options.directory) as stand_in:
        print(f"# A stand-in for Grafana {stand_in.flavour.version}: it is not Grafana.")
        print(f"export GRAFANA_URL={shlex.quote(stand_in.url)}")
        print(f"export GRAFANA_TOKEN={shlex.quote(TOKEN)}")
        print(f"# or the user admin with the password {PASSWORD}")
        if stand_in.ca_file:
            print(f"# ca_path: {stand_in.ca_file}")
        sys.stdout.flush()
        signal.sigwait(ends)
    return 0


if __name__ == "__main__":
    sys.exit(main())
