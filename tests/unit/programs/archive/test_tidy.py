"""Old files: packed by weeks, and one day removed."""

from __future__ import annotations

import os
import subprocess
import tarfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from slurm_observability.archive.access import ACL, CHOWN, NOBODY, restore
from slurm_observability.archive.shelf import UNFINISHED, Shelf, ShelfError
from slurm_observability.archive.tidy import Limits, tidy

DAY = 86_400.0
NOW = 1_795_300_000.0  # 2026-11-21
PACK_ALL = Limits(0, 0, 0)


def put(archive: Path, name: str, content: bytes, days: float, owner: int | None = None, readers: str = NOBODY) -> None:
    owner = os.geteuid() if owner is None else owner
    Shelf(archive, 0.0, readers).put(name, content, owner, NOW - days * DAY)


def live(archive: Path) -> list[str]:
    return sorted(path.name for path in archive.iterdir() if path.is_file())


def packed(archive: Path) -> dict[str, dict[str, bytes]]:
    found = {}
    for path in sorted(archive.glob("weeks/*/*")):
        with tarfile.open(path) as tar:
            members = {member.name: tar.extractfile(member) for member in tar}
            found[str(path.relative_to(archive))] = {name: file.read() for name, file in members.items() if file}
    return found


def test_a_run_is_packed_when_the_newest_of_its_files_is_old(archive: Path) -> None:
    put(archive, "job_7.sh", b"script", 50)
    put(archive, "job_7.out", b"output", 40)
    put(archive, "job_8.sh", b"script", 50)
    put(archive, "job_8.out", b"output", 29)
    put(archive, "job_9-r1.env", b"A=1", 50)
    (archive / "README").touch()

    done = tidy(archive, Limits(30, 365, 0), NOBODY, NOW)

    assert packed(archive) == {
        "weeks/2026-W40/job_9-r1.tar.gz": {"job_9-r1.env": b"A=1"},
        "weeks/2026-W42/job_7.tar.gz": {"job_7.out": b"output", "job_7.sh": b"script"},
    }
    assert live(archive) == ["README", "job_8.out", "job_8.sh"]
    assert (done.packed, done.removed) == (2, 0)
    path = archive / "weeks/2026-W42/job_7.tar.gz"
    assert path.stat().st_mtime == NOW - 40 * DAY
    assert [(archive / folder).stat().st_mode & 0o777 for folder in ("weeks", "weeks/2026-W42")] == [0o751] * 2
    with tarfile.open(path) as tar:
        assert {member.name: member.mtime for member in tar}["job_7.sh"] == int(NOW - 50 * DAY)


def test_a_second_time_changes_nothing(archive: Path) -> None:
    put(archive, "job_7.sh", b"script", 50)
    tidy(archive, Limits(30, 365, 0), NOBODY, NOW)

    assert tidy(archive, Limits(30, 365, 0), NOBODY, NOW).packed == 0


def test_what_was_killed_before_it_removed_the_files_is_done_again(archive: Path) -> None:
    put(archive, "job_7.sh", b"script", 40)
    put(archive, "job_7.out", b"output", 40)
    tidy(archive, PACK_ALL, NOBODY, NOW)
    put(archive, "job_7.out", b"output", 40)  # as if this one had stayed

    tidy(archive, PACK_ALL, NOBODY, NOW)

    assert packed(archive) == {"weeks/2026-W42/job_7.tar.gz": {"job_7.sh": b"script", "job_7.out": b"output"}}
    assert live(archive) == []


def test_a_run_that_cannot_be_packed_keeps_the_others_from_nothing(
    archive: Path, caplog: pytest.LogCaptureFixture
) -> None:
    put(archive, "job_7.sh", b"script", 40)
    put(archive, "job_8.sh", b"script", 40)
    (archive / "weeks/2026-W42").mkdir(parents=True, mode=0o751)
    (archive / "weeks/2026-W42/job_7.tar.gz").write_bytes(b"no archive")

    assert tidy(archive, PACK_ALL, NOBODY, NOW).packed == 1
    assert live(archive) == ["job_7.sh"]
    assert "job_7 is not packed" in caplog.text


def test_what_is_too_old_is_removed(archive: Path) -> None:
    put(archive, "job_7.sh", b"script", 400)
    put(archive, "job_8.sh", b"script", 366)
    put(archive, "job_9.sh", b"script", 40)
    (archive / f"{UNFINISHED}job_1.sh.0").touch()
    (archive / f"{UNFINISHED}job_2.sh.0").touch()
    os.utime(archive / f"{UNFINISHED}job_1.sh.0", (NOW - 2 * DAY, NOW - 2 * DAY))
    os.utime(archive / f"{UNFINISHED}job_2.sh.0", (NOW, NOW))

    done = tidy(archive, Limits(380, 365, 0), NOBODY, NOW)

    assert live(archive) == [f"{UNFINISHED}job_2.sh.0", "job_9.sh"]
    assert (done.packed, done.removed) == (1, 2)
    assert list(archive.glob("weeks/*")) == []  # an empty week goes too


