"""The map of GPUs to jobs for dcgm-exporter, kept free of jobs that are over."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import pytest
from slurm_observability.agent.gpu_map import STALE_SECONDS, GpuMap

from tests.unit.programs.agent.node_tree import write
from tests.unit.programs.agent.observed_node import INTERVAL, ObservedNode


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    directory = tmp_path / "gpu-jobs"
    write(directory / "0", "7\n8\n")
    write(directory / "1", "8\n")
    write(directory / "0.7", "7\n")
    return directory


def contents(directory: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in directory.iterdir()}


def test_an_id_that_no_epilog_took_out(directory: Path) -> None:
    gpu_map = GpuMap(directory)
    gpu_map.clean([7], 0.0)
    gpu_map.clean([7], STALE_SECONDS - 1)
    assert contents(directory) == {"0": "7\n8\n", "1": "8\n", "0.7": "7\n"}
    gpu_map.clean([7], STALE_SECONDS)
    assert contents(directory) == {"0": "7\n", "0.7": "7\n"}
    assert gpu_map.removed == 2


def test_everybody_can_read_what_is_left(directory: Path) -> None:
    before = os.umask(0o027)  # that of the service
    try:
        gpu_map = GpuMap(directory)
        gpu_map.clean([7], 0.0)
        gpu_map.clean([7], STALE_SECONDS)
    finally:
        os.umask(before)
    assert (directory / "0").stat().st_mode & 0o777 == 0o644


def test_an_id_that_became_known_again_waits_anew(directory: Path) -> None:
    gpu_map = GpuMap(directory)
    gpu_map.clean([7], 0.0)
    gpu_map.clean([7, 8], STALE_SECONDS - 1)
    gpu_map.clean([7], STALE_SECONDS)
    assert gpu_map.removed == 0


def test_a_hook_that_is_at_it_is_not_disturbed(directory: Path) -> None:
    gpu_map = GpuMap(directory)
    gpu_map.clean([], 0.0)
    hook = os.open(directory, os.O_RDONLY)
    fcntl.flock(hook, fcntl.LOCK_EX)
    gpu_map.clean([], STALE_SECONDS)
    assert gpu_map.removed == 0
    os.close(hook)
    gpu_map.clean([], STALE_SECONDS)
    assert contents(directory) == {}


def test_what_is_no_file_of_a_gpu_stays(directory: Path) -> None:
    write(directory / ".tmp.7", "9\n")
    write(directory / "README", "9\n")
    (directory / "5").mkdir()
    (directory / "6").symlink_to("README")
    gpu_map = GpuMap(directory)
    gpu_map.clean([7, 8], 0.0)
    gpu_map.clean([7, 8], STALE_SECONDS)
    assert gpu_map.removed == 0


def test_no_map(tmp_path: Path) -> None:
    GpuMap(tmp_path / "none").clean([], 0.0)


def test_the_agent_cleans_it(tmp_path: Path, directory: Path) -> None:
    node = ObservedNode(tmp_path)
    write(directory / "2", b"\xff\n")
    node.prolog(7)
    node.look(times=2 + int(STALE_SECONDS / INTERVAL))
    assert contents(directory) == {"0": "7\n", "0.7": "7\n"}
    assert node.shown()["job_agent_gpu_map_removed_total"] == 3
