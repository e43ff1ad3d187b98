"""Which GPUs a job holds, among those that were read."""

from __future__ import annotations

from collections.abc import Sequence

from .reading import GpuReading

# How Slurm counts the devices of a node: by their device files where gres.conf names them (File=), by their places on
# the PCI bus where slurmd found them (AutoDetect=nvml).
DEVICE_FILE, PCI_BUS = "device-file", "pci-bus"
ORDERS = (DEVICE_FILE, PCI_BUS)


def slurm_order(readings: Sequence[GpuReading], order: str = DEVICE_FILE) -> list[GpuReading]:
    """Return the devices in the order in which Slurm counts them, one of ORDERS.

    A GPU that is divided into MIG instances is none of them; its instances are.
    """
    divided = {reading.parent_uuid for reading in readings if reading.parent_uuid}
    devices = [reading for reading in readings if reading.uuid not in divided]
    return sorted(devices, key=lambda each: each.index if order == PCI_BUS or each.minor is None else each.minor)


def allocated(
    gpus: Sequence[str], devices: Sequence[str], readings: Sequence[GpuReading], order: str = DEVICE_FILE
) -> dict[str, GpuReading | None]:
    """Return what was read of each GPU of a job, by Slurm's index; None for one that was not read.

    ``gpus`` is SLURM_JOB_GPUS: places in Slurm's order. ``devices`` is CUDA_VISIBLE_DEVICES or ROCR_VISIBLE_DEVICES:
    the same, or UUIDs (Slurm 25.11 and later, and MIG instances), which leave no doubt.
    """
    ordered = slurm_order(readings, order)
    by_uuid = {reading.uuid: reading for reading in readings if reading.uuid}
    by_place = {str(place): reading for place, reading in enumerate(ordered)}
    uuids = devices if len(devices) == len(gpus) else [""] * len(gpus)
    return {gpu: by_uuid.get(uuid) or by_place.get(gpu) for gpu, uuid in zip(gpus, uuids, strict=True)}
