#!/usr/bin/env python3
"""bin/bench fluent-bit: what is lost and what is doubled between a log and Azure, with a fluent-bit of your own.

Three nodes, each with a log of lines and one of tracebacks, and a fluent-bit configured as the role configures it;
Azure is the stand-in, which refuses requests over 1 MiB, packed or not. Every record has a number, and at the end they
are counted. The full disk is a small tmpfs, which only root can mount.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / ".collections")]

from tests.faults.forwarder.cases import CASES, Case  # noqa: E402
from tests.faults.forwarder.nodes import Azure, Node  # noqa: E402
from tests.faults.markdown import table  # noqa: E402
from tests.stand_ins.azure import AzureStandIn  # noqa: E402

COLUMNS = ("fault", "rounds", "records", "lost", "doubled", "torn")
NODES, RECORDS_A_SECOND = 3, 100
# The longest pause before a retry is a minute.
PATIENCE_SECONDS = 90.0


class Count(NamedTuple):
    """Records that were written, did not come, came again; rows that are not one whole record."""

    written: int = 0
    lost: int = 0
    doubled: int = 0
    torn: int = 0


def main() -> int:
    """Run the cases. Exit code 3: one lost records that must lose none."""
    parser = argparse.ArgumentParser(prog="bin/bench fluent-bit", description=__doc__.partition("\n")[0])
    parser.add_argument("--binary", type=Path, required=True, help="a fluent-bit, 5.1 or newer")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of each case (default: %(default)s)")
    parser.add_argument("cases", nargs="*", help="words in the names of the cases (default: all)")
    options = parser.parse_args()
    version = subprocess.run([options.binary, "--version"], check=True, capture_output=True, text=True).stdout
    print(f"{version.splitlines()[0]}, {NODES} nodes, {2 * RECORDS_A_SECOND} records a second each\n")
    good = True
    rows = []
    for case in CASES:
        if options.cases and not any(word in case.name for word in options.cases):
            continue
        if "full disk" in case.name and os.geteuid() != 0:
            print(f"not root, so left out: {case.name}", file=sys.stderr)
            continue
        counts = [run(options.binary, case) for _round in range(options.rounds)]
        total = Count(*map(sum, zip(*counts, strict=True)))
        good = good and not (case.bar and total.lost)
        print(f"{case.name}: {total}", file=sys.stderr)
        rows.append((case.name, str(options.rounds), *(f"{number:,}" for number in total)))
    print("\n".join(table(COLUMNS, rows)))
    return 0 if good else 3


def run(binary: Path, case: Case) -> Count:
    """Let a fault happen, wait until nothing more comes, and count."""
    with tempfile.TemporaryDirectory() as name, AzureStandIn(Path(name) / "azure") as stand_in:
        azure = Azure(stand_in)
        nodes = [Node(binary, Path(name) / f"node{number}", azure, RECORDS_A_SECOND) for number in range(NODES)]
        case.prepare(nodes)
        try:
            for node in nodes:
                node.start()
                for log in node.logs:
                    log.start()
            case.inject(nodes, azure)
            for log in (log for node in nodes for log in node.logs):
                log.stop()
            _wait(azure, nodes)
        finally:
            for node in nodes:
                node.stop()
            case.restore(nodes)
        return _count(azure, nodes)


def _wait(azure: Azure, nodes: list[Node]) -> None:
    """Wait until all is there, or nothing more comes."""
    written = sum(log.written for node in nodes for log in node.logs)
    seen, since = -1, time.monotonic()
    while seen < written and time.monotonic() - since < PATIENCE_SECONDS:
        time.sleep(1)
        now = len(azure.records()[0])
        if now > seen:
            seen, since = now, time.monotonic()


def _count(azure: Azure, nodes: list[Node]) -> Count:
    found, torn = azure.records()
    written = {(str(log.path), number) for node in nodes for log in node.logs for number in range(log.written)}
    return Count(len(written), len(written - found.keys()), found.total() - len(found), torn)


if __name__ == "__main__":
    sys.exit(main())
