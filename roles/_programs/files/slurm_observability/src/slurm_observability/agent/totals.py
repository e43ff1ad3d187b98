"""What a job has used since it began on the node, whatever became of its control groups meanwhile."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from .cgroups.usage import Usage
from .gpus.reading import UNKNOWN

# What only grows within a control group. A job's group goes with its last step, where Slurm keeps none for the whole
# job (PrologFlags without Contain), and its next step begins another one at zero.
GROWING = (
    *("cpu_seconds", "cpu_user_seconds", "cpu_system_seconds", "oom_kills", "io_read_bytes", "io_write_bytes"),
    *("cpu_pressure_seconds", "memory_pressure_seconds", "io_pressure_seconds"),
)
_PEAK = "memory_peak_bytes"
# Not used but given, and the same for the whole job: a peak says little without it.
_LIMIT = "memory_limit_bytes"
_KEPT = (*GROWING, _PEAK, _LIMIT)


@dataclass
class GpuTotal:
    """What a job made of a GPU that it holds: seconds held, seconds of full use, joules, and the most bytes at once."""

    vendor: str = UNKNOWN
    uuid: str = ""
    held_seconds: float = 0.0
    busy_seconds: float | None = None
    energy_joules: float | None = None
    memory_peak_bytes: int | None = None


@dataclass
class Totals:
    """The totals of a job on a node. ``earlier`` is what its control groups that are gone had used."""

    earlier: dict[str, float] = field(default_factory=dict)
    gpus: dict[str, GpuTotal] = field(default_factory=dict)

    def add_group(self, ended: Usage) -> None:
        """Take in what a control group that is gone had used."""
        usage = vars(self.with_group(ended))
        self.earlier = {name: usage[name] for name in _KEPT if usage[name] is not None}

    def with_group(self, usage: Usage) -> Usage:
        """Return what the job has used, with what the present control group says. None stays None only at first."""
        combined: dict[str, Any] = {name: self._combined(name, getattr(usage, name)) for name in _KEPT}
        return replace(usage, **combined)

    @staticmethod
    def newest(usage: Usage, before: Usage) -> Usage:
        """Return the usage of a group, with what was read before where it vanished while it was read."""
        lost = {name: getattr(before, name) for name in _KEPT if getattr(usage, name) is None}
        return replace(usage, **lost)

    def _combined(self, name: str, value: float | None) -> float | None:
        earlier = self.earlier.get(name)
        if earlier is None or value is None:
            return value if earlier is None else earlier
        if name == _LIMIT:
            return value
        return max(earlier, value) if name == _PEAK else earlier + value