def test_the_oldest_goes_where_there_is_too_much(archive: Path) -> None:
    for job_id, days in ((7, 3), (8, 2), (9, 1)):
        put(archive, f"job_{job_id}.out", b"x" * 100, days)

    done = tidy(archive, Limits(30, 0, 250), NOBODY, NOW)

    assert live(archive) == ["job_8.out", "job_9.out"]
    assert (done.removed, done.bytes_kept) == (1, 200)


def test_a_file_that_cannot_be_removed_is_left(archive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(archive, "job_7.out", b"x", 400)

    def refused(*_arguments: object, **_more: object) -> None:
        raise PermissionError

    monkeypatch.setattr(Path, "unlink", refused)

    assert tidy(archive, Limits(500, 365, 0), NOBODY, NOW).removed == 0


def test_an_archive_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ShelfError):
        tidy(tmp_path / "none", PACK_ALL, NOBODY)


def given_away(everybodys: Callable[..., Path], name: str, days: float) -> Path:
    """Return a file of the archive that was given to the user 2001."""
    archive = everybodys("unused", b"", 0).parent
    archive.chmod(0o751)
    assert Shelf(archive, 0.0, CHOWN).put(name, b"alice's", 2001, NOW - days * DAY)
    return archive / name


def as_alice(*command: str | Path) -> None:
    subprocess.run(command, user=2001, group=2001, extra_groups=[], cwd="/", check=True)


def test_an_owner_who_hides_a_file_from_the_archive_still_has_it_packed(everybodys: Callable[..., Path]) -> None:
    path = given_away(everybodys, "job_7.out", 40)
    as_alice("/bin/chmod", "0", path)

    assert tidy(path.parent, PACK_ALL, CHOWN, NOW).packed == 1
    week = path.parent / "weeks/2026-W42/job_7.tar.gz"
    assert (week.stat().st_uid, week.stat().st_mode & 0o777) == (2001, 0o440)


def test_a_mode_is_put_back_and_the_file_stays_its_owners(everybodys: Callable[..., Path]) -> None:
    path = given_away(everybodys, "job_7.out", 40)
    as_alice("/bin/chmod", "666", path)

    restore(path)

    assert (path.stat().st_uid, path.stat().st_mode & 0o777) == (2001, 0o440)


def test_an_owner_who_sets_the_time_into_the_future_gains_nothing(everybodys: Callable[..., Path]) -> None:
    path = given_away(everybodys, "job_7.out", 40)
    as_alice("/bin/touch", "--date=@4000000000", path)
    later = time.time() + 31 * DAY

    assert tidy(path.parent, Limits(30, 365, 0), CHOWN, later).packed == 1
    (week,) = path.parent.glob("weeks/*/job_7.tar.gz")
    as_alice("/bin/touch", "--date=@4000000000", week)
    assert tidy(path.parent, Limits(30, 365, 0), CHOWN, later + 365 * DAY).removed == 1


def test_a_file_that_its_owner_made_huge_is_not_read_and_goes_one_day(
    everybodys: Callable[..., Path], caplog: pytest.LogCaptureFixture
) -> None:
    path = given_away(everybodys, "job_7.out", 40)
    as_alice("/bin/chmod", "640", path)
    as_alice("/usr/bin/truncate", "--size=1T", path)
    later = time.time() + 31 * DAY

    assert tidy(path.parent, Limits(30, 365, 0), CHOWN, later).packed == 0
    assert "somebody has written to it" in caplog.text
    assert tidy(path.parent, Limits(30, 365, 0), CHOWN, later + 365 * DAY).removed == 1


@pytest.mark.parametrize("readers", [ACL, CHOWN])
def test_who_could_read_the_files_can_read_what_is_packed(everybodys: Callable[..., Path], readers: str) -> None:
    archive = everybodys("unused", b"", 0).parent
    archive.chmod(0o751)
    if not Shelf(archive, 0.0, readers).put("job_7.out", b"alice's", 2001, NOW - 40 * DAY):
        pytest.skip("a file system without ACLs")

    tidy(archive, PACK_ALL, readers, NOW)

    def may_read(uid: int) -> bool:
        command = ["/bin/cat", str(archive / "weeks/2026-W42/job_7.tar.gz")]
        return subprocess.run(command, user=uid, group=uid, extra_groups=[], capture_output=True).returncode == 0

    assert may_read(2001)
    assert not may_read(2002)
