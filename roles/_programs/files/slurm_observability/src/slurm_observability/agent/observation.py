"""What the agent saw in one look at the node."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from .. import __version__
from ..jobs.event import JobEvent
from ..jobs.sample import GpuSample, JobSample, NodeSample
from ..slurm.cpus_per_node import cpus_on_node
from .cgroups.usage import Usage
from .node_usage import NodeUsage


@dataclass(frozen=True, kw_only=True)
class JobLook:
    """A job. ``usage`` is that since it began, ``cpu_percent`` that since the look before (100 is one CPU).

    ``processes`` are its own, without slurmstepd. ``cpus`` is what it is confined to where Slurm does not tell.
    """

    started: JobEvent
    time: float
    usage: Usage
    cpu_percent: float | None = None
    processes: int | None = None
    cpus: int | None = None
    gpus: Sequence[GpuSample] = ()
    steps: Sequence[StepLook] = ()

    def sample(self, final: bool = False) -> JobSample:
        """Return the sample for the service."""
        event, usage = self.started, self.usage
        return JobSample(
            job_id=event.job_id,
            node=event.node,
            time=self.time,
            cluster=event.cluster,
            restart=event.restart,
            sluid=event.sluid,
            start_time=event.start_time,
            final=final,
            cpus=cpus_on_node(event.cpus_per_node, event.nodes, event.node) or self.cpus,
            cpu_seconds=usage.cpu_seconds,
            cpu_user_seconds=usage.cpu_user_seconds,
            cpu_system_seconds=usage.cpu_system_seconds,
            memory_bytes=usage.memory_bytes,
            memory_working_set_bytes=usage.memory_working_set_bytes,
            memory_peak_bytes=usage.memory_peak_bytes,
            memory_limit_bytes=usage.memory_limit_bytes,
            oom_kills=usage.oom_kills,
            io_read_bytes=usage.io_read_bytes,
            io_write_bytes=usage.io_write_bytes,
            processes=self.processes,
            cpu_pressure_seconds=usage.cpu_pressure_seconds,
            memory_pressure_seconds=usage.memory_pressure_seconds,
            io_pressure_seconds=usage.io_pressure_seconds,
            gpus=tuple(self.gpus),
        )


@dataclass(frozen=True)
class StepLook:
    """A step of a job. ``usage`` is that of its control group."""

    name: str
    usage: Usage
    processes: int


@dataclass(frozen=True, kw_only=True)
class Observation:
    """A look at the node. ``time`` is in seconds since 1970.

    ``mig_instances`` has the UUID of the GPU and the number of the GPU instance by the UUID of a MIG instance;
    ``unknown_groups`` counts the control groups of jobs of which nothing tells the number.
    """

    node: str
    time: float
    usage: NodeUsage = field(default_factory=NodeUsage)
    gpu_count: int | None = None
    mig_instances: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    jobs: Sequence[JobLook] = ()
    unknown_groups: int = 0

    def sample(self, cluster: str) -> NodeSample:
        """Return the sample of the node for the service."""
        return NodeSample(
            node=self.node,
            time=self.time,
            cluster=cluster,
            agent_version=__version__,
            cpus=self.usage.cpus,
            cpu_usage_percent=self.usage.cpu_usage_percent,
            memory_usage_bytes=self.usage.memory_usage_bytes,
            memory_total_bytes=self.usage.memory_total_bytes,
            job_count=len(self.jobs),
            gpu_count=self.gpu_count,
        )
