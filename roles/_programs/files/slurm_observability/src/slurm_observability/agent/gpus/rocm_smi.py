"""AMD's GPUs by rocm-smi, of ROCm before amd-smi. The names of its values differ by version: what is there is taken."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .amd import PCI_DEVICES, PERIOD_SECONDS, SECONDS, json_of, render_minor
from .child import Children
from .numbers import number, percent, whole
from .reading import AMD, NONSENSE, GpuError, GpuReading, GpuReport

NAME = "rocm-smi"
COMMAND = (
    NAME,
    "--showuse",
    "--showmeminfo",
    "vram",
    "--showpower",
    "--showtemp",
    "--showuniqueid",
    "--showbus",
    "--showproductname",
    "--showdriverversion",
    "--json",
)

_CARD = re.compile(r"card(\d{1,4})")
_POWER = re.compile(r"(average|current socket) graphics package power \(w\)")


class RocmSmi:
    """Asks rocm-smi, each time anew. It does not say which processes are on which GPU."""

    period = PERIOD_SECONDS

    def __init__(self, seconds: float = SECONDS, pci_devices: Path = PCI_DEVICES) -> None:
        self._seconds = seconds
        self._pci_devices = pci_devices
        self._children = Children()

    def report(self) -> GpuReport:
        """Return what rocm-smi says. Raises GpuError."""
        return parse(json_of(NAME, self._children.output(COMMAND, self._seconds)), self._pci_devices)

    def close(self) -> None:
        """Nothing runs between two reports."""


def parse(document: Any, pci_devices: Path = PCI_DEVICES) -> GpuReport:
    """Return what a document says. Raises GpuError when it is about something else."""
    if not isinstance(document, dict):
        raise GpuError("rocm-smi printed what cannot be read", NONSENSE)
    gpus = {
        int(card[1]): _reading(int(card[1]), _lower(values), pci_devices)
        for name, values in document.items()
        if (card := _CARD.fullmatch(name)) and isinstance(values, dict)
    }
    system = document.get("system")
    driver = _lower(system).get("driver version") if isinstance(system, dict) else None
    return GpuReport(
        reader=NAME,
        driver_version=driver if isinstance(driver, str) else "",
        gpus=[gpu for _index, gpu in sorted(gpus.items())],
    )


def _reading(index: int, values: Mapping[str, Any], pci_devices: Path) -> GpuReading:
    temperatures = [number(values.get(f"temperature (sensor {name}) (c)")) for name in ("junction", "edge")]
    name = values.get("card series")
    return GpuReading(
        vendor=AMD,
        index=index,
        uuid=_uuid(values.get("unique id")),
        minor=render_minor(values.get("pci bus"), pci_devices),
        name=name if isinstance(name, str) else "",
        utilization_percent=percent(values.get("gpu use (%)")),
        memory_used_bytes=whole(values.get("vram total used memory (b)")),
        memory_total_bytes=whole(values.get("vram total memory (b)")),
        power_watts=next((number(value) for key, value in values.items() if _POWER.fullmatch(key)), None),
        temperature_celsius=next((each for each in temperatures if each is not None), None),
    )


def _uuid(unique: Any) -> str:
    """Return the UUID as ROCR_VISIBLE_DEVICES has it: with 16 digits, where rocm-smi leaves out zeros in front."""
    return f"GPU-{unique[2:].lower():0>16}" if isinstance(unique, str) and unique.startswith("0x") else ""


def _lower(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return values by their names in small letters: versions differ in the large ones."""
    return {name.lower(): value for name, value in values.items()}
