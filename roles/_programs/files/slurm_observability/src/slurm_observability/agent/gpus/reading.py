"""What a GPU does at a moment, whoever has been asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

NVIDIA, AMD = "nvidia", "amd"
# The vendor of a GPU that nobody could read.
UNKNOWN = "unknown"


# Why GPUs cannot be read: the driver or its tool does not answer; there is none, or it is broken; it says nonsense.
HANG, ABSENT, FAILED, NONSENSE = "hang", "absent", "failed", "nonsense"
ERRORS = (HANG, ABSENT, FAILED, NONSENSE)


class GpuError(Exception):
    """The GPUs cannot be read. The message is one sentence; ``kind`` is one of ERRORS."""

    def __init__(self, message: str, kind: str = FAILED) -> None:
        super().__init__(message)
        self.kind = kind


@dataclass(frozen=True, kw_only=True)
class GpuReading:
    """A GPU, or a MIG instance, at a moment. None is what cannot be read.

    ``index`` is the driver's, by the place on the PCI bus; ``minor`` the number in the name of its device file,
    /dev/nvidiaN or /dev/dri/renderDN. A MIG instance has the index and the minor of its GPU, whose ``parent_uuid`` it
    names; ``gpu_instance`` and ``compute_instance`` are its own, and None of a GPU. ``energy_joules`` is a total that
    begins when the driver is loaded. ``processes`` are those that have memory on it, by process id in the agent's PID
    namespace, with their bytes; None where the processes cannot be read.
    """

    vendor: str
    index: int
    uuid: str = ""
    minor: int | None = None
    name: str = ""
    parent_uuid: str = ""
    gpu_instance: int | None = None
    compute_instance: int | None = None
    utilization_percent: float | None = None
    memory_used_bytes: int | None = None
    memory_total_bytes: int | None = None
    power_watts: float | None = None
    energy_joules: float | None = None
    temperature_celsius: float | None = None
    processes: Mapping[int, int | None] | None = None


@dataclass(frozen=True, kw_only=True)
class GpuReport:
    """What a reader has to say. ``reader`` is empty where there is no GPU.

    ``failed_calls`` counts the values that could not be read this time, by what was asked for and the driver's reason.
    """

    reader: str = ""
    driver_version: str = ""
    gpus: Sequence[GpuReading] = ()
    failed_calls: Mapping[tuple[str, str], int] = field(default_factory=dict)


class GpuSource(Protocol):
    """Asks a driver or a tool. Use from one thread."""

    @property
    def period(self) -> float:
        """Seconds from one report to the next, at least: some tools cost more than they are worth."""

    def report(self) -> GpuReport:
        """Return every GPU, and every MIG instance after its GPU. Takes up to its time limit. Raises GpuError."""

    def close(self) -> None:
        """End what runs for it. Waits for nothing."""


class GpuReader(Protocol):
    """Reads the GPUs of this node."""

    def read(self) -> Sequence[GpuReading]:
        """Return every GPU, and every MIG instance after its GPU. It never waits for a hung driver. Raises GpuError."""
