"""The map by which dcgm-exporter knows the jobs of a GPU."""

from __future__ import annotations

import fcntl
import os

import pytest

from tests.unit.hooks.conftest import Hooks, eventually

UUIDS = ("GPU-5f1c2b7e-0000-0000-0000-000000000001", "MIG-5f1c2b7e-0000-0000-0000-000000000002")


def test_a_job_is_in_the_map_from_start_to_end(hooks: Hooks):
    hooks.run("prolog", SLURM_JOB_GPUS="0,3")
    assert hooks.gpu_map() == {"0": ["7"], "3": ["7"]}
    hooks.run("epilog", SLURM_JOB_GPUS="0,3")
    assert hooks.gpu_map() == {}


def test_jobs_that_share_a_gpu_touch_only_their_own_ids(hooks: Hooks):
    hooks.run("prolog", SLURM_JOB_GPUS="0")
    hooks.run("prolog", SLURM_JOB_GPUS="0,1", SLURM_JOB_ID="77")
    assert hooks.gpu_map() == {"0": ["7", "77"], "1": ["77"]}
    hooks.run("epilog", SLURM_JOB_GPUS="0")
    assert hooks.gpu_map() == {"0": ["77"], "1": ["77"]}


def test_no_id_is_in_a_file_twice(hooks: Hooks):
    """dcgm-exporter shows nothing at all when one is."""
    (hooks.map / "0").write_text("9\n7\n9\n\nroot:x:0:0\n8")
    hooks.run("prolog", SLURM_JOB_GPUS="0,0,1")
    hooks.run("prolog", SLURM_JOB_GPUS="0,1")
    (hooks.map / "1").write_text("8\n8\n")
    hooks.run("prolog", SLURM_JOB_GPUS="1")
    assert hooks.gpu_map() == {"0": ["9", "7", "9", "", "root:x:0:0", "8"], "1": ["8", "7"]}
    hooks.run("epilog", SLURM_JOB_GPUS="0,1")
    assert hooks.gpu_map() == {"0": ["9", "8"], "1": ["8"]}


def test_the_agents_table_says_what_dcgm_calls_a_gpu(hooks: Hooks):
    hooks.gpu_names.write_text(f"0 5\n1 0.7\n{UUIDS[0]} 2\n{UUIDS[1]} 3.11\n")
    hooks.run("prolog", SLURM_JOB_GPUS="0,1,2", CUDA_VISIBLE_DEVICES="0,1,2")
    assert hooks.gpu_map() == {"0.7": ["7"], "5": ["7"]}
    hooks.run("epilog", SLURM_JOB_GPUS="0,1,2")
    hooks.run("prolog", SLURM_JOB_GPUS="0,1", CUDA_VISIBLE_DEVICES=",".join(UUIDS))
    assert hooks.gpu_map() == {"2": ["7"], "3.11": ["7"]}


@pytest.mark.parametrize("gpus", ["../x", "a", ",", "0/1", "*", "$(id)", "-1", ".5", "0-3"])
def test_what_is_no_name_of_a_gpu_is_no_file(hooks: Hooks, gpus: str):
    hooks.run("prolog", SLURM_JOB_GPUS=gpus)
    assert hooks.gpu_map() == {}


def test_a_job_without_gpus_leaves_the_map_alone(hooks: Hooks):
    (hooks.map / "0").write_text("7\n")
    hooks.run("epilog")
    hooks.run("epilog_slurmctld", SLURM_JOB_GPUS="0")
    assert hooks.gpu_map() == {"0": ["7"]}


def test_other_files_of_the_map_stay(hooks: Hooks):
    (hooks.map / ".notes").write_text("7\n")
    (hooks.map / "1.x").mkdir()
    hooks.run("epilog", SLURM_JOB_GPUS="0")
    assert (hooks.map / ".notes").read_text() == "7\n"


def test_who_holds_the_lock_of_the_directory_goes_first(hooks: Hooks):
    (hooks.map / "0").write_text("8\n")
    directory = os.open(hooks.map, os.O_RDONLY | os.O_DIRECTORY)
    fcntl.flock(directory, fcntl.LOCK_EX)
    hooks.start("prolog", SLURM_JOB_GPUS="0")
    eventually(lambda: len(hooks.events()) == 1, "the event, which waits for nobody")
    assert (hooks.map / "0").read_text() == "8\n"
    os.close(directory)
    hooks.settle()
    assert hooks.gpu_map() == {"0": ["8", "7"]}


def test_many_jobs_at_once_lose_nobody(hooks: Hooks):
    for number in range(1, 21):
        hooks.start("prolog", SLURM_JOB_GPUS="0", SLURM_JOB_ID=str(number))
    hooks.settle()
    assert sorted(hooks.gpu_map()["0"], key=int) == [str(number) for number in range(1, 21)]
