"""What the whole node uses."""

from __future__ import annotations

from pathlib import Path

import pytest
from slurm_observability.agent.kernel_files import KernelFiles
from slurm_observability.agent.node_usage import NodeMeter, NodeUsage

from tests.unit.programs.agent.node_tree import Proc, write


@pytest.fixture
def proc(tmp_path: Path) -> Proc:
    return Proc(tmp_path / "proc")


def test_cpu_between_two_looks(proc: Proc) -> None:
    meter = NodeMeter(KernelFiles(), proc.root, lambda: 4)
    assert meter.look() == NodeUsage(
        cpus=4, cpu_usage_percent=None, memory_usage_bytes=400_000 * 1024, memory_total_bytes=1_000_000 * 1024
    )
    write(proc.root / "stat", "cpu  1050 0 525 8020 105 0 0 0 50 0\n")  # guest is part of user
    assert meter.look().cpu_usage_percent == pytest.approx(75.0)


def test_counters_that_go_back(proc: Proc) -> None:
    meter = NodeMeter(KernelFiles(), proc.root, lambda: 4)
    write(proc.root / "stat", "cpu  0 0 0 0 0\n")
    assert meter.look().cpu_usage_percent is None


@pytest.mark.parametrize("text", ["", "cpu\n", "cpu 1 2\n", "cpu a b c d e f\n", "intr 5\n"])
def test_a_stat_that_is_none(proc: Proc, text: str) -> None:
    write(proc.root / "stat", text)
    meter = NodeMeter(KernelFiles(), proc.root, lambda: None)
    assert (meter.look().cpu_usage_percent, meter.look().cpu_usage_percent) == (None, None)


@pytest.mark.parametrize("text", ["", "MemTotal: 5 kB\n", "MemTotal: x kB\nMemAvailable: 3 MB\nnothing\n"])
def test_a_meminfo_that_is_none(proc: Proc, text: str) -> None:
    write(proc.root / "meminfo", text)
    assert NodeMeter(KernelFiles(), proc.root).look().memory_usage_bytes is None
