"""From events to files: batch jobs, arrays, het jobs, requeued runs, and jobs without a script."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from slurm_observability.archive import reader
from slurm_observability.archive.access import NOBODY
from slurm_observability.archive.archiver import Archiver, OutputLimits
from slurm_observability.archive.masking import Masks
from slurm_observability.archive.reading import Content, NotNow, Reader, User
from slurm_observability.archive.shelf import Shelf
from slurm_observability.archive.shelves import Shelves
from slurm_observability.archive.submission import StateSaveLocation

from tests.unit.programs.archive.conftest import SCRIPT, START, Slurmctld, finished, started


class Here(Reader):
    """Reads in this process, as whoever runs the tests; notes as whom it was to read."""

    def __init__(self) -> None:
        super().__init__(60)
        self.asked: list[tuple[User, str]] = []
        self.hangs = False

    def read(self, user: User, paths: Sequence[str], head: int, tail: int) -> list[Content]:
        if self.hangs:
            raise NotNow("it hangs")
        self.asked += [(user, path) for path in paths]
        return [Content(*reader.read(os.fsencode(path), head, tail)) for path in paths]


@pytest.fixture
def files() -> Here:
    return Here()


@pytest.fixture
def outputs() -> Here:
    return Here()


@pytest.fixture
def archiver(tmp_path: Path, archive: Path, slurmctld: Slurmctld, files: Here, outputs: Here) -> Archiver:
    shelves = Shelves(Shelf(archive, 0.0, NOBODY), Shelf(tmp_path / "held", 0.0, NOBODY), 0)
    submissions = StateSaveLocation(slurmctld.path, User(64030, 64030), files)
    return Archiver(shelves, submissions, outputs, OutputLimits(1000, 1000), Masks())


def contents(archive: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in archive.iterdir()}


def test_a_batch_job(
    archiver: Archiver, archive: Path, slurmctld: Slurmctld, tmp_path: Path, files: Here, outputs: Here
) -> None:
    slurmctld.submit(7)
    (tmp_path / "slurm-7.out").write_bytes(b"hello\n")

    archiver.archive(started(7, work_dir=str(tmp_path)))

    found = contents(archive)
    assert sorted(found) == ["job_7.env", "job_7.sh"]
    assert found["job_7.sh"] == SCRIPT
    lines = found["job_7.env"].decode().splitlines()
    assert lines[:2] == ["HOME=/home/alice", "MY_TOKEN=***masked***"]
    assert "SLURM_JOB_ID=7" in lines
    assert "SLURM_NNODES=2" in lines

    archiver.archive(finished(7, work_dir=str(tmp_path), uid=2001, gid=3001))

    assert contents(archive)["job_7.out"] == b"hello\n"
    assert "job_7.err" not in contents(archive)
    assert (archive / "job_7.out").stat().st_mtime == START + 60.0
    assert {user for user, _path in files.asked} == {User(64030, 64030)}
    assert outputs.asked == [(User(2001, 3001), str(tmp_path / "slurm-7.out"))]


def test_a_run_that_is_told_twice_is_archived_once(
    archiver: Archiver, archive: Path, slurmctld: Slurmctld, tmp_path: Path
) -> None:
    slurmctld.submit(7)
    (tmp_path / "slurm-7.out").write_bytes(b"hello\n")
    for event in (started(7), finished(7, work_dir=str(tmp_path))) * 2:
        archiver.archive(event)

    assert sorted(contents(archive)) == ["job_7.env", "job_7.out", "job_7.sh"]


def test_the_end_heals_a_lost_beginning(
    archiver: Archiver, archive: Path, slurmctld: Slurmctld, tmp_path: Path
) -> None:
    slurmctld.submit(7)

    archiver.archive(finished(7, work_dir=str(tmp_path)))

    assert sorted(contents(archive)) == ["job_7.env", "job_7.sh"]
    assert archiver.outcomes == {(".sh", "archived"): 1, (".env", "archived"): 1, (".out", "missing"): 1}


def test_errors_in_a_file_of_their_own(archiver: Archiver, archive: Path, slurmctld: Slurmctld, tmp_path: Path) -> None:
    slurmctld.submit(7)
    (tmp_path / "o").write_bytes(b"out")
    (tmp_path / "e").write_bytes(b"err")

    archiver.archive(finished(7, work_dir=str(tmp_path), stdout="o", stderr="e"))

    assert contents(archive)["job_7.out"] == b"out"
    assert contents(archive)["job_7.err"] == b"err"


def test_a_task_has_the_script_of_its_array(archiver: Archiver, archive: Path, slurmctld: Slurmctld) -> None:
    slurmctld.submit(20)

    archiver.archive(started(23, array_job_id=20, array_task_id=2))

    assert sorted(contents(archive)) == ["job_23.env", "job_23.sh"]
    assert b"SLURM_ARRAY_TASK_ID=2\n" in contents(archive)["job_23.env"]


def test_only_the_first_component_of_a_het_job_writes(
    archiver: Archiver, archive: Path, slurmctld: Slurmctld, tmp_path: Path
) -> None:
    for offset, job_id in enumerate((30, 31)):
        slurmctld.submit(job_id)
        (tmp_path / f"slurm-{job_id}.out").write_bytes(b"x")
        archiver.archive(finished(job_id, het_job_id=30, het_job_offset=offset, work_dir=str(tmp_path)))

    assert sorted(contents(archive)) == ["job_30.env", "job_30.out", "job_30.sh", "job_31.env", "job_31.sh"]


def test_a_requeued_run_overwrites_nothing(
    archiver: Archiver, archive: Path, slurmctld: Slurmctld, tmp_path: Path
) -> None:
    """As slurmctld 24.11.5 told of it: the end of the first run with the count of the second."""
    slurmctld.submit(7)
    output = tmp_path / "slurm-7.out"
    where = {"work_dir": str(tmp_path)}
    first = [started(7, **where), finished(7, **where, restart=1, time=START + 2)]
    later = {**where, "restart": 1, "start_time": START + 6}
    second = [started(7, **later, time=START + 7), finished(7, **later, time=START + 12)]

    output.write_bytes(b"run 0")
    for event in (*first, first[1]):  # the end twice
        archiver.archive(event)
    output.write_bytes(b"run 1")
    for event in (*second, second[1]):
        archiver.archive(event)

    found = contents(archive)
    assert sorted(found) == sorted(f"job_7{run}{suffix}" for run in ("-r1", "") for suffix in (".env", ".out", ".sh"))
    assert (found["job_7.out"], found["job_7-r1.out"]) == (b"run 0", b"run 1")
    assert found["job_7-r1.sh"] == SCRIPT


def test_a_requeued_run_whose_end_is_seen_late(
    archiver: Archiver, archive: Path, slurmctld: Slurmctld, tmp_path: Path
) -> None:
    """All four events wait: starts come first."""
    slurmctld.submit(7)
    (tmp_path / "slurm-7.out").write_bytes(b"run 1")
    where = {"work_dir": str(tmp_path)}
    later = {**where, "restart": 1, "start_time": START + 6}

    for event in (
        started(7, **where),
        started(7, **later, time=START + 7),
        finished(7, **where, restart=1, time=START + 2),
        finished(7, **later, time=START + 12),
    ):
        archiver.archive(event)

    times = {name: (archive / name).stat().st_mtime for name in ("job_7.out", "job_7-r1.out")}
    assert times == {"job_7.out": START + 2, "job_7-r1.out": START + 12}


def test_the_end_of_a_second_run_whose_start_was_lost(
    archiver: Archiver, archive: Path, slurmctld: Slurmctld, tmp_path: Path
) -> None:
    slurmctld.submit(7)
    where = {"work_dir": str(tmp_path)}
    (tmp_path / "slurm-7.out").write_bytes(b"run 0")
    archiver.archive(started(7, **where))
    archiver.archive(finished(7, **where, restart=1, time=START + 2))
    (tmp_path / "slurm-7.out").write_bytes(b"run 1")

    archiver.archive(finished(7, **where, restart=1, start_time=START + 6, time=START + 12))

    assert contents(archive)["job_7.out"] == b"run 0"
    assert contents(archive)["job_7-r1.out"] == b"run 1"


def test_a_job_of_srun_has_nothing_to_archive(archiver: Archiver, archive: Path, outputs: Here) -> None:
    archiver.archive(started(7))
    archiver.archive(finished(7))

    assert contents(archive) == {}
    assert outputs.asked == []


def test_output_is_archived_where_the_script_has_gone(archiver: Archiver, archive: Path, tmp_path: Path) -> None:
    (tmp_path / "o").write_bytes(b"out")

    archiver.archive(finished(7, stdout=str(tmp_path / "o")))

    assert contents(archive) == {"job_7.out": b"out"}


def test_output_that_goes_nowhere_is_not_looked_for(archiver: Archiver, slurmctld: Slurmctld, outputs: Here) -> None:
    slurmctld.submit(7)

    archiver.archive(finished(7, stdout="/dev/null"))

    assert outputs.asked == []


def test_of_much_output_the_ends(archiver: Archiver, archive: Path, slurmctld: Slurmctld, tmp_path: Path) -> None:
    slurmctld.submit(7)
    (tmp_path / "slurm-7.out").write_bytes(b"a" * 1000 + b"b" * 500 + b"c" * 1000)

    archiver.archive(finished(7, work_dir=str(tmp_path)))

    assert contents(archive)["job_7.out"] == b"a" * 1000 + b"\n[job-archive: 500 bytes left out]\n" + b"c" * 1000
    assert archiver.cut == 1


@pytest.mark.parametrize("length", [0, 1000, 2000])
def test_what_fits_is_kept_as_it_is(
    archiver: Archiver, archive: Path, slurmctld: Slurmctld, tmp_path: Path, length: int
) -> None:
    slurmctld.submit(7)
    (tmp_path / "slurm-7.out").write_bytes(b"x" * length)

    archiver.archive(finished(7, work_dir=str(tmp_path)))

    assert contents(archive)["job_7.out"] == b"x" * length
    assert archiver.cut == 0


def test_an_output_file_that_is_none_is_counted(
    archiver: Archiver, archive: Path, slurmctld: Slurmctld, tmp_path: Path
) -> None:
    slurmctld.submit(7)
    os.mkfifo(tmp_path / "slurm-7.out")

    archiver.archive(finished(7, work_dir=str(tmp_path)))

    assert archiver.outcomes[".out", "irregular"] == 1


def test_an_environment_that_has_gone(archiver: Archiver, archive: Path, slurmctld: Slurmctld) -> None:
    (slurmctld.submit(7) / "environment").unlink()

    archiver.archive(started(7))

    assert sorted(contents(archive)) == ["job_7.sh"]


def test_a_script_that_cannot_be_read_is_counted(
    archiver: Archiver, archive: Path, slurmctld: Slurmctld, caplog: pytest.LogCaptureFixture
) -> None:
    script = slurmctld.submit(7) / "script"
    script.unlink()
    script.mkdir()

    archiver.archive(started(7))

    assert contents(archive) == {}
    assert archiver.submissions.failures == 1
    assert "cannot be read by user 64030" in caplog.text


def test_files_that_cannot_be_read_now_are_asked_for_again(
    archiver: Archiver, archive: Path, slurmctld: Slurmctld, tmp_path: Path, outputs: Here
) -> None:
    slurmctld.submit(7)
    (tmp_path / "slurm-7.out").write_bytes(b"hello\n")
    outputs.hangs = True

    with pytest.raises(NotNow):
        archiver.archive(finished(7, work_dir=str(tmp_path)))
    assert sorted(contents(archive)) == ["job_7.env", "job_7.sh"]  # what could be had is there already

    outputs.hangs = False
    archiver.archive(finished(7, work_dir=str(tmp_path)))

    assert contents(archive)["job_7.out"] == b"hello\n"


def test_an_event_without_a_user_is_left_out(
    archiver: Archiver, archive: Path, slurmctld: Slurmctld, caplog: pytest.LogCaptureFixture
) -> None:
    slurmctld.submit(7)

    archiver.archive(started(7, uid=None))

    assert contents(archive) == {}
    assert "names no user" in caplog.text


def test_a_user_without_a_group_has_that_of_the_same_number(
    archiver: Archiver, slurmctld: Slurmctld, outputs: Here
) -> None:
    slurmctld.submit(7)

    archiver.archive(replace(finished(7), uid=2001, gid=None))

    assert outputs.asked[0][0] == User(2001, 2001)


def test_before_23_02_the_newest_run_ends(
    archiver: Archiver, archive: Path, slurmctld: Slurmctld, tmp_path: Path
) -> None:
    slurmctld.submit(7)
    (tmp_path / "slurm-7.out").write_bytes(b"x")

    archiver.archive(started(7, start_time=None))
    archiver.archive(finished(7, start_time=None, time=START + 900_000.0, work_dir=str(tmp_path)))

    assert sorted(contents(archive)) == ["job_7.env", "job_7.out", "job_7.sh"]
