"""An event in the life of a job, as hooks see it, agents forward it, and the service stores it."""

from __future__ import annotations

from dataclasses import dataclass, fields

STARTED, FINISHED = "job-started", "job-finished"
KINDS = (STARTED, FINISHED)

# Who saw it. A node's hooks run on each node of the job, slurmctld's once per run. The agent sees jobs whose hooks
# wrote nothing by their cgroups.
PROLOG, EPILOG = "prolog", "epilog"
PROLOG_SLURMCTLD, EPILOG_SLURMCTLD = "prolog_slurmctld", "epilog_slurmctld"
CGROUP = "cgroup"
ORIGINS = (PROLOG, EPILOG, PROLOG_SLURMCTLD, EPILOG_SLURMCTLD, CGROUP)


@dataclass(frozen=True, kw_only=True)
class JobEvent:
    """One event. None, or an empty text, is what its origin does not know.

    ``event_id`` names it for ever: the same event may arrive many times. Times are seconds since 1970, ``time`` that of
    the event. ``job_id`` is the number that Slurm gives to each task of an array and each component of a het job.
    ``restart`` counts requeues. ``nodes`` is Slurm's node list, ``node`` the one that saw it (empty: a controller).
    ``cpus_per_node`` is in Slurm's form, ``16(x2),8``. ``gpus`` are the indices that Slurm gave to the job on this
    node, ``gpu_devices`` what CUDA_VISIBLE_DEVICES or ROCR_VISIBLE_DEVICES held: indices or UUIDs.
    """

    event_id: str
    kind: str
    origin: str
    time: float
    job_id: int
    cluster: str = ""
    node: str = ""
    restart: int | None = None
    sluid: str = ""
    user: str = ""
    uid: int | None = None
    gid: int | None = None
    account: str = ""
    partition: str = ""
    qos: str = ""
    name: str = ""
    reservation: str = ""
    array_job_id: int | None = None
    array_task_id: int | None = None
    het_job_id: int | None = None
    het_job_offset: int | None = None
    nodes: str = ""
    node_count: int | None = None
    cpus_per_node: str = ""
    gpus: tuple[str, ...] = ()
    gpu_devices: tuple[str, ...] = ()
    start_time: float | None = None
    end_time_limit: float | None = None
    work_dir: str = ""
    stdout: str = ""
    stderr: str = ""
    exit_code: int | None = None
    exit_signal: int | None = None
    derived_exit_code: int | None = None


FIELDS = tuple(field.name for field in fields(JobEvent))
