"""What a job used on a node: a sample, taken by the agent.

What only grows is a total since the job began on the node, as far as the agent saw it: of lost samples, nothing is lost
but the detail. None is what cannot be read; it is never made up.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class GpuSample:
    """A GPU, or a MIG instance, that a job holds on a node.

    ``gpu_id`` is the index by which Slurm knows it. ``busy_seconds`` is utilization added up over the time it was held,
    ``held_seconds`` that time. ``processes`` counts the job's own processes on it.
    """

    gpu_id: str
    vendor: str
    uuid: str = ""
    held_seconds: float | None = None
    busy_seconds: float | None = None
    utilization_percent: float | None = None
    memory_used_bytes: int | None = None
    memory_peak_bytes: int | None = None
    memory_total_bytes: int | None = None
    power_watts: float | None = None
    energy_joules: float | None = None
    temperature_celsius: float | None = None
    processes: int | None = None


@dataclass(frozen=True, kw_only=True)
class JobSample:
    """A job on a node at a time. Times are seconds since 1970; ``final`` marks the last sample of the job there.

    Pressure is the time for which some process waited (the ``some`` line of the PSI files).
    """

    job_id: int
    node: str
    time: float
    cluster: str = ""
    restart: int | None = None
    sluid: str = ""
    start_time: float | None = None
    final: bool = False
    cpus: int | None = None
    cpu_seconds: float | None = None
    cpu_user_seconds: float | None = None
    cpu_system_seconds: float | None = None
    memory_bytes: int | None = None
    memory_working_set_bytes: int | None = None
    memory_peak_bytes: int | None = None
    memory_limit_bytes: int | None = None
    oom_kills: int | None = None
    io_read_bytes: int | None = None
    io_write_bytes: int | None = None
    processes: int | None = None
    cpu_pressure_seconds: float | None = None
    memory_pressure_seconds: float | None = None
    io_pressure_seconds: float | None = None
    gpus: tuple[GpuSample, ...] = ()


@dataclass(frozen=True, kw_only=True)
class NodeSample:
    """A node at a time."""

    node: str
    time: float
    cluster: str = ""
    agent_version: str = ""
    cpus: int | None = None
    cpu_usage_percent: float | None = None
    memory_usage_bytes: int | None = None
    memory_total_bytes: int | None = None
    job_count: int | None = None
    gpu_count: int | None = None
