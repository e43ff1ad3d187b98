"""What the whole node uses, jobs or not."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .kernel_files import KernelFiles
from .processes import PROC


@dataclass(frozen=True, kw_only=True)
class NodeUsage:
    """CPU in per cent of all CPUs since the look before, memory in bytes. None is what cannot be read."""

    cpus: int | None = None
    cpu_usage_percent: float | None = None
    memory_usage_bytes: int | None = None
    memory_total_bytes: int | None = None


class NodeMeter:
    """Reads /proc/stat and /proc/meminfo."""

    def __init__(self, files: KernelFiles, proc: Path = PROC, cpus: Callable[[], int | None] = os.cpu_count) -> None:
        self._files = files
        self._proc = proc
        self._cpus = cpus
        self._ticks = self._read_ticks()

    def look(self) -> NodeUsage:
        """Return what the node uses."""
        memory = self._memory()
        total, available = memory.get("MemTotal"), memory.get("MemAvailable")
        return NodeUsage(
            cpus=self._cpus(),
            cpu_usage_percent=self._cpu_percent(),
            memory_usage_bytes=None if total is None or available is None else total - available,
            memory_total_bytes=total,
        )

    def _cpu_percent(self) -> float | None:
        before, self._ticks = self._ticks, self._read_ticks()
        if before is None or self._ticks is None:
            return None
        idle, total = (now - then for now, then in zip(self._ticks, before, strict=True))
        return max(0.0, 100.0 * (total - idle) / total) if total > 0 else None

    def _read_ticks(self) -> tuple[int, int] | None:
        """Return the ticks that all CPUs were idle, waiting for disks or not, and all their ticks.

        Ticks of guests are among those of the user (proc_stat(5)): the first eight columns are all.
        """
        for line in self._files.lines(self._proc / "stat"):
            words = line.split()[:9]
            if words[:1] == ["cpu"] and len(words) > 5 and all(word.isascii() and word.isdigit() for word in words[1:]):
                ticks = [int(word) for word in words[1:]]
                return ticks[3] + ticks[4], sum(ticks)
        return None

    def _memory(self) -> dict[str, int]:
        """Return the numbers of /proc/meminfo in bytes."""
        found = {}
        for line in self._files.lines(self._proc / "meminfo"):
            name, _colon, rest = line.partition(":")
            words = rest.split()
            if len(words) == 2 and words[0].isascii() and words[0].isdigit() and words[1] == "kB":
                found[name] = int(words[0]) * 1024
        return found
