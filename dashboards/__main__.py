"""`bin/dashboards`: what can be done with the dashboards."""

from __future__ import annotations

import argparse
import sys

from .house import build


def main() -> int:
    """Parse the command line and do what it says."""
    parser = argparse.ArgumentParser(
        prog="bin/dashboards",
        description=__doc__,
        epilog="bin/dashboards render and bin/dashboards serve draw them, with data of a Prometheus: see their --help",
    )
    commands = parser.add_subparsers(dest="command", required=True)
    building = commands.add_parser("build", help="write the JSON that ships in the role grafana")
    building.add_argument("--check", action="store_true", help="write nothing; fail if a file is not up to date")
    arguments = parser.parse_args()
    return build.check() if arguments.check else build.write()


if __name__ == "__main__":
    sys.exit(main())
