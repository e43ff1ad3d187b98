"""The table gpu-names: what dcgm-exporter calls the GPUs. The hooks of Slurm look names up in it.

A line for each name that a job may know a GPU by: Slurm's index, or the UUID; and dcgm-exporter's, which is the
driver's index, for a MIG instance with the number of its GPU instance: 0.7.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from .allocation import DEVICE_FILE, slurm_order
from .reading import NVIDIA, GpuReading

log = logging.getLogger(__name__)

_UUID = re.compile(r"[0-9A-Za-z/-]+")


class NameTable:
    """Keeps the table. Use from one thread. ``order`` is that in which Slurm counts the GPUs."""

    def __init__(self, path: Path, order: str = DEVICE_FILE) -> None:
        self._path = path
        self._order = order
        self._written: str | None = None
        self._fault = ""

    def keep(self, gpus: Sequence[GpuReading]) -> None:
        """Write the table if it is not so already. Without a directory for it nothing happens."""
        text = table(gpus, self._order)
        if not text or (text == self._written and self._path.exists()):
            return
        new = self._path.with_name(f".tmp.{self._path.name}")
        try:
            new.write_text(text)
            new.chmod(0o644)
            new.replace(self._path)
        except OSError as error:
            self._tell(error)
            with suppress(OSError):
                new.unlink()
        else:
            self._written, self._fault = text, ""

    def _tell(self, error: OSError) -> None:
        if str(error) != self._fault:  # it is tried at every look
            self._fault = str(error)
            log.warning("the names of GPUs for dcgm-exporter cannot be written: %s", error)


def table(gpus: Sequence[GpuReading], order: str = DEVICE_FILE) -> str:
    """Return the table for these GPUs, those of NVIDIA; empty where none has a name."""
    nvidia = [gpu for gpu in gpus if gpu.vendor == NVIDIA]
    return "".join(f"{key} {name}\n" for key, name in _pairs(nvidia, order))


def _pairs(gpus: Sequence[GpuReading], order: str) -> Iterator[tuple[str, str]]:
    for place, gpu in enumerate(slurm_order(gpus, order)):
        if name := _name(gpu):
            yield str(place), name
    for gpu in gpus:
        if (name := _name(gpu)) and _UUID.fullmatch(gpu.uuid):
            yield gpu.uuid, name


def _name(gpu: GpuReading) -> str:
    if not gpu.parent_uuid:
        return str(gpu.index)
    return "" if gpu.gpu_instance is None else f"{gpu.index}.{gpu.gpu_instance}"
