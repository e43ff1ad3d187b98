"""GPUs that jobs hold: which, what they do, and what it adds up to."""

from __future__ import annotations

from pathlib import Path

import pytest
from slurm_observability.agent.gpus.allocation import allocated, slurm_order

from tests.unit.programs.agent.node_tree import remove
from tests.unit.programs.agent.observed_node import INTERVAL, NODE, ObservedNode, gpu


@pytest.fixture
def node(tmp_path: Path) -> ObservedNode:
    node = ObservedNode(tmp_path)
    node.gpus.readings = [gpu(0), gpu(1)]
    return node


def device(metric: str, gpu_id: str = "0", vendor: str = "nvidia") -> str:
    return f'{metric}{{job_id="7",node="{NODE}",gpu_vendor="{vendor}",gpu_id="{gpu_id}"}}'


def test_slurm_counts_by_device_file() -> None:
    readings = [gpu(0, minor=3), gpu(1, minor=1), gpu(2, minor=0)]
    assert [each.index for each in slurm_order(readings)] == [2, 1, 0]
    assert [each.index for each in slurm_order([gpu(1, minor=None), gpu(0, minor=None)])] == [0, 1]


@pytest.mark.parametrize(("order", "uuid"), [("device-file", "GPU-1"), ("pci-bus", "GPU-0")])
def test_the_order_in_which_slurm_counts_is_an_option(tmp_path: Path, order: str, uuid: str) -> None:
    node = ObservedNode(tmp_path, gpu_order=order)
    node.gpus.readings = [gpu(0, minor=1), gpu(1, minor=0)]
    node.prolog(7, gpus=("0",))
    node.look()
    labels = f'job_id="7",user="ann",node="{NODE}",gpu_vendor="nvidia",gpu_id="0",UUID="{uuid}",GPU_I_ID=""'
    assert node.shown()[f"hpc_job_gpu_info{{{labels}}}"] == 1


def test_mig_instances_stand_for_their_gpu() -> None:
    whole, other = gpu(0), gpu(1)
    first = gpu(0, uuid="MIG-a", parent_uuid="GPU-0", gpu_instance=7)
    second = gpu(0, uuid="MIG-b", parent_uuid="GPU-0", gpu_instance=8)
    assert [each.uuid for each in slurm_order([whole, first, second, other])] == ["MIG-a", "MIG-b", "GPU-1"]


@pytest.mark.parametrize(
    ("gpus", "devices", "found"),
    [
        (("1",), (), {"1": "GPU-1"}),
        (("0", "1"), ("0", "1"), {"0": "GPU-0", "1": "GPU-1"}),
        (("0",), ("GPU-1",), {"0": "GPU-1"}),
        (("0", "1"), ("GPU-1",), {"0": "GPU-0", "1": "GPU-1"}),  # a list that does not fit says nothing
        (("9", "x"), (), {"9": None, "x": None}),
        ((), (), {}),
    ],
)
def test_which_gpus_a_job_holds(gpus: tuple[str, ...], devices: tuple[str, ...], found: dict[str, str | None]) -> None:
    readings = allocated(gpus, devices, [gpu(0), gpu(1)])
    assert {place: reading and reading.uuid for place, reading in readings.items()} == found


def test_what_a_jobs_gpus_do(node: ObservedNode) -> None:
    node.gpus.change(1, utilization_percent=100.0, processes={501: 600, 999: 5})
    node.prolog(7, gpus=("0", "1"))
    path = node.tree.job("job_7", 7, pids=(501,))
    node.look()
    node.gpus.change(0, energy_joules=8000.0, memory_used_bytes=3000)
    node.look()
    node.gpus.change(0, memory_used_bytes=2000)
    node.look()
    shown = node.shown()
    assert node.value("hpc_job_gpu_usage_percent") == 75.0
    assert node.value("hpc_job_gpus_without_process") == 1
    assert shown[device("hpc_job_gpu_device_utilization_percent", "1")] == 100.0
    assert shown[device("hpc_job_gpu_device_memory_used_bytes")] == 2000
    assert shown[device("hpc_job_gpu_device_power_watts")] == 200.0
    assert shown[device("hpc_job_gpu_device_temperature_celsius")] == 40.0
    assert shown[device("hpc_job_gpu_device_held_seconds_total")] == 2 * INTERVAL
    assert shown[device("hpc_job_gpu_device_busy_seconds_total")] == INTERVAL
    assert shown[device("hpc_job_gpu_device_energy_joules_total")] == 3000.0
    labels = f'job_id="7",user="ann",node="{NODE}",gpu_vendor="nvidia",gpu_id="1",UUID="GPU-1",GPU_I_ID=""'
    assert shown[f"hpc_job_gpu_info{{{labels}}}"] == 1
    remove(path)
    node.epilog(7)
    node.look()
    first, second = node.outbox.finals[0].gpus
    assert (first.gpu_id, first.uuid, first.vendor) == ("0", "GPU-0", "nvidia")
    assert (first.held_seconds, first.busy_seconds, first.memory_peak_bytes) == (2 * INTERVAL, INTERVAL, 3000)
    assert (first.utilization_percent, first.processes) == (None, None)
    assert second.busy_seconds == 2 * INTERVAL
    assert node.outbox.nodes[0].gpu_count == 2


