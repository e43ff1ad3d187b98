"""Which reader asks for the GPUs of this node."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from . import amd_smi, nvidia_smi, nvml, rocm_smi
from .reading import HANG, GpuError, GpuReport, GpuSource

AUTO, NONE = "auto", "none"

_SOURCES: Mapping[str, Callable[[], GpuSource]] = {
    nvml.NAME: nvml.NvmlSource,
    nvidia_smi.NAME: nvidia_smi.NvidiaSmi,
    amd_smi.NAME: amd_smi.AmdSmi,
    rocm_smi.NAME: rocm_smi.RocmSmi,
}
READERS = (AUTO, *_SOURCES, NONE)

# What is there when the driver is loaded.
_NVIDIA_DRIVER = Path("proc/driver/nvidia/version")
_AMD_DRIVER = Path("sys/class/kfd/kfd")


def gpu_source(reader: str) -> GpuSource | None:
    """Return what asks by one of READERS, None for none."""
    if reader == NONE:
        return None
    return AutoSource() if reader == AUTO else _SOURCES[reader]()


def candidates(root: Path, which: Callable[[str], str | None]) -> Sequence[str]:
    """Return the readers for the drivers that are loaded, the best first. NVML needs no tool."""
    names: list[str] = []
    if (root / _NVIDIA_DRIVER).exists():
        names += [nvml.NAME, nvidia_smi.NAME]
    if (root / _AMD_DRIVER).exists():
        names += [amd_smi.NAME, rocm_smi.NAME]
    return [name for name in names if name == nvml.NAME or which(name)]


class AutoSource:
    """Asks by the best reader that works. Drivers may be loaded, and tools installed, while the agent runs."""

    def __init__(
        self,
        root: Path = Path("/"),
        which: Callable[[str], str | None] = shutil.which,
        sources: Mapping[str, Callable[[], GpuSource]] | None = None,
    ) -> None:
        self._root = root
        self._which = which
        self._sources = _SOURCES if sources is None else sources
        # Kept, as each knows what of it hangs.
        self._made: dict[str, GpuSource] = {}
        self._chosen: GpuSource | None = None

    @property
    def period(self) -> float:
        """That of the reader that works."""
        return self._chosen.period if self._chosen else 0.0

    def report(self) -> GpuReport:
        """Return what the reader says that worked the last time, else the first that works. Raises GpuError."""
        if self._chosen:
            chosen, self._chosen = self._chosen, None
            report = chosen.report()
            self._chosen = chosen
            return report
        return self._first_report()

    def close(self) -> None:
        """End what runs for any reader."""
        for source in self._made.values():
            source.close()

    def _first_report(self) -> GpuReport:
        failure: GpuError | None = None
        for name in candidates(self._root, self._which):
            source = self._made.setdefault(name, self._sources[name]())
            try:
                report = source.report()
            except GpuError as error:
                if error.kind == HANG:  # another would hang in the same driver
                    raise
                failure = failure or error
            else:
                self._chosen = source
                return report
        if failure:
            raise failure
        return GpuReport()
