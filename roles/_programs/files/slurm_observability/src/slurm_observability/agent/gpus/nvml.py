"""NVIDIA's GPUs by NVML, the library of the driver, asked by a process of its own: see nvml_process.py."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from ...slurm.command import one_line
from .child import Child, Children
from .numbers import number, percent, whole
from .reading import FAILED, NONSENSE, NVIDIA, GpuError, GpuReading, GpuReport

NAME = "nvml"
# The first call after a boot wakes up GPUs that nothing keeps awake: seconds for each.
FIRST_SECONDS = 60.0
SECONDS = 10.0

COMMAND = (sys.executable, "-m", f"{__package__}.nvml_process")


class NvmlSource:
    """Asks NVML through a process that lives as long as it answers."""

    period = 0.0

    def __init__(
        self, command: Sequence[str] = COMMAND, first_seconds: float = FIRST_SECONDS, seconds: float = SECONDS
    ) -> None:
        self._command = command
        self._first_seconds = first_seconds
        self._seconds = seconds
        self._children = Children()
        self._child: Child | None = None

    def report(self) -> GpuReport:
        """Return what NVML says. After an error the next report begins with a new process."""
        try:
            return parse(self._ask())
        except GpuError:
            self.close()
            raise

    def close(self) -> None:
        """End the process."""
        if self._child:
            self._child.end()
        self._child = None

    def _ask(self) -> bytes:
        child, seconds = self._child, self._seconds
        if child is None or child.is_gone:  # it ends by itself to see a GPU again
            self.close()
            child, seconds = self._children.start(self._command, name="NVML", talks=True), self._first_seconds
            self._child = child
        child.send(b"\n")
        return child.line(seconds)


def parse(line: bytes) -> GpuReport:
    """Return what the process said. Raises GpuError when that is an error, or no such thing."""
    try:
        answer = json.loads(line)
        if "error" in answer:
            raise GpuError(f"NVML cannot be used: {one_line(str(answer['error']))}", FAILED)
        return GpuReport(
            reader=NAME,
            driver_version=str(answer["driver"]),
            gpus=[_reading(gpu) for gpu in answer["gpus"]],
            failed_calls={(str(call), str(error)): int(count) for call, error, count in answer["failed"]},
        )
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError, OverflowError) as error:
        raise GpuError("the process that asks NVML said what cannot be read", NONSENSE) from error


def _reading(gpu: Mapping[str, Any]) -> GpuReading:
    processes = gpu.get("processes")
    return GpuReading(
        vendor=NVIDIA,
        index=int(gpu["index"]),
        uuid=str(gpu.get("uuid") or ""),
        minor=whole(gpu.get("minor")),
        name=str(gpu.get("name") or ""),
        parent_uuid=str(gpu.get("parent_uuid") or ""),
        gpu_instance=whole(gpu.get("gpu_instance")),
        compute_instance=whole(gpu.get("compute_instance")),
        utilization_percent=percent(gpu.get("utilization_percent")),
        memory_used_bytes=whole(gpu.get("memory_used_bytes")),
        memory_total_bytes=whole(gpu.get("memory_total_bytes")),
        power_watts=number(gpu.get("power_watts")),
        energy_joules=number(gpu.get("energy_joules")),
        temperature_celsius=number(gpu.get("temperature_celsius")),
        processes=None if processes is None else {int(pid): whole(used) for pid, used in processes},
    )
