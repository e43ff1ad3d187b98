"""What a control group has used: the same for both versions."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Usage:
    """What the processes of a control group, and of those below it, have used. None is what cannot be read.

    Totals begin with the control group, and keep what processes and control groups that are gone have used.
    ``memory_bytes`` is what counts against the limit, the page cache included; the working set is that without the
    cache that the kernel would give up first; ``anon`` and ``shmem`` what cannot be given up without swap. Pressure is
    the time for which some process waited.
    """

    cpu_seconds: float | None = None
    cpu_user_seconds: float | None = None
    cpu_system_seconds: float | None = None
    memory_bytes: int | None = None
    memory_working_set_bytes: int | None = None
    memory_anon_bytes: int | None = None
    memory_shmem_bytes: int | None = None
    memory_peak_bytes: int | None = None
    memory_limit_bytes: int | None = None
    oom_kills: int | None = None
    io_read_bytes: int | None = None
    io_write_bytes: int | None = None
    cpu_pressure_seconds: float | None = None
    memory_pressure_seconds: float | None = None
    io_pressure_seconds: float | None = None
