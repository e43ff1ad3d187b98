"""The archive and what is held for it; the names of runs."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import pytest
from slurm_observability.archive.access import ACL, NOBODY
from slurm_observability.archive.names import parse_name
from slurm_observability.archive.shelf import Shelf
from slurm_observability.archive.shelves import ARCHIVED, DROPPED, HELD, Shelves

ME = os.geteuid()


@pytest.fixture
def held(tmp_path: Path) -> Path:
    path = tmp_path / "held"
    path.mkdir(mode=0o700)
    return path


@pytest.fixture
def shelves(archive: Path, held: Path) -> Shelves:
    return Shelves(Shelf(archive, 0.0, NOBODY), Shelf(held, 0.0, NOBODY), 1000)


def test_what_the_archive_cannot_take_is_held_and_brought_home(
    shelves: Shelves, archive: Path, held: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    away = archive.rename(archive.with_name("away"))

    assert shelves.put("job_7.sh", b"hello", 2001, 5.0) == HELD
    assert shelves.put("job_7.env", b"A=1", 2001, 5.0) == HELD
    shelves.bring_home()

    assert (shelves.held_files, shelves.held_bytes, shelves.usable) == (2, 8, False)
    assert sorted(path.name for path in held.iterdir()) == ["2001.job_7.env", "2001.job_7.sh"]

    away.rename(archive)
    shelves.bring_home()

    assert (shelves.held_files, shelves.held_bytes, shelves.usable) == (0, 0, True)
    assert {path.name: path.read_bytes() for path in archive.iterdir()} == {"job_7.sh": b"hello", "job_7.env": b"A=1"}
    assert (archive / "job_7.sh").stat().st_mtime == 5.0
    assert list(held.iterdir()) == []
    assert len([record for record in caplog.records if record.levelno >= logging.ERROR]) == 1  # it is said once


def test_what_is_held_is_bounded(shelves: Shelves, archive: Path, held: Path) -> None:
    archive.rmdir()

    assert shelves.put("job_7.out", b"x" * 600, 0, 0.0) == HELD
    assert shelves.put("job_8.out", b"x" * 600, 0, 0.0) == DROPPED
    assert [path.name for path in held.iterdir()] == ["0.job_7.out"]


def test_without_either_shelf_a_file_is_dropped_and_nothing_breaks(shelves: Shelves, archive: Path, held: Path) -> None:
    archive.rmdir()
    held.rmdir()

    assert shelves.put("job_7.out", b"x", 0, 0.0) == DROPPED
    assert shelves.time("job_7", ".out", 0) is None
    shelves.bring_home()


def test_what_was_not_held_by_the_archive_is_thrown_away(shelves: Shelves, held: Path) -> None:
    (held / "what").touch()

    shelves.bring_home()

    assert list(held.iterdir()) == []


def test_files_that_owners_cannot_read_are_counted_and_said_once(
    archive: Path, held: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def unsupported(*_arguments: object) -> None:
        raise OSError

    monkeypatch.setattr(os, "setxattr", unsupported)
    shelves = Shelves(Shelf(archive, 0.0, ACL), Shelf(held, 0.0, NOBODY), 1000)

    assert [shelves.put(f"job_{number}.sh", b"", 2001, 0.0) for number in (7, 8)] == [ARCHIVED] * 2
    assert shelves.unreadable == 2
    assert len(caplog.records) == 1


def test_each_run_has_its_own_name(shelves: Shelves) -> None:
    assert shelves.run_name(7, None, 1000.0, ME) == "job_7"
    assert shelves.run_name(7, 0, 1000.0, ME) == "job_7"
    assert shelves.run_name(7, 2, 1000.0, ME) == "job_7-r2"


def test_an_id_that_begins_anew_overwrites_nothing(shelves: Shelves, archive: Path) -> None:
    shelves.put("job_7.sh", b"", ME, 1000.0)

    assert shelves.run_name(7, 0, 1000.0, ME) == "job_7"  # the same event once more
    assert shelves.run_name(7, 0, 900_000.0, ME) == "job_7-1"
    assert shelves.run_name(7, 1, 900_000.0, ME) == "job_7-r1"

    shelves.put("job_7-1.sh", b"", ME, 900_000.0)

    assert shelves.run_name(7, 0, 900_000.0, ME) == "job_7-1"
    assert shelves.run_name(7, 0, None, ME) == "job_7-1"  # Slurm 22.05 does not say when what ends began
    assert shelves.run_name(8, 0, None, ME) == "job_8"
    archive.rename(archive.with_name("away"))
    shelves.put("job_7.sh", b"", ME, 1000.0)
    assert shelves.run_name(7, 0, 1000.0, ME) == "job_7"  # also what is held counts
    assert shelves.time("job_7", ".sh", ME) == 1000.0


@pytest.mark.parametrize("name", ["job_7.sh", "job_7-r1.env", "job_7-1.out", "job_7-r1-1.err"])
def test_names_of_files(name: str) -> None:
    found = parse_name(name)

    assert found is not None
    assert "".join(found) == name


@pytest.mark.parametrize("name", ["job_7.txt", "job_.sh", "x", ".unfinished.job_7.sh", "job_7.sh.gz", "job_7\n.sh"])
def test_names_of_other_files(name: str) -> None:
    assert parse_name(name) is None
