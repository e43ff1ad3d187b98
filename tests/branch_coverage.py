"""Hold the branches of the exporter that the unit tests take against a bar: python tests/branch_coverage.py

Reads build/coverage.json, which `bin/test units` writes. Prints the files with branches that no test takes, and ends
with 1 when less than BAR per cent of all branches, or of all statements, are taken.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

REPORT = Path(__file__).parents[1] / "build/coverage.json"
BAR = 95.0


def verdict(report: dict) -> tuple[list[str], bool]:
    """Return what to print about a report of coverage.py, and whether the bar is reached."""
    lines = []
    for name, file in sorted(report["files"].items()):
        missing = [f"{start}->{end if end > 0 else 'exit'}" for start, end in file["missing_branches"]]
        if missing or file["missing_lines"]:
            lines.append(
                f"{Path(name).name}: lines {file['missing_lines']}, branches {' '.join(missing) or 'all taken'}"
            )
    totals = report["totals"]
    branches = 100 * totals["covered_branches"] / totals["num_branches"]
    statements = 100 * totals["covered_lines"] / totals["num_statements"]
    lines.append(f"branches {branches:.1f} %, statements {statements:.1f} %, bar {BAR:g} %")
    return lines, min(branches, statements) >= BAR


def main() -> int:
    """Print the verdict on the last run."""
    lines, reached = verdict(json.loads(REPORT.read_text()))
    print("\n".join(lines))
    return 0 if reached else 1


if __name__ == "__main__":
    sys.exit(main())
