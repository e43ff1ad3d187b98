"""Run a stand-in for a dstack server by hand, and print the variables that lead to it.

python -m tests.stand_ins.dstack [--address ADDRESS] [--port PORT]
"""

from __future__ import annotations

import argparse
import signal
import sys

from tests.unit.programs.web_server import WebServer

from .stand_in import METRICS_TOKEN, TOKEN, DstackStandIn, recorded_fleets


def main() -> int:
    """Serve until a signal ends it."""
    parser = argparse.ArgumentParser(description="A stand-in for a dstack server, for tests. It is no dstack.")
    parser.add_argument("--address", default="127.0.0.1", help="address to listen on (127.0.0.1)")
    parser.add_argument("--port", type=int, default=0, help="port to listen on (any free one)")
    options = parser.parse_args()
    # Blocked before any thread is there: who waits for them is the only one to get them.
    ends = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, ends)
    server = WebServer(address=(options.address, options.port))
    DstackStandIn(server).fleets = recorded_fleets()
    print("# A stand-in for a dstack server: it is no dstack.")
    print(f"observability_dstack_url: http://{options.address}:{server.port}")
    print(f"prometheus_dstack_token: {METRICS_TOKEN}")
    print(f"dstack_poller_token: {TOKEN}")
    sys.stdout.flush()
    signal.sigwait(ends)
    server.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
