"""Patterns of sbatch against the names of the files that real slurmstepds of 22.05.8, 24.11.5 and 26.05.5 made."""

from __future__ import annotations

import pytest
from slurm_observability.archive.output_paths import output_paths

from tests.unit.programs.archive.conftest import started

HOME = "/home/alice"
JOB = {"work_dir": HOME, "name": "na me%j/x", "nodes": "node1"}
TASK = {**JOB, "name": "plain", "array_job_id": 13, "array_task_id": 12}


@pytest.mark.parametrize(
    ("job_id", "pattern", "name"),
    [
        (8, "p-%j-%5j-%J-%N-%n-%t-%s-%u-%x", "p-8-00008-8-node1-0-0-batch-alice-na me%j/x"),
        (9, "q-%%j-%x-%A-%a-%3a-%b", "q-%j-na me%j/x-9-4294967294-4294967294-4"),
        (11, "z%15j-%z-%", "z0000000011-%z-%"),
        (12, "sub/%j", "sub/12"),
        (15, "%x", "na me%j/x"),
    ],
)
def test_of_a_job(job_id: int, pattern: str, name: str) -> None:
    assert output_paths(started(job_id, **JOB, stdout=f"{HOME}/{pattern}")).stdout == f"{HOME}/{name}"


def test_what_is_known_only_to_newer_slurms_stays_as_it_is() -> None:
    """Slurm 22.05.8, whose events do not say when a job started."""
    event = started(8, **TASK, start_time=None, stdout=f"{HOME}/arr-%A-%a-%4a-%b-%j")

    assert output_paths(event).stdout == f"{HOME}/arr-13-12-0012-%b-8"


@pytest.mark.parametrize(("pattern", "name"), [("z%15j-%z-%", "z0000000005-%z-"), ("%%", "%"), ("%%%", "%")])
def test_since_25_11_a_percent_sign_at_the_end_is_dropped(pattern: str, name: str) -> None:
    event = started(5, **JOB, sluid="s935M7ZJT2MX00", stdout=f"{HOME}/{pattern}")

    assert output_paths(event).stdout == f"{HOME}/{name}"


def test_of_a_task() -> None:
    event = started(21, **TASK, stdout=f"{HOME}/arr-%A-%a-%4a-%b-%j")

    assert output_paths(event).stdout == f"{HOME}/arr-13-12-0012-2-21"


@pytest.mark.parametrize(("fields", "name"), [(JOB, "slurm-14.out"), (TASK, "slurm-13_12.out")])
def test_sbatch_names_a_file_where_the_user_does_not(fields: dict[str, object], name: str) -> None:
    assert output_paths(started(14, **fields)) == (f"{HOME}/{name}", None)


def test_errors_go_where_the_output_goes_unless_told_otherwise() -> None:
    assert output_paths(started(14, **JOB, stderr=f"{HOME}/sep-%j.err")) == (
        f"{HOME}/slurm-14.out",
        f"{HOME}/sep-14.err",
    )
    assert output_paths(started(14, **JOB, stderr="slurm-%j.out")).stderr is None


def test_a_relative_path_begins_at_the_work_directory() -> None:
    assert output_paths(started(**JOB, stdout="a/./%j")).stdout == f"{HOME}/a/./7"


@pytest.mark.parametrize(("sluid", "name"), [("", r"r\\%j-%x"), ("sEKNKTV3WPV500", "r%j-%x")])
def test_with_a_backslash_nothing_stands_for_anything(sluid: str, name: str) -> None:
    """Until 25.05 a pair of backslashes leaves one, since then none stays."""
    event = started(10, **JOB, sluid=sluid, stdout=HOME + r"/r\\\\%j-%x")

    assert output_paths(event).stdout == f"{HOME}/{name}"


@pytest.mark.parametrize(("sluid", "name"), [("", "%r-%S"), ("sEKNKTV3WPV500", "2-sEKNKTV3WPV500")])
def test_restarts_and_sluids_have_names_since_25_11(sluid: str, name: str) -> None:
    event = started(**JOB, restart=2, sluid=sluid, stdout=f"{HOME}/%r-%S")

    assert output_paths(event).stdout == f"{HOME}/{name}"
