#!/usr/bin/env python3
"""bin/bench job-faults: let faults happen to the way of jobs onto the record, and compare the record with Slurm's own.

Needs root on Debian or Ubuntu, like the lab in which it runs. See docs/job-faults.md, which this writes.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from tests.faults.markdown import table  # noqa: E402
from tests.faults.pipeline.faults import FAULTS  # noqa: E402
from tests.faults.pipeline.outcome import Outcome, inject  # noqa: E402
from tests.integration.lab.support import Lab  # noqa: E402

PAGE = ROOT / "docs/job-faults.md"
INTRODUCTION = """\
# What faults do to the record of jobs

Written by `bin/bench job-faults --write`, never by hand: real Slurm {version} in the lab, hooks, agents and the
service as their roles install them, all intervals at their defaults. In each row jobs begin and end all the time, a
few each second on two nodes: arrays, jobs on both nodes, jobs that fail, are killed by a signal, are cancelled, are
requeued.

Once the fault is over and the last job has ended, `/v1/jobs` is compared with `sacct -a -D -X`. *Missing* is a run
that is not there, *double* one that is there more than once or that Slurm does not know, *differing* one with another
state, exit code, signal, nodes, times or user. *Told by hooks*: of so many of the runs that began an event arrived;
the others the service has from Slurm alone. *Nodes* is what `sacctmgr show event` has of nodes that were drained or
went down. *Job start* is how long `srun true` takes beside all that: the median, and what 95 of 100 do not exceed;
it depends on what else the host of the lab does, too.
*Equal after* counts from the end of the fault, with five more seconds of jobs and the last one's end; the service asks
for ended runs once a minute, so it may take a minute where nothing is wrong.
"""
COLUMNS = (
    "fault",
    "how",
    "for",
    "runs",
    "missing",
    "double",
    "differing",
    "told by hooks",
    "nodes",
    "job start",
    "equal after",
)


def main() -> int:
    """Inject the faults. Exit code 1: it could not run; 3: after a fault the record was wrong, or a node drained."""
    parser = argparse.ArgumentParser(prog="bin/bench job-faults", description=__doc__.partition("\n")[0])
    parser.add_argument("--lab", default="job-faults", help="the name of its lab (default: %(default)s)")
    parser.add_argument("--suite", default="trixie", choices=["bookworm", "trixie", "sid"], help="Debian release")
    parser.add_argument("--short", action="store_true", help="no fault lasts longer than half a minute")
    parser.add_argument("--keep", action="store_true", help="leave the lab up, for the next run or a look")
    parser.add_argument("--as-it-is", action="store_true", help="use a lab that was kept, and install nothing anew")
    parser.add_argument("--write", action="store_true", help=f"write the rows into {PAGE.relative_to(ROOT)}")
    parser.add_argument("faults", nargs="*", help="words in the names of the faults to inject (default: all)")
    options = parser.parse_args()
    lab, good = Lab(options.lab), True
    try:
        if not options.as_it_is:
            lab.lab("up", "--suite", options.suite)
            install(lab)
        version = lab.run("head", "squeue --version").split()[1]
        rows = {}
        for outcome in run(lab, options.faults, options.short):
            good = good and outcome.good
            rows[outcome.fault.name] = _row(outcome)
            if options.write:
                PAGE.write_text(page(version, _written() | rows))
    except (AssertionError, subprocess.SubprocessError) as error:
        print(f"bin/bench job-faults: {error}", file=sys.stderr)
        return 1
    finally:
        if not options.keep:
            lab.lab("down")
    print(page(version, rows))
    return 0 if good else 3


def install(lab: Lab) -> None:
    """Put hooks, agents and the service on the lab, with the roles' own defaults."""
    with tempfile.NamedTemporaryFile("w", suffix=".yml") as inventory:
        inventory.write(lab.lab("inventory"))
        inventory.flush()
        playbook = ["playbooks/jobs.yml", "--extra-vars", "slurm_hooks_slurm_conf=include"]
        subprocess.run(
            ["ansible-playbook", "--inventory", inventory.name, *playbook],
            cwd=ROOT,
            env={**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg")},
            stdout=sys.stderr,
            check=True,
        )


def run(lab: Lab, wanted: Sequence[str], short: bool) -> Iterator[Outcome]:
    """Inject the faults whose names contain a wanted word, or all of them."""
    for fault in FAULTS:
        if not wanted or any(word in fault.name for word in wanted):
            outcome = inject(fault, lab, fault.seconds_in_short if short else fault.seconds)
            print(f"   {fault.name}: {describe(outcome)}", file=sys.stderr, flush=True)
            yield outcome


def describe(outcome: Outcome) -> str:
    """How it ended, in words, with examples of what is wrong."""
    records = outcome.records
    if outcome.good:
        return f"{records.runs} runs, equal after {outcome.recovery:.0f} s"
    wrong = [*records.missing, *records.double, *records.differing, *outcome.drained]
    return "\n      ".join(["not good", *map(str, wrong[:10])])


def page(version: str, rows: Mapping[str, Sequence[str]]) -> str:
    """Return the page as Markdown, with these rows by the names of their faults."""
    in_order = [rows[fault.name] for fault in FAULTS if fault.name in rows]
    return "\n".join([INTRODUCTION.format(version=version), *table(COLUMNS, in_order), ""])


def _written() -> dict[str, Sequence[str]]:
    """The rows that the page has: those of faults that were not injected this time stay."""
    lines = PAGE.read_text().splitlines() if PAGE.exists() else []
    rows = [line.strip("| ").split(" | ") for line in lines if line.startswith("| ")]
    return {row[0]: row for row in rows}


def _row(outcome: Outcome) -> list[str]:
    records = outcome.records
    return [
        outcome.fault.name,
        outcome.fault.how,
        f"{outcome.seconds:.0f} s",
        f"{records.runs:,}",
        str(len(records.missing)),
        str(len(records.double)),
        str(len(records.differing)),
        f"{records.began - len(records.untold):,} of {records.began:,}",
        "; ".join(outcome.drained) or "none drained",
        ", ".join(f"{seconds:.2f} s" for seconds in outcome.starts) if outcome.starts else "not measured",
        f"{outcome.recovery:.0f} s" if records.equal else "**never**",
    ]


if __name__ == "__main__":
    sys.exit(main())
