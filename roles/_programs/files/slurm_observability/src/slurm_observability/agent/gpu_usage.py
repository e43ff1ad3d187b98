"""What each job makes of the GPUs that it holds."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from ..jobs.sample import GpuSample
from .gpus.allocation import DEVICE_FILE, allocated
from .gpus.reading import GpuReading
from .node_job import NodeJob
from .totals import GpuTotal


class GpuLook:
    """What the GPUs do at a moment. ``joules`` is the energy that each took since the look before, by UUID.

    ``order`` is that in which Slurm counts them.
    """

    def __init__(self, readings: Sequence[GpuReading], joules: dict[str, float], order: str = DEVICE_FILE) -> None:
        self._readings = readings
        self._joules = joules
        self._order = order

    @property
    def count(self) -> int:
        """The number of GPUs, each once however it is divided."""
        return sum(not reading.parent_uuid for reading in self._readings)

    @property
    def mig_instances(self) -> dict[str, tuple[str, str]]:
        """The UUID of the GPU and the number of the GPU instance, by the UUID of a MIG instance."""
        return {
            each.uuid: (each.parent_uuid, "" if each.gpu_instance is None else str(each.gpu_instance))
            for each in self._readings
            if each.parent_uuid
        }

    def of(self, job: NodeJob, pids: Collection[int], seconds: float) -> tuple[GpuSample, ...]:
        """Return what the job makes of its GPUs, and add the seconds since the look before to its totals."""
        event = job.started
        return tuple(
            self._sample(job.totals.gpus.setdefault(gpu, GpuTotal()), gpu, reading, pids, seconds)
            for gpu, reading in allocated(event.gpus, event.gpu_devices, self._readings, self._order).items()
        )

    def _sample(
        self, total: GpuTotal, gpu: str, reading: GpuReading | None, pids: Collection[int], seconds: float
    ) -> GpuSample:
        total.held_seconds += seconds
        if reading is None:  # it is held, and nobody knows what it does
            return total_sample(gpu, total)
        self._add(total, reading, seconds)
        return GpuSample(
            gpu_id=gpu,
            vendor=reading.vendor,
            uuid=reading.uuid,
            held_seconds=total.held_seconds,
            busy_seconds=total.busy_seconds,
            utilization_percent=reading.utilization_percent,
            memory_used_bytes=reading.memory_used_bytes,
            memory_peak_bytes=total.memory_peak_bytes,
            memory_total_bytes=reading.memory_total_bytes,
            power_watts=reading.power_watts,
            energy_joules=total.energy_joules,
            temperature_celsius=reading.temperature_celsius,
            processes=None if reading.processes is None else sum(pid in pids for pid in reading.processes),
        )

    def _add(self, total: GpuTotal, reading: GpuReading, seconds: float) -> None:
        total.vendor, total.uuid = reading.vendor, reading.uuid
        if reading.utilization_percent is not None:
            total.busy_seconds = (total.busy_seconds or 0.0) + reading.utilization_percent / 100 * seconds
        if reading.memory_used_bytes is not None:
            total.memory_peak_bytes = max(total.memory_peak_bytes or 0, reading.memory_used_bytes)
        joules = self._joules.get(reading.uuid)
        if joules is None and reading.power_watts is not None:
            joules = reading.power_watts * seconds
        if joules is not None and seconds:
            total.energy_joules = (total.energy_joules or 0.0) + joules


class GpuMeter:
    """Makes looks at the GPUs, each with the energy since the one before."""

    def __init__(self, order: str = DEVICE_FILE) -> None:
        self._order = order
        self._energy: dict[str, float] = {}

    def look(self, readings: Sequence[GpuReading]) -> GpuLook:
        """Return a look at the GPUs. A counter that went back, as with a new driver, says nothing this once."""
        before = self._energy
        self._energy = {each.uuid: each.energy_joules for each in readings if each.energy_joules is not None}
        joules = {uuid: max(0.0, now - before.get(uuid, now)) for uuid, now in self._energy.items()}
        return GpuLook(readings, joules, self._order)


def total_sample(gpu: str, total: GpuTotal) -> GpuSample:
    """Return what is known of a GPU that cannot be read now: the totals."""
    return GpuSample(
        gpu_id=gpu,
        vendor=total.vendor,
        uuid=total.uuid,
        held_seconds=total.held_seconds,
        busy_seconds=total.busy_seconds,
        memory_peak_bytes=total.memory_peak_bytes,
        energy_joules=total.energy_joules,
    )
