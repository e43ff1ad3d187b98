"""The Slurm configuration of a lab, per suite. Pure text: what lands where is decided in lab/guest.py."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from lab import topology

POWER_FOLDER = "/var/spool/lab-power"
RESUME_PROGRAM = "/usr/local/sbin/lab-resume"
SUSPEND_PROGRAM = "/usr/local/sbin/lab-suspend"
JWT_KEY = "/etc/slurm/jwt_hs256.key"
NO_GRES_CONF = "AutoDetect=off\n"


@dataclass(frozen=True)
class Release:
    """What differs between the Slurm versions of the suites."""

    version: str
    cgroup_conf: str
    private_data: str | None = None
    extra: tuple[str, ...] = ()


RELEASES = {
    # 22.05 knows no CgroupPlugin=disabled, and its autodetection refuses hosts that mount both cgroup versions; naming
    # one that nothing then uses is as good. It hides powered-down CLOUD nodes unless told not to.
    "bookworm": Release("22.05", cgroup_conf="CgroupPlugin=cgroup/v1\n", private_data="cloud"),
    "trixie": Release("24.11", cgroup_conf="CgroupPlugin=disabled\n"),
    "sid": Release("26.05", cgroup_conf="CgroupPlugin=disabled\n", extra=("MetricsType=metrics/openmetrics",)),
}


@dataclass(frozen=True)
class Plugins:
    """How slurmd keeps the processes of jobs together and measures them. slurmctld does not care."""

    proctrack: str
    task: str
    jobacct_gather: str


_WITHOUT_CGROUPS = Plugins("proctrack/linuxproc", "task/none", "jobacct_gather/linux")
_WITH_CGROUPS = Plugins("proctrack/cgroup", "task/affinity,task/cgroup", "jobacct_gather/cgroup")


def slurm_conf(suite: str, subnet: ipaddress.IPv4Network, *, vm: bool = False, has_cgroups: bool = False) -> str:
    """slurm.conf of a lab, with or without a virtual machine; for the machine that has control groups, or another.

    But for the plugins that need control groups it is the same on all machines of a lab.
    """
    release = RELEASES[suite]
    plugins = _WITH_CGROUPS if has_cgroups else _WITHOUT_CGROUPS
    static = ",".join(topology.STATIC_NODES)
    cloud = f"cloud[1-{len(topology.CLOUD_NODES)}]"
    shape = f"CPUs=8 RealMemory=8000 Gres=gpu:{topology.GPUS_PER_NODE}"
    lines = [
        f"# Slurm {release.version}, written by bin/lab.",
        f"ClusterName={topology.CLUSTER_NAME}",
        f"SlurmctldHost={topology.HEAD}({topology.address(subnet, topology.HEAD)})",
        "SlurmUser=slurm",
        "AuthType=auth/munge",
        "CredType=cred/munge",
        "AuthAltTypes=auth/jwt",
        f"AuthAltParameters=jwt_key={JWT_KEY}",
        "StateSaveLocation=/var/lib/slurm/slurmctld",
        "SlurmdSpoolDir=/var/lib/slurm/slurmd",
        "SlurmctldPidFile=/run/slurmctld/slurmctld.pid",
        "SlurmdPidFile=/run/slurmd.pid",
        "SlurmctldLogFile=/var/log/slurm/slurmctld.log",
        "SlurmdLogFile=/var/log/slurm/slurmd.log",
        "",
        "# Machines share the host's processors and memory, so Slurm is told what each node pretends to have.",
        "SlurmdParameters=config_overrides",
        "SelectType=select/cons_tres",
        # slurmd limits the memory of a job only where memory is given out.
        *(["SelectTypeParameters=CR_CPU_Memory", "DefMemPerCPU=100"] if vm else ["SelectTypeParameters=CR_CPU"]),
        "GresTypes=gpu",
        f"ProctrackType={plugins.proctrack}",
        f"TaskPlugin={plugins.task}",
        "MpiDefault=none",
        "",
        "# Quick to notice a lost node and to forget nothing a test wants to count.",
        f"SlurmdTimeout={30 if vm else 10}",
        "ReturnToService=2",
        "MinJobAge=300",
        "KillWait=5",
        "MaxArraySize=100001",
        "MaxJobCount=200000",
        "SchedulerParameters=sched_interval=10,bf_interval=10",
        "",
        "AccountingStorageType=accounting_storage/slurmdbd",
        f"AccountingStorageHost={topology.HEAD}",
        "AccountingStorageTRES=gres/gpu",
        f"JobAcctGatherType={plugins.jobacct_gather}",
        "JobAcctGatherFrequency=10",
        "",
        "# CLOUD nodes: the programs leave a request, a helper on the host boots or stops the machine.",
        f"ResumeProgram={RESUME_PROGRAM}",
        f"SuspendProgram={SUSPEND_PROGRAM}",
        "ResumeTimeout=75",
        "SuspendTimeout=10",
        "SuspendTime=600",
        f"SuspendExcNodes={static}{f',{topology.VM}' if vm else ''}",
        "SlurmctldParameters=cloud_dns,idle_on_node_suspend",
        *([f"PrivateData={release.private_data}"] if release.private_data else []),
        *release.extra,
        "",
        *(
            f"NodeName={node} NodeAddr={topology.address(subnet, node)} {shape} Feature=static State=UNKNOWN"
            for node in topology.STATIC_NODES
        ),
        *(_vm_lines(subnet) if vm else []),
        f"NodeName={cloud} {shape} Feature=cloud State=CLOUD",
        f"PartitionName=hpc Nodes={static} Default=YES MaxTime=INFINITE State=UP",
        f"PartitionName=htc Nodes={topology.STATIC_NODES[-1]},{cloud} MaxTime=INFINITE State=UP",
    ]
    return "\n".join(lines) + "\n"


def _vm_lines(subnet: ipaddress.IPv4Network) -> list[str]:
    """The node and the partition of a virtual machine, and what lets its slurm.conf be another."""
    name = topology.VM
    return [
        "DebugFlags=NO_CONF_HASH",
        f"NodeName={name} NodeAddr={topology.address(subnet, name)} CPUs={topology.VM_CPUS} RealMemory=1800 Feature=vm",
        f"PartitionName=vm Nodes={name} MaxTime=INFINITE State=UP",
    ]


def cgroup_conf(suite: str, *, has_cgroups: bool = False) -> str:
    """cgroup.conf: a container does not own the host's controllers, so Slurm uses no control groups there."""
    if not has_cgroups:
        return RELEASES[suite].cgroup_conf
    return "CgroupPlugin=cgroup/v2\nConstrainCores=yes\nConstrainRAMSpace=yes\nConstrainSwapSpace=yes\n"


def gres_conf() -> str:
    """gres.conf: made-up GPUs, one device file each."""
    return f"AutoDetect=off\nName=gpu File=/dev/nvidia[0-{topology.GPUS_PER_NODE - 1}]\n"


def slurmdbd_conf() -> str:
    """slurmdbd.conf of head. MariaDB knows slurm by its system account, so there is no password."""
    return "\n".join(
        [
            "AuthType=auth/munge",
            "AuthAltTypes=auth/jwt",
            f"AuthAltParameters=jwt_key={JWT_KEY}",
            f"DbdHost={topology.HEAD}",
            "SlurmUser=slurm",
            "LogFile=/var/log/slurm/slurmdbd.log",
            "PidFile=/run/slurmdbd/slurmdbd.pid",
            "StorageType=accounting_storage/mysql",
            "StorageHost=localhost",
            "StorageUser=slurm",
            "StorageLoc=slurm_acct_db",
            "",
        ]
    )
