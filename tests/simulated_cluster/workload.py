"""Give the simulated cluster a past and a present: accounting rows, node states and a long queue.

Everything in the queue is a real job record that slurmctld made itself. Only the past is written by SQL, since
nobody can wait 180 days; the rows have the shape that slurmdbd gives to finished jobs.
"""

from __future__ import annotations

import os
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from .command import run
from .daemons import CLUSTER, PARTITIONS, wait_for
from .size import HISTORY_DAYS, Size

# What a queue on a bad day looks like. All of it holds still while it is measured.
RUNNING = 200
SUSPENDED = 5
CONFIGURING = 20
COMPLETING = 5
CANCELLED = 15
HOSTILE_NAMES = ("pipe|name", "new\nline", "a,b=c State=IDLE", b"invalid \xff utf-8")

# Job states of Slurm's database: completed, cancelled, failed, timed out, node failure, preempted, out of memory.
_STATES = [5, *[3] * 15, 4, 6, 7, 8, 11]

# In one statement the rows would be one transaction, too large to be quick.
_ROWS_PER_INSERT = 1_000_000
_HISTORY_SQL = """\
insert into {cluster}_job_table
  (mod_time, deleted, account, cpus_req, exit_code, job_name, id_assoc, id_array_job, id_job, id_qos, id_resv,
   id_wckey, id_user, id_group, het_job_id, het_job_offset, state_reason_prev, nodelist, nodes_alloc, `partition`,
   priority, state, time_submit, time_eligible, time_start, time_end, kill_requid, tres_alloc, tres_req, work_dir)
select @now, 0, 'a1', 4, if(elt(1 + seq % {kinds}, {states}) = 5, 256, 0), concat('job_', seq),
  (select max(id_assoc) from {cluster}_assoc_table where user = 'root' and acct = 'a1'),
  0, 1000000 + seq, 1, 0,
  0, 0, 0, 0, 4294967294, 0, concat('c', 1 + seq % {nodes}), 1,
  elt(1 + seq % 4, {partitions}),
  100, elt(1 + seq % {kinds}, {states}), ended - 400, ended - 400, ended - 300, ended,
  if(elt(1 + seq % {kinds}, {states}) = 4, 0, null), '1=4,2=16000,4=1,5=4', '1=4,2=16000,4=1,5=4', '/tmp'
from (select seq, @now - 60 - @span + floor(seq * (@span / {rows})) as ended from seq_{first}_to_{last}) as jobs;
"""


def load_history(size: Size, days: int = HISTORY_DAYS) -> None:
    """Insert `size.rows` finished jobs, spread evenly over the last `days` days, the last one a minute ago."""
    values = {
        "cluster": CLUSTER,
        "rows": size.rows,
        "nodes": size.nodes,
        "kinds": len(_STATES),
        "states": ", ".join(map(str, _STATES)),
        "partitions": ", ".join(f"'{name}'" for name in PARTITIONS),
    }
    inserts = [
        _HISTORY_SQL.format(first=first, last=min(first + _ROWS_PER_INSERT - 1, size.rows), **values)
        for first in range(1, size.rows + 1, _ROWS_PER_INSERT)
    ]
    start = f"set @now = unix_timestamp(), @span = {days} * 86400;"
    run("mariadb", "slurm_acct_db", stdin="\n".join([start, *inserts, f"analyze table {CLUSTER}_job_table;"]))


def declare_nodes_up(size: Size) -> None:
    """Make nodes idle that never registered: Slurm lets an administrator call such a node down, and a down one up.

    Before there is a queue, because slurmctld looks through all of it for each node that goes down.
    """
    run("scontrol", "update", f"nodename={size.powered_up}", "state=down", "reason=simulated")
    run("scontrol", "update", f"nodename={size.powered_up}", "state=resume")


def _count(state: str) -> int:
    return len(run("squeue", "-h", "-t", state, "-o", "%i").splitlines())


def load_queue(size: Size) -> None:
    """Submit `size.records` records that expand to `size.jobs` jobs, in every state that can be held still."""
    os.chdir("/tmp")
    batch = ("sbatch", "--parsable", "-o", "/dev/null", "--wrap", "sleep 1")
    held = (*batch, "-H", "-c1")
    # One slurmd carries a job on a whole node; two carry the many; a stopped one keeps its jobs completing.
    _allocate("n4", 1, "--exclusive")
    for worker in ("n1", "n2"):
        _allocate(worker, (RUNNING + SUSPENDED - 1) // 2, "-c1")
    _allocate("n3", COMPLETING, "-c1")
    running = run("squeue", "-h", "-t", "RUNNING", "-w", "n1,n2", "-o", "%i").split()
    run("scontrol", "suspend", ",".join(running[:SUSPENDED]))
    _stop_slurmd("n3")
    run("scancel", *run("squeue", "-h", "-w", "n3", "-o", "%i").split())
    _parallel([(*batch, "-p", "htc", "-c1")] * CONFIGURING)

    singles = size.records - 2 - RUNNING - SUSPENDED - CONFIGURING - COMPLETING
    array_tasks = size.jobs - size.records + 2
    in_two = array_tasks // 6
    run(*held, "-p", "htc,gpu", f"--array=0-{in_two - 1}", "-J", "two_partitions")
    run(*held, "-p", "gpu", f"--array=0-{array_tasks - in_two - 1}%100", "-J", "one_partition")
    for name in HOSTILE_NAMES:
        run(*held, "-p", "hpc", "-J", os.fsdecode(name))
    _parallel([(*held, "-p", "gpu", "-J", f"job_{number}") for number in range(singles - len(HOSTILE_NAMES))])
    finished = [run(*held, "-p", "htc").strip() for _ in range(CANCELLED)]
    run("scancel", *finished)

    wait_for("the configuring jobs", lambda: _count("CONFIGURING") == CONFIGURING)
    wait_for("the completing jobs", lambda: _count("COMPLETING") == COMPLETING)


def set_node_states(size: Size) -> None:
    """Put nodes into the states that a site sees: powering up, down, drained with a reason that forges fields."""

    def up(number: int) -> int:
        return size.first_up + number

    run("scontrol", "update", "nodename=c[101-110]", "state=power_up")
    run("scontrol", "update", f"nodename=c[201-205,{up(200)}-{up(210)}]", "state=down", "reason=Not responding?")
    drained = f"nodename=c[{up(100)}-{up(106)}]"
    run("scontrol", "update", drained, "state=drain", "reason=disk | fail State=IDLE Partitions=hpc é")
    run("scontrol", "update", "nodename=n1", "state=drain", "reason=a|b")


def _allocate(worker: str, jobs: int, *options: str) -> None:
    """Start `jobs` running jobs without a process: an allocation of `salloc --no-shell` is a job like any other."""
    _parallel([("salloc", "-Q", "--no-shell", "-p", "hpc", "-w", worker, *options)] * jobs)


def _parallel(commands: list[tuple[str, ...]]) -> None:
    """Run many commands, a few at a time: submitting is bound by the start of a process, not by slurmctld."""
    with ThreadPoolExecutor(max_workers=(os.cpu_count() or 1) + 2) as pool:
        for _ in pool.map(lambda command: run(*command), commands):
            pass


def _stop_slurmd(worker: str) -> None:
    """Freeze one slurmd, so that what slurmctld asks of it stays unanswered."""
    os.kill(int(Path(f"/run/slurm/slurmd.{worker}.pid").read_text()), signal.SIGSTOP)
