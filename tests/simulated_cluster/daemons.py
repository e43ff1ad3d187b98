"""Configure and start real munge, MariaDB, slurmdbd, slurmctld and slurmd inside the sandbox.

Four slurmd on one machine carry the running jobs. The other nodes are known to slurmctld alone: half of them are
CLOUD nodes without power, which is what a scaled-down Azure cluster looks like to Slurm, and half are said to be up
(workload.py) so that each of them has its own time series, as on a busy one.
"""

from __future__ import annotations

import secrets
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from .command import run
from .size import Size

HOSTNAME = "bench"
CLUSTER = "bench"
WORKERS = tuple(f"n{number}" for number in range(1, 5))
PARTITIONS = ("hpc", "htc", "gpu", "dynamic")

_SLURM_CONF = """\
ClusterName={cluster}
SlurmctldHost={hostname}(127.0.0.1)
SlurmUser=slurm
AuthType=auth/munge
StateSaveLocation=/var/spool/slurmctld
SlurmdSpoolDir=/var/spool/slurmd/%n
SlurmctldPidFile=/run/slurm/slurmctld.pid
SlurmdPidFile=/run/slurm/slurmd.%n.pid
SlurmctldLogFile=/var/log/slurm/slurmctld.log
SlurmdLogFile=/var/log/slurm/slurmd.%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SlurmdParameters=config_overrides
MpiDefault=none
ReturnToService=2
# Longer than any run: no node's state changes because nobody answers for it.
SlurmdTimeout=36000
MaxArraySize=1000001
MaxJobCount=2000000
# Finished jobs stay in the queue for the whole run, so that nothing changes between two measurements.
MinJobAge=36000
AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=127.0.0.1
JobAcctGatherType=jobacct_gather/none
# Slurm before 23.02 hides powered-down CLOUD nodes otherwise.
PrivateData=cloud
# A calm scheduler: the measurement is of reading the queue, not of planning it.
SchedulerParameters=default_queue_depth=10,bf_max_job_test=10,sched_interval=30,bf_interval=120
SuspendTime=36000
SuspendProgram=/bin/true
ResumeProgram=/bin/true
ResumeTimeout=36000
NodeName=n[1-{workers}] NodeHostname={hostname} NodeAddr=127.0.0.1 Port=[17001-{last_port}] \
CPUs=512 RealMemory=1000000 State=UNKNOWN
NodeName={size.powered_down} CPUs=16 RealMemory=64000 State=CLOUD
# Loopback addresses, where every connection is refused at once: slurmctld insists on resolving such nodes.
NodeName={size.powered_up} NodeAddr={size.addresses} CPUs=16 RealMemory=64000 State=UNKNOWN
PartitionName=hpc Nodes=n[1-{workers}] Default=YES MaxTime=INFINITE State=UP
"""

SLURMDBD_CONF = """\
AuthType=auth/munge
DbdHost=localhost
DbdAddr=127.0.0.1
SlurmUser=slurm
StorageType=accounting_storage/mysql
StorageHost=localhost
StorageUser=slurm
StoragePass={password}
StorageLoc=slurm_acct_db
LogFile=/var/log/slurm/slurmdbd.log
PidFile=/run/slurm/slurmdbd.pid
"""


def wait_for(what: str, ready: Callable[[], bool], seconds: float = 60) -> None:
    """Poll `ready` until it is true; raise RuntimeError after `seconds`."""
    deadline = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > deadline:
            raise RuntimeError(f"{what} was not ready within {seconds:.0f} s")
        time.sleep(0.2)


def succeeds(*command: str) -> bool:
    """Tell whether a command ends with exit code 0 within five seconds."""
    try:
        return subprocess.run(command, capture_output=True, timeout=5, check=False).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def write(path: str, text: str, owner: str = "root", mode: int = 0o644) -> None:
    """Write a configuration file that at no time can be read by more than `mode` allows."""
    file = Path(path)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch()
    file.chmod(mode)
    shutil.chown(path, owner, owner)
    file.write_text(text)


def slurm_conf(size: Size) -> str:
    """Return slurm.conf for a cluster of that size."""
    partitions = [
        f"PartitionName={name} Nodes={nodes} MaxTime=INFINITE State=UP" for name, nodes in size.partitions.items()
    ]
    head = _SLURM_CONF.format(
        cluster=CLUSTER, hostname=HOSTNAME, workers=len(WORKERS), last_port=17000 + len(WORKERS), size=size
    )
    return head + "\n".join([*partitions, ""])


def configure(size: Size) -> None:
    """Write the configuration of every daemon and make the directories they own."""
    database_password = secrets.token_hex(16)
    write("/etc/hosts", f"127.0.0.1 localhost {HOSTNAME}\n")
    write("/etc/slurm/slurm.conf", slurm_conf(size))
    # No cgroups here. Slurm 22.05 cannot be told so; its plugin for version 1 does nothing until a job has a process.
    plugin = "cgroup/v1" if run("slurmd", "-V").split()[1].startswith("22.05.") else "disabled"
    write("/etc/slurm/cgroup.conf", f"CgroupPlugin={plugin}\n")
    write("/etc/slurm/slurmdbd.conf", SLURMDBD_CONF.format(password=database_password), "slurm", 0o600)
    write("/etc/munge/munge.key", secrets.token_hex(512), "munge", 0o400)
    write(
        "/run/slurm-bench.sql",
        f"""\
        create database slurm_acct_db;
        create user slurm@localhost identified by '{database_password}';
        grant all on slurm_acct_db.* to slurm@localhost;
        """,
        mode=0o600,
    )
    owned = {
        "/var/spool/slurmctld": "slurm",
        "/var/log/slurm": "slurm",
        "/run/slurm": "slurm",
        "/run/munge": "munge",
        "/run/mysqld": "mysql",
    }
    for directory, owner in owned.items():
        Path(directory).mkdir(parents=True, exist_ok=True)
        shutil.chown(directory, owner, owner)
    for worker in WORKERS:
        Path("/var/spool/slurmd", worker).mkdir(parents=True, exist_ok=True)


def start() -> None:
    """Start every daemon in the order in which they need each other, and wait until each answers."""
    run("setpriv", "--reuid", "munge", "--regid", "munge", "--clear-groups", "munged")
    with Path("/var/log/mariadb.log").open("w") as log:
        subprocess.Popen(
            [
                "mariadbd",
                "--user=mysql",
                "--skip-networking",
                "--innodb-buffer-pool-size=1G",
                "--innodb-lock-wait-timeout=900",
                "--innodb-flush-log-at-trx-commit=0",
                "--innodb-log-file-size=1G",
                "--debug-no-sync",
            ],
            stdout=log,
            stderr=log,
        )
    wait_for("MariaDB", lambda: succeeds("mariadb", "-e", "select 1"))
    run("mariadb", stdin=Path("/run/slurm-bench.sql").read_text())
    run("slurmdbd")
    wait_for("slurmdbd", lambda: succeeds("sacctmgr", "-n", "show", "cluster"))
    run("sacctmgr", "-i", "add", "cluster", CLUSTER)
    run("sacctmgr", "-i", "add", "account", "a1")
    run("sacctmgr", "-i", "add", "user", "root", "account=a1")
    run("slurmctld", "-i")
    wait_for("slurmctld", lambda: succeeds("sinfo"))
    for worker in WORKERS:
        run("slurmd", "-N", worker)
    wait_for("slurmd", lambda: run("sinfo", "-h", "-p", "hpc", "-t", "idle", "-o", "%D").strip() == str(len(WORKERS)))
