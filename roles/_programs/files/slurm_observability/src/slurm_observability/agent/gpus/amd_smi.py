"""AMD's GPUs by amd-smi, of ROCm 6 and later. What it prints differs by version: what is there is taken."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from .amd import PCI_DEVICES, PERIOD_SECONDS, SECONDS, json_of, render_minor
from .child import Children
from .numbers import number, percent, size, whole
from .reading import AMD, HANG, NONSENSE, GpuError, GpuReading, GpuReport

NAME = "amd-smi"
LIST = (NAME, "list", "--json")
METRICS = (NAME, "metric", "--json")
PROCESSES = (NAME, "process", "--json")
# From the one that a limit is set for to the one that is there on all.
_TEMPERATURES = ("hotspot", "edge", "mem")


class AmdSmi:
    """Asks amd-smi, each time anew."""

    period = PERIOD_SECONDS

    def __init__(self, seconds: float = SECONDS, pci_devices: Path = PCI_DEVICES) -> None:
        self._seconds = seconds
        self._pci_devices = pci_devices
        self._children = Children()

    def report(self) -> GpuReport:
        """Return what amd-smi says. Raises GpuError."""
        listed, metrics = self._ask(LIST), self._ask(METRICS)
        try:
            processes = self._ask(PROCESSES)
        except GpuError as error:  # some versions fail at this one alone
            if error.kind == HANG:
                raise
            processes = {}
        gpus = [
            reading(index, gpu, metrics.get(index, {}), processes.get(index), self._pci_devices)
            for index, gpu in sorted(listed.items())
        ]
        return GpuReport(reader=NAME, gpus=gpus)

    def close(self) -> None:
        """Nothing runs between two reports."""

    def _ask(self, command: Sequence[str]) -> Mapping[int, Mapping[str, Any]]:
        return by_gpu(json_of(NAME, self._children.output(command, self._seconds)))


def by_gpu(document: Any) -> Mapping[int, Mapping[str, Any]]:
    """Return what a document says of each GPU, by its number. Raises GpuError when it is about something else."""
    if isinstance(document, dict):  # since ROCm 7
        document = document.get("gpu_data")
    if not isinstance(document, list):
        raise GpuError("amd-smi printed what cannot be read", NONSENSE)
    return {index: gpu for gpu in document if isinstance(gpu, dict) and (index := whole(gpu.get("gpu"))) is not None}


def reading(
    index: int,
    gpu: Mapping[str, Any],
    metrics: Mapping[str, Any],
    processes: Mapping[str, Any] | None,
    pci_devices: Path = PCI_DEVICES,
) -> GpuReading:
    """Return a GPU by what the three commands say of it."""
    temperatures = [number(_inside(metrics, "temperature", name)) for name in _TEMPERATURES]
    uuid = gpu.get("uuid")
    return GpuReading(
        vendor=AMD,
        index=index,
        uuid=uuid if isinstance(uuid, str) else "",
        minor=render_minor(gpu.get("bdf"), pci_devices),
        utilization_percent=percent(_inside(metrics, "usage", "gfx_activity")),
        memory_used_bytes=size(_inside(metrics, "mem_usage", "used_vram")),
        memory_total_bytes=size(_inside(metrics, "mem_usage", "total_vram")),
        power_watts=number(_inside(metrics, "power", "socket_power")),
        energy_joules=number(_inside(metrics, "energy", "total_energy_consumption")),
        temperature_celsius=next((each for each in temperatures if each is not None), None),
        processes=None if processes is None else dict(_processes(processes.get("process_list"))),
    )


def _processes(listed: Any) -> Iterator[tuple[int, int | None]]:
    """Yield the processes of a GPU. Without any, a sentence is in their place."""
    for entry in listed if isinstance(listed, list) else ():
        process = _inside(entry, "process_info")
        pid = whole(_inside(process, "pid"))
        if pid is not None:
            used = _inside(process, "memory_usage", "vram_mem")
            yield pid, size(used if used is not None else _inside(process, "mem_usage"))


def _inside(value: Any, *names: str) -> Any:
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value
