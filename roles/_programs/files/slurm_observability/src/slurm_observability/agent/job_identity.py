"""Whose a control group is: the event that its job's Prolog would have written."""

from __future__ import annotations

from dataclasses import replace

from ..jobs.event import CGROUP, STARTED, JobEvent
from ..jobs.hook_event import event_of
from ..jobs.hook_record import RecordError
from .cgroups.group import JobGroup, Processes
from .processes import ProcessFiles, user_name

_JOB_ID = "SLURM_JOB_ID"
# What is taken of a process's environment. A user can put anything there: it must do no harm to others, and tell of no
# run that never was. Who the user is and which job it is, the kernel and slurmstepd say; which run, nobody.
_BELIEVED = (
    *("SLURM_JOB_GPUS", "CUDA_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES"),
    *("SLURM_JOB_ACCOUNT", "SLURM_JOB_PARTITION", "SLURM_JOB_QOS", "SLURM_JOB_NODELIST", "SLURM_JOB_CPUS_PER_NODE"),
)


class JobIdentity:
    """Tells whose control groups are.

    ``node`` is Slurm's name of this node: as the agent was told, until a hook says it. ``cluster`` is that of the
    cluster.
    """

    def __init__(self, processes: ProcessFiles, node: str, cluster: str) -> None:
        self._processes = processes
        self.node = node
        self._cluster = cluster
        self._boot = processes.boot_id()

    def of(self, group: JobGroup, processes: Processes, now: float) -> JobEvent | None:
        """Return the event of the beginning of a group's job. None where no process tells which job it is."""
        environment = self._processes.environment(processes.tasks, _JOB_ID)
        job_id = group.job_id or self._processes.job_id(processes.slurmstepd)
        if job_id is None:
            return None
        node = group.node or self.node
        # The beginning of the oldest slurmstepd: a user's processes may be older than the job, moved there by a PAM
        # module.
        began = self._processes.began(processes.slurmstepd or processes.tasks) or now
        uid = group.uid if group.uid is not None else self._processes.uid(processes.tasks)
        try:
            event = event_of(
                {
                    **{name: environment[name] for name in _BELIEVED if name in environment},
                    "HOOK": CGROUP,
                    "KIND": STARTED,
                    "EVENT_ID": f"{node}-{job_id}-{STARTED}-cgroup-{self._boot[:8]}-{group.inode}",
                    "TIME": str(round(began * 1e6)),
                    _JOB_ID: str(job_id),
                },
                node,
                self._cluster,
            )
        except RecordError:
            return None
        return replace(event, sluid=group.sluid, uid=uid, user="" if uid is None else user_name(uid))
