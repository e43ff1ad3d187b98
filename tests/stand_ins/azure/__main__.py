"""Run a stand-in for Azure by hand, and print the environment that leads to it.

    python -m tests.stand_ins.azure [--port PORT] --directory DIR

Everything is in memory, and gone when it ends. Orders are taken under /stand-in (control.py).
"""

from __future__ import annotations

import argparse
import shlex
import signal
import sys
from pathlib import Path

from . import AzureStandIn, Furniture


def main() -> int:
    """Serve until a signal ends it."""
    parser = argparse.ArgumentParser(description="A stand-in for Azure, for tests. It is not Azure.")
    parser.add_argument("--port", type=int, default=0, help="port of TLS on 127.0.0.1 (any free one)")
    parser.add_argument("--directory", type=Path, required=True, help="for the certificates")
    parser.add_argument("--group", default="hpc", help="a resource group with a workspace named logs (hpc)")
    options = parser.parse_args()
    # Blocked before any thread is there: who waits for them is the only one to get them.
    ends = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, ends)
    with AzureStandIn(options.directory, options.port) as stand_in:
        furniture = Furniture(stand_in.services, options.group)
        workspace = furniture.workspace()
        furniture.publisher(stand_in.estate.tenancy.operator.object_id, furniture.group)
        print("# A stand-in for Azure: nothing here reaches Azure.")
        for name, value in stand_in.environment().items():
            print(f"export {name}={shlex.quote(value)}")
        print(f"# workspace: {workspace}", flush=True)
        signal.sigwait(ends)
    return 0


if __name__ == "__main__":
    sys.exit(main())