def test_gpus_are_held_without_a_process(node: ObservedNode) -> None:
    """The prolog told of them, and nothing runs: not even a control group is there."""
    node.prolog(7, gpus=("0", "1"))
    node.look(times=2)
    assert node.value("hpc_job_gpus_without_process") == 2
    assert node.shown()[device("hpc_job_gpu_device_held_seconds_total")] == INTERVAL


def test_what_a_gpu_cannot_tell_is_absent(node: ObservedNode) -> None:
    node.gpus.readings = [
        gpu(0, utilization_percent=None, power_watts=None, energy_joules=None, processes=None, memory_used_bytes=None)
    ]
    node.prolog(7, gpus=("0",))
    node.look(times=3)
    shown = node.shown()
    assert node.value("hpc_job_gpu_usage_percent") is None
    assert node.value("hpc_job_gpus_without_process") is None
    for metric in (
        "utilization_percent",
        "memory_used_bytes",
        "power_watts",
        "busy_seconds_total",
        "energy_joules_total",
    ):
        assert device(f"hpc_job_gpu_device_{metric}") not in shown
    assert shown[device("hpc_job_gpu_device_held_seconds_total")] == 2 * INTERVAL


def test_energy_from_power_where_no_counter_is(node: ObservedNode) -> None:
    node.gpus.readings = [gpu(0, energy_joules=None)]
    node.prolog(7, gpus=("0",))
    node.look(times=3)
    assert node.shown()[device("hpc_job_gpu_device_energy_joules_total")] == 200.0 * 2 * INTERVAL


def test_a_counter_of_energy_that_begins_anew(node: ObservedNode) -> None:
    node.prolog(7, gpus=("0",))
    node.look(times=2)
    node.gpus.change(0, energy_joules=10.0)
    node.look()
    node.gpus.change(0, energy_joules=30.0)
    node.look()
    assert node.shown()[device("hpc_job_gpu_device_energy_joules_total")] == 20.0


def test_a_driver_that_hangs(node: ObservedNode) -> None:
    node.prolog(7, gpus=("0",))
    node.look(times=2)
    node.gpus.broken = True
    node.look()
    shown = node.shown()
    assert device("hpc_job_gpu_device_utilization_percent") not in shown
    assert shown[device("hpc_job_gpu_device_held_seconds_total")] == 2 * INTERVAL
    assert node.value("hpc_job_gpus_without_process") is None


def test_gpus_that_were_never_read(node: ObservedNode) -> None:
    node.gpus.broken = True
    node.prolog(7, gpus=("0",))
    node.look(times=5)
    assert [sample.gpus[0].vendor for sample in node.outbox.samples] == ["unknown"] * 2
    assert node.outbox.nodes[0].gpu_count is None


def test_time_that_nobody_watched_is_not_added(node: ObservedNode) -> None:
    node.prolog(7, gpus=("0",))
    node.look(times=2)
    node.look(seconds=3600)
    assert node.shown()[device("hpc_job_gpu_device_held_seconds_total")] == 5 * INTERVAL


def test_mig_instances_join_with_dcgm(node: ObservedNode) -> None:
    node.gpus.readings = [gpu(0), gpu(0, uuid="MIG-a", parent_uuid="GPU-0", gpu_instance=7, utilization_percent=None)]
    node.prolog(7, gpus=("0",), gpu_devices=("MIG-a",))
    node.look()
    labels = f'job_id="7",user="ann",node="{NODE}",gpu_vendor="nvidia",gpu_id="0",UUID="GPU-0",GPU_I_ID="7"'
    assert node.shown()[f"hpc_job_gpu_info{{{labels}}}"] == 1
    assert node.outbox.nodes[0].gpu_count == 1


def test_a_node_without_gpus_shows_none(tmp_path: Path) -> None:
    node = ObservedNode(tmp_path)
    node.prolog(7)
    node.look()
    assert not [name for name in node.shown() if "gpu_" in name and name.startswith("hpc_")]
