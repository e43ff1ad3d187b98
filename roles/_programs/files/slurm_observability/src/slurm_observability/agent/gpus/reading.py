"""What a GPU does at a moment, whoever has been asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

NVIDIA, AMD = "nvidia", "amd"
# The vendor of a GPU that nobody could read.
UNKNOWN = "unknown"


class GpuError(Exception):
    """The GPUs cannot be read. The message is one sentence."""


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
    processes: Mapping[int, int | None] | None = field(default=None)


class GpuReader(Protocol):
    """Reads the GPUs of this node."""

    def read(self) -> Sequence[GpuReading]:
        """Return every GPU, and every MIG instance after its GPU. It never waits for a hung driver. Raises GpuError."""
