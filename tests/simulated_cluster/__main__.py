"""Runs inside the sandbox, as its first process: bring the cluster up, then run a command in it as the user slurm.

    python3 -m simulated_cluster NODES,JOBS,ROWS COMMAND...

Progress goes to stderr, one line per step; stdout belongs to the command. When this process ends, the kernel ends
every daemon with it.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial

from . import daemons, workload
from .size import HISTORY_DAYS, Size


def step(what: str, work: Callable[[], None]) -> None:
    """Do one step and say how long it took."""
    began = time.monotonic()
    work()
    print(f"   {time.monotonic() - began:6.1f} s  {what}", file=sys.stderr, flush=True)


def main(size: Size, command: list[str]) -> int:
    """Return the exit code of `command`, or 1 with a sentence when the cluster does not come up."""
    try:
        daemons.configure(size)
        step("munge, MariaDB, slurmdbd, slurmctld, slurmd", daemons.start)
        step(f"{size.rows:,} finished jobs over {HISTORY_DAYS} days", partial(workload.load_history, size))
        step(f"{size.nodes // 2:,} of {size.nodes:,} nodes up", partial(workload.declare_nodes_up, size))
        step(f"{size.records:,} queue records, {size.jobs:,} jobs", partial(workload.load_queue, size))
        step("nodes down, drained, powering up", partial(workload.set_node_states, size))
    except RuntimeError as error:
        print(f"the simulated cluster did not come up: {error}", file=sys.stderr)
        return 1
    as_slurm = ["setpriv", "--reuid", "slurm", "--regid", "slurm", "--init-groups"]
    return subprocess.run([*as_slurm, *command], check=False).returncode


if __name__ == "__main__":
    sys.exit(main(Size.parse(sys.argv[1]), sys.argv[2:]))
