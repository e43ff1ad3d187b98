"""Slurm under test: what it says, jobs that end, rows of its database, and its daemons at the fault's mercy."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from side_by_side import truth
from simulated_cluster.command import run
from simulated_cluster.daemons import CLUSTER, PARTITIONS, succeeds, wait_for

from .program import Samples

ENDED = "boot_fail,cancelled,completed,deadline,failed,node_fail,out_of_memory,preempted,requeued,timeout"
TOTALS = {
    "completed": "COMPLETED",
    "failed": "FAILED",
    "timeout": "TIMEOUT",
    "node_failed": "NODE_FAIL",
    "cancelled": "CANCELLED",
}
_ROWS = """\
insert into {cluster}_job_table
  (mod_time, deleted, account, cpus_req, exit_code, job_name, id_assoc, id_array_job, id_job, id_qos, id_resv,
   id_wckey, id_user, id_group, het_job_id, het_job_offset, state_reason_prev, nodelist, nodes_alloc, `partition`,
   priority, state, time_submit, time_eligible, time_start, time_end, tres_alloc, tres_req, work_dir)
values {rows};
"""
_ROW = (
    "(unix_timestamp(), 0, 'a1', 4, 0, 'j', (select id_assoc from (select max(id_assoc) as id_assoc from "
    "{cluster}_assoc_table where user = 'root') as a), 0, {job}, 1, 0, 0, 0, 0, 0, 4294967294, 0, 'c1', 1, "
    "'{partition}', 100, {state}, {end} - 60, {end} - 60, {end} - 30, {end}, '1=4,2=16000,4=1,5=4', '', '/tmp')"
)
_STATES = (3, 3, 3, 4, 5, 6)  # completed, cancelled, failed, timed out
_next_job = iter(range(20_000_000, 30_000_000))


def says(reset: int) -> Samples:
    """Return what Slurm's commands say now, under the names that the exporter has for it."""
    metrics: Samples = {(name, partition, ""): value for (name, partition), value in _present().items()}
    for (state, partition), count in runs(reset).items():
        metrics["slurm_job_runs_ended_total", partition, state] = count
    sacct = ("sacct", "-a", "-X", "-n", "-S", f"uts{reset}", "-E", "now", "-o", "jobid")
    for name, state in TOTALS.items():
        metrics[f"slurm_jobs_total_{name}", "", ""] = len(run(*sacct, "-s", state).splitlines())
    return metrics


def runs(reset: int, until: str = "now") -> Counter[tuple[str, str]]:
    """Count the runs that ended since the reset time, by state and partition: sacct -X -D over the whole period."""
    text = run("sacct", "-aXDnP", "-S", f"uts{reset}", "-E", until, "-s", ENDED, "-o", "State,Partition")
    lines = (line.partition("|") for line in text.splitlines())
    return Counter((state.split(" ")[0], partition) for state, _, partition in lines)


def _present() -> dict[tuple[str, str], float]:
    return truth.queue(PARTITIONS) | truth.nodes(PARTITIONS)


def insert_runs(ends: Iterable[int]) -> None:
    """Write finished runs to slurmdbd's database, one for each time in seconds since 1970."""
    rows = [
        _ROW.format(
            cluster=CLUSTER,
            job=next(_next_job),
            partition=PARTITIONS[number % len(PARTITIONS)],
            state=_STATES[number % len(_STATES)],
            end=end,
        )
        for number, end in enumerate(ends)
    ]
    sql(_ROWS.format(cluster=CLUSTER, rows=",\n".join(rows)))


def sql(text: str) -> str:
    """Run SQL in slurmdbd's database."""
    return run("mariadb", "-N", "slurm_acct_db", stdin=text)


def submit(jobs: int, script: str, *options: str) -> str:
    """Submit an array of real jobs to the nodes with a slurmd; return its id."""
    array = ("sbatch", "--parsable", "-p", "hpc", f"--array=1-{jobs}", "-o", "/dev/null", "--chdir=/tmp", *options)
    return run(*array, "--wrap", script).strip()


@contextmanager
def stopped(daemon: str) -> Iterator[None]:
    """Stop a daemon as a hang does, and let it go on."""
    processes = _processes(daemon)
    for process in processes:
        os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        for process in processes:
            os.kill(process, signal.SIGCONT)


@contextmanager
def killed(daemon: str, *command: str) -> Iterator[None]:
    """Kill a daemon, and start it again with a command."""
    for process in _processes(daemon):
        os.kill(process, signal.SIGKILL)
    wait_for(f"the end of {daemon}", lambda: not _processes(daemon))
    yield
    run(*command)
    wait_for(daemon, lambda: succeeds("sinfo") and succeeds("sacctmgr", "-n", "show", "cluster"), 120)


@contextmanager
def slurm_conf(line: str) -> Iterator[None]:
    """Add a line to slurm.conf while the fault lasts."""
    path = Path("/etc/slurm/slurm.conf")
    before = path.read_text()
    path.write_text(f"{before}{line}\n")
    run("scontrol", "reconfigure")
    time.sleep(1)
    yield
    path.write_text(before)
    run("scontrol", "reconfigure")


def _processes(name: str) -> list[int]:
    done = subprocess.run(["pidof", name], capture_output=True, text=True, check=False)
    return [
        int(process)
        for process in done.stdout.split()
        if Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    ]
