#!/usr/bin/env python3
"""bin/bench faults: let faults happen to a running exporter over real Slurm, and compare its numbers with Slurm's own.

Needs root on Debian or Ubuntu, like the lab whose image it uses. See docs/exporter-faults.md, which this writes.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from simulated_cluster import sandbox  # noqa: E402

from lab import host, image  # noqa: E402
from lab.errors import LabError  # noqa: E402
from tests.faults.markdown import table  # noqa: E402

PAGE = ROOT / "docs/exporter-faults.md"
COLUMNS = ("fault", "how", "meanwhile: sources down", "slowest GET", "equal after")
PACKAGES = [
    ROOT / "tests/simulated_cluster",
    ROOT / "tests/benchmarks/side_by_side",
    ROOT / "tests/faults/injection",
    ROOT / "roles/_programs/files/slurm_observability/src/slurm_observability",
]


def main() -> int:
    """Inject the faults. Exit code 1: it could not run; 3: a number was wrong after a fault."""
    parser = argparse.ArgumentParser(prog="bin/bench faults", description=__doc__.partition("\n")[0])
    parser.add_argument("--suite", default="trixie", choices=["bookworm", "trixie", "sid"], help="Debian release")
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.relative_to(ROOT)}")
    parser.add_argument("faults", nargs="*", help="words in the names of the faults to inject (default: all)")
    options = parser.parse_args()
    try:
        result = run(options.suite, options.faults)
    except LabError as error:
        print(f"bin/bench faults: {error}", file=sys.stderr)
        return 1
    text = page(result)
    print(text)
    if options.write and not options.faults:
        PAGE.write_text(text)
    return 0 if all(good(outcome) for outcome in result["outcomes"]) else 3


def run(suite: str, wanted: list[str]) -> dict[str, Any]:
    """Run the faults in the sandbox, and return what was seen. Raises LabError."""
    needed = [importlib.util.find_spec(package) for package in ("prometheus_client", "bcrypt", "yaml")]
    if not all(needed):
        raise LabError("what the exporter needs is missing: start this with bin/bench, which installs it")
    host.require_usable()
    host.install_tools()
    folder = image.folder(image.ensure(suite))
    packages = [*PACKAGES, *(Path(spec.origin).parent for spec in needed if spec and spec.origin)]
    done = sandbox.run(folder, packages, ["python3", "-m", "injection", *wanted])
    if done.returncode != 0:
        raise LabError(f"the faults ended with exit code {done.returncode}; their own words are above")
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def good(outcome: dict[str, Any]) -> bool:
    """Tell whether the exporter lived through the fault, kept its totals, and was right in the end."""
    return outcome["recovery"] is not None and outcome["survived"] and not outcome["shrank"]


def page(result: dict[str, Any]) -> str:
    """Return the page as Markdown."""
    lines = [
        "# What faults do to the exporter",
        "",
        f"Written by `bin/bench faults --write`, never by hand: real Slurm {result['slurm']} (munge, MariaDB, "
        "slurmdbd, slurmctld, slurmd) in a sandbox, the exporter as a process of its own with an interval of one "
        "second and a timeout of three. In each fault real jobs end. *Meanwhile* is what `slurm_exporter_source_up` "
        "and the slowest GET /metrics say while it lasts. *Equal* means that afterwards every number of queue, nodes "
        "and history is what squeue, sinfo and a full `sacct -X -D` say, and that no total shrank; the seconds count "
        "from the end of the fault. What is replaced by a stand-in is called one.",
        "",
        *table(COLUMNS, [_row(outcome) for outcome in result["outcomes"]]),
    ]
    return "\n".join([*lines, ""])


def _row(outcome: dict[str, Any]) -> list[str]:
    down = ", ".join(outcome["down"]) or "none"
    slowest = f"{1000 * outcome['slowest']:.0f} ms" if outcome["slowest"] else "none answered"
    equal = f"yes, {outcome['recovery']:.1f} s" if good(outcome) else f"**no**: {_why(outcome)}"
    return [outcome["name"], outcome["how"], down, slowest, equal]


def _why(outcome: dict[str, Any]) -> str:
    if not outcome["survived"]:
        return "the program ended"
    if outcome["shrank"]:
        return "a total shrank"
    return "; ".join(outcome["wrong"][:3])


if __name__ == "__main__":
    sys.exit(main())
