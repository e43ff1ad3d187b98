"""NVIDIA's GPUs by nvidia-smi, for where NVML cannot be used from Python.

Asked for CSV, and not for XML: that carries the names of users' processes, which nvidia-smi does not quote.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from .child import Children
from .numbers import MIB, number, percent, whole
from .reading import NONSENSE, NVIDIA, GpuError, GpuReading, GpuReport

NAME = "nvidia-smi"
# Without persistence mode each run wakes up the GPUs anew.
SECONDS = 30.0
DRIVER_FILES = Path("/proc/driver/nvidia/gpus")

_FIELDS = (
    "index",
    "uuid",
    "pci.bus_id",
    "driver_version",
    "mig.mode.current",
    "utilization.gpu",
    "memory.used",
    "memory.total",
    "power.draw",
    "temperature.gpu",
    "name",
)
_CSV = "--format=csv,noheader,nounits"
GPUS = (NAME, f"--query-gpu={','.join(_FIELDS)}", _CSV)
PROCESSES = (NAME, "--query-compute-apps=gpu_uuid,pid,used_memory", _CSV)
LIST = (NAME, "-L")

_GPU_LINE = re.compile(r"GPU \d+: .*\(UUID: (GPU-[0-9A-Za-z-]+)\)\s*$")
_MIG_LINE = re.compile(r"\s+MIG (\S+)\s+Device\s+\d+: \(UUID: (MIG-[0-9A-Za-z/-]+)\)\s*$")
# Drivers before 470 name an instance by its GPU and its numbers.
_OLD_MIG_UUID = re.compile(r"MIG-GPU-[0-9A-Za-z-]+/(\d{1,3})/(\d{1,3})")
_MINOR_LINE = re.compile(r"^Device Minor:\s*(\d{1,5})\s*$", re.MULTILINE)

Processes = Mapping[str, Mapping[int, int | None] | None]


class NvidiaSmi:
    """Asks nvidia-smi, each time anew."""

    period = 0.0

    def __init__(self, seconds: float = SECONDS, driver_files: Path = DRIVER_FILES) -> None:
        self._seconds = seconds
        self._driver_files = driver_files
        self._children = Children()

    def report(self) -> GpuReport:
        """Return what nvidia-smi says. Raises GpuError."""
        rows = gpu_rows(self._run(GPUS))
        processes = parse_processes(self._run(PROCESSES))
        is_divided = any(row["mig.mode.current"] == "Enabled" for row in rows)
        listing = self._run(LIST) if is_divided else ""
        gpus = [reading for row in rows for reading in _readings(row, processes, listing, self._minor(row))]
        return GpuReport(reader=NAME, driver_version=rows[0]["driver_version"] if rows else "", gpus=gpus)

    def close(self) -> None:
        """Nothing runs between two reports."""

    def _run(self, command: Sequence[str]) -> str:
        return self._children.output(command, self._seconds)

    def _minor(self, row: Mapping[str, str]) -> int | None:
        """Return the number of the device file, which only the driver's own files tell."""
        domain, _colon, rest = row["pci.bus_id"].lower().partition(":")
        try:  # nvidia-smi has eight digits of the domain, the kernel four
            text = (self._driver_files / f"{domain[-4:]}:{rest}" / "information").read_text(errors="replace")
        except (OSError, ValueError):
            return None
        found = _MINOR_LINE.search(text)
        return int(found[1]) if found else None


def gpu_rows(text: str) -> list[dict[str, str]]:
    """Return what was asked of each GPU, by field. Raises GpuError when the output is something else."""
    rows = [dict(zip(_FIELDS, _cells(line), strict=False)) for line in text.splitlines() if line.strip()]
    for row in rows:
        if len(row) != len(_FIELDS) or whole(row["index"]) is None:
            raise GpuError("nvidia-smi printed what cannot be read", NONSENSE)
    return rows


def parse_processes(text: str) -> Processes:
    """Return the processes on each GPU by its UUID, with their bytes; None where one of them cannot be read."""
    result: dict[str, dict[int, int | None]] = {}
    unreadable = set()
    for line in text.splitlines():
        uuid, *rest = _cells(line)
        if len(rest) == 2 and (pid := whole(rest[0])) is not None:
            result.setdefault(uuid, {})[pid] = _mib(rest[1])
        else:
            unreadable.add(uuid)
    return {**result, **dict.fromkeys(unreadable)}


def parse_instances(listing: str) -> Iterator[tuple[str, str, str]]:
    """Yield the UUID of the GPU, the profile and the UUID of each MIG instance that ``nvidia-smi -L`` shows."""
    parent = ""
    for line in listing.splitlines():
        if gpu := _GPU_LINE.match(line):
            parent = gpu[1]
        elif (instance := _MIG_LINE.match(line)) and parent:
            yield parent, instance[1], instance[2]


def _readings(row: Mapping[str, str], processes: Processes, listing: str, minor: int | None) -> Iterator[GpuReading]:
    """Yield a GPU, and its MIG instances after it: of these only names and processes can be known."""
    index = int(float(row["index"]))
    uuid = row["uuid"]
    yield GpuReading(
        vendor=NVIDIA,
        index=index,
        uuid=uuid,
        minor=minor,
        name=row["name"],
        utilization_percent=percent(row["utilization.gpu"]),
        memory_used_bytes=_mib(row["memory.used"]),
        memory_total_bytes=_mib(row["memory.total"]),
        power_watts=number(row["power.draw"]),
        temperature_celsius=number(row["temperature.gpu"]),
        processes=processes.get(uuid, {}),
    )
    for parent, profile, instance in parse_instances(listing):
        if parent == uuid:
            old = _OLD_MIG_UUID.fullmatch(instance)
            yield GpuReading(
                vendor=NVIDIA,
                index=index,
                uuid=instance,
                minor=minor,
                name=f"{row['name']} MIG {profile}",
                parent_uuid=uuid,
                gpu_instance=int(old[1]) if old else None,
                compute_instance=int(old[2]) if old else None,
                processes=processes.get(instance),
            )


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.split(",")]


def _mib(text: str) -> int | None:
    value = number(text)
    return None if value is None else int(value * MIB)
