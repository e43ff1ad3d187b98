"""The process that asks NVML: for each line that it reads, it prints what the GPUs do, as a line of JSON.

NVML is asked in a process of its own, since a call can hang in the driver for ever, or bring its process down, and
since only a new process takes up a driver that was replaced. The process ends with its input.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from types import ModuleType
from typing import Any, TypeVar

Value = TypeVar("Value")

# A GPU that was lost is seen again only by a new process. It costs too much to be tried at every look.
RENEW_SECONDS = 300.0


class Nvml:
    """Asks NVML. ``failed`` counts the calls that failed, by name and reason; ``is_lost``: once one lost its GPU."""

    def __init__(self, library: ModuleType) -> None:
        self._library = library
        self._lost = (
            library.NVML_ERROR_GPU_IS_LOST,
            library.NVML_ERROR_RESET_REQUIRED,
            library.NVML_ERROR_UNINITIALIZED,
            library.NVML_ERROR_DRIVER_NOT_LOADED,
        )
        self.failed: Counter[tuple[str, str]] = Counter()
        self.is_lost = False
        library.nvmlInit()

    def answer(self) -> dict[str, Any]:
        """Return what the GPUs do."""
        self.failed.clear()
        gpus = list(self._gpus())
        driver = self._text("nvmlSystemGetDriverVersion")
        failed = [[*call, count] for call, count in sorted(self.failed.items())]
        return {"driver": driver, "gpus": gpus, "failed": failed}

    def _gpus(self) -> Iterator[dict[str, Any]]:
        for index in range(self._library.nvmlDeviceGetCount()):
            handle = self._call("nvmlDeviceGetHandleByIndex", index)
            if handle is None:
                yield {"index": index}  # it keeps its place
                continue
            gpu = {"index": index, **self._device(handle), **self._sensors(handle)}
            yield gpu
            for instance in self._instances(handle):
                yield {
                    **self._device(instance),
                    "index": index,
                    "minor": gpu["minor"],
                    "parent_uuid": gpu["uuid"],
                    "gpu_instance": self._call("nvmlDeviceGetGpuInstanceId", instance),
                    "compute_instance": self._call("nvmlDeviceGetComputeInstanceId", instance),
                }

    def _device(self, handle: object) -> dict[str, Any]:
        """Return what a GPU and a MIG instance have."""
        memory = self._memory(handle)
        return {
            "uuid": self._text("nvmlDeviceGetUUID", handle),
            "name": self._text("nvmlDeviceGetName", handle),
            "minor": self._call("nvmlDeviceGetMinorNumber", handle),
            "memory_used_bytes": memory and memory.used,
            "memory_total_bytes": memory and memory.total,
            "processes": self._processes(handle),
        }

    def _sensors(self, handle: object) -> dict[str, Any]:
        """Return what only a whole GPU has."""
        rates = self._call("nvmlDeviceGetUtilizationRates", handle)
        return {
            "utilization_percent": rates and rates.gpu,
            "power_watts": _thousandth(self._call("nvmlDeviceGetPowerUsage", handle)),
            "energy_joules": _thousandth(self._call("nvmlDeviceGetTotalEnergyConsumption", handle)),
            "temperature_celsius": self._call("nvmlDeviceGetTemperature", handle, self._library.NVML_TEMPERATURE_GPU),
        }

    def _instances(self, handle: object) -> Iterator[object]:
        mode = self._call("nvmlDeviceGetMigMode", handle)
        if not mode or mode[0] != self._library.NVML_DEVICE_MIG_ENABLE:
            return
        for place in range(self._call("nvmlDeviceGetMaxMigDeviceCount", handle) or 0):
            try:
                yield self._library.nvmlDeviceGetMigDeviceHandleByIndex(handle, place)
            except self._library.NVMLError as error:
                if error.value != self._library.NVML_ERROR_NOT_FOUND:  # which is a place without an instance
                    self._note("nvmlDeviceGetMigDeviceHandleByIndex", error)

    def _memory(self, handle: object) -> Any:
        """Return the memory. The second form leaves out what the driver keeps for itself, as nvidia-smi does."""
        return self._first(
            "nvmlDeviceGetMemoryInfo",
            lambda: self._library.nvmlDeviceGetMemoryInfo(handle, version=self._library.nvmlMemory_v2),
            lambda: self._library.nvmlDeviceGetMemoryInfo(handle),
        )

    def _processes(self, handle: object) -> list[list[int | None]] | None:
        """Return the processes with memory on the device, and their bytes; None where they cannot be read."""
        library = self._library
        found = self._first(
            "nvmlDeviceGetComputeRunningProcesses",
            lambda: library.nvmlDeviceGetComputeRunningProcesses_v3(handle),
            lambda: library.nvmlDeviceGetComputeRunningProcesses_v2(handle),  # a driver before 510
        )
        if found is None:
            return None
        more: Iterable[Any] = self._call("nvmlDeviceGetMPSComputeRunningProcesses_v3", handle) or ()
        return [[process.pid, process.usedGpuMemory] for process in (*found, *more)]

    def _text(self, name: str, *arguments: object) -> str:
        value = self._call(name, *arguments) or ""
        return value.decode(errors="replace") if isinstance(value, bytes) else str(value)

    def _call(self, name: str, *arguments: object) -> Any:
        """Return what a function of NVML says, or None, counted, where it cannot."""
        return self._first(name, lambda: getattr(self._library, name)(*arguments))

    def _first(self, name: str, *calls: Callable[[], Value]) -> Value | None:
        """Return what the first call that works says."""
        for call in calls:
            try:
                return call()
            except self._library.NVMLError as error:
                last = error
            except UnicodeDecodeError:  # pynvml decodes by itself
                return None
        self._note(name, last)
        return None

    def _note(self, name: str, error: Any) -> None:
        self.is_lost = self.is_lost or error.value in self._lost
        self.failed[name, str(error)] += 1


def _thousandth(value: float | None) -> float | None:
    return None if value is None else value / 1000


def main() -> None:
    """Answer until the input ends."""
    started = time.monotonic()
    try:
        nvml = Nvml(importlib.import_module("pynvml"))
        for _line in sys.stdin:
            print(json.dumps(nvml.answer()), flush=True)
            if nvml.is_lost and time.monotonic() - started > RENEW_SECONDS:
                return
    except BrokenPipeError:
        return
    except Exception as error:  # the agent says it, once
        print(json.dumps({"error": f"{type(error).__name__}: {error}"}), flush=True)


if __name__ == "__main__":
    main()
