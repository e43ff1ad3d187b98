"""Runs inside the sandbox, as its first process: bring the cluster up, then run a command in it as the user slurm.

    python3 -m simulated_cluster COMMAND...

Progress goes to stderr, one line per step; stdout belongs to the command. When this process ends, the kernel ends
every daemon with it.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable

from . import daemons, workload


def step(what: str, work: Callable[[], None]) -> None:
    """Do one step and say how long it took."""
    began = time.monotonic()
    work()
    print(f"   {time.monotonic() - began:6.1f} s  {what}", file=sys.stderr, flush=True)


def main(command: list[str]) -> int:
    """Return the exit code of `command`, or 1 with a sentence when the cluster does not come up."""
    try:
        daemons.configure()
        step("munge, MariaDB, slurmdbd, slurmctld, slurmd", daemons.start)
        step(f"{workload.HISTORY_ROWS:,} finished jobs over {workload.HISTORY_DAYS} days", workload.load_history)
        step("2,500 nodes up", workload.declare_nodes_up)
        step(f"{workload.QUEUE_RECORDS:,} queue records, {workload.QUEUE_JOBS:,} jobs", workload.load_queue)
        step("nodes down, drained, powering up", workload.set_node_states)
    except RuntimeError as error:
        print(f"the simulated cluster did not come up: {error}", file=sys.stderr)
        return 1
    as_slurm = ["setpriv", "--reuid", "slurm", "--regid", "slurm", "--init-groups"]
    return subprocess.run([*as_slurm, *command], check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
