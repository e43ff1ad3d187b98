"""Putting files away: whole, by nobody else, for certain eyes, and not where there is no room."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from slurm_observability.archive import access
from slurm_observability.archive.access import ACL, CHOWN, NOBODY
from slurm_observability.archive.shelf import UNFINISHED, Kept, Shelf, ShelfError

from tests.unit.programs.conftest import PROJECT

ALICE, BOB = 2001, 2002


def shelf(path: Path, readers: str = NOBODY, min_free: float = 0.0) -> Shelf:
    return Shelf(path, min_free, readers)


def test_a_file_is_there_with_its_time_and_rights(archive: Path) -> None:
    assert shelf(archive).put("job_7.sh", b"hello", 0, 1234.0)

    path = archive / "job_7.sh"
    assert path.read_bytes() == b"hello"
    assert path.stat().st_mode & 0o7777 == 0o640
    assert shelf(archive).files() == [Kept("job_7.sh", 5, 1234.0, path.stat().st_ctime)]
    assert shelf(archive).time("job_7.sh") == 1234.0
    assert shelf(archive).time("job_8.sh") is None
    assert shelf(archive).take("job_7.sh") == b"hello"

    shelf(archive).remove("job_7.sh")
    shelf(archive).remove("job_7.sh")

    assert list(archive.iterdir()) == []


def test_the_group_of_the_directory_reads(archive: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root, to give the directory a group")
    os.chown(archive, 0, 3000)
    archive.chmod(0o2751)

    shelf(archive).put("job_7.sh", b"", 0, 0.0)

    assert (archive / "job_7.sh").stat().st_gid == 3000


def test_no_link_redirects_a_write(archive: Path, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    (archive / "job_7.sh").symlink_to(victim)

    shelf(archive).put("job_7.sh", b"hello", 0, 0.0)

    assert victim.read_bytes() == b"precious"
    assert not (archive / "job_7.sh").is_symlink()
    (archive / "job_8.sh").symlink_to(victim)
    with pytest.raises(ShelfError):
        shelf(archive).take("job_8.sh")
    assert [file.name for file in shelf(archive).files()] == ["job_7.sh"]


@pytest.mark.parametrize("mode", [0o770, 0o757, 0o1777])
def test_a_directory_that_others_write_to_is_refused(archive: Path, mode: int) -> None:
    archive.chmod(mode)

    with pytest.raises(ShelfError, match="nobody else may write to it"):
        shelf(archive).put("job_7.sh", b"", 0, 0.0)


def test_a_directory_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ShelfError, match=r"/none cannot be used \(No such file or directory; create it first\)"):
        shelf(tmp_path / "none").files()
    (tmp_path / "file").touch()
    with pytest.raises(ShelfError, match="Not a directory"):
        shelf(tmp_path / "file").files()


def test_a_floor_of_free_space(archive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Status:
        f_bavail, f_frsize, f_blocks = 6, 100, 100

    monkeypatch.setattr(os, "fstatvfs", lambda descriptor: Status)

    shelf(archive, min_free=5.0).put("job_7.sh", b"x" * 100, 0, 0.0)
    with pytest.raises(ShelfError, match="less than 5 % of the file system"):
        shelf(archive, min_free=5.0).put("job_8.sh", b"x" * 101, 0, 0.0)
    Status.f_blocks = 0  # a file system that does not say
    shelf(archive, min_free=5.0).put("job_8.sh", b"x" * 101, 0, 0.0)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EDQUOT, errno.ESTALE])
def test_a_disk_that_takes_no_more_leaves_nothing_half(
    archive: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def full(_descriptor: int, _content: bytes) -> int:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "write", full)

    with pytest.raises(ShelfError, match=os.strerror(number)):
        shelf(archive).put("job_7.sh", b"hello", 0, 0.0)
    assert list(archive.iterdir()) == []


def test_a_really_full_disk(tmp_path: Path) -> None:
    if (
        os.geteuid() != 0
        or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k,mode=755", "x", tmp_path]).returncode
    ):
        pytest.skip("needs the right to mount")
    try:
        with pytest.raises(ShelfError, match="No space left"):
            shelf(tmp_path).put("job_7.out", b"x" * 100_000, 0, 0.0)
        assert list(tmp_path.iterdir()) == []
    finally:
        subprocess.run(["umount", tmp_path], check=True)


def test_writing_goes_on_where_the_kernel_stopped(archive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, content: real(descriptor, content[:3]))

    shelf(archive).put("job_7.sh", b"hello world", 0, 0.0)

    assert (archive / "job_7.sh").read_bytes() == b"hello world"


def test_what_is_not_whole_has_no_name(archive: Path) -> None:
    (archive / f"{UNFINISHED}job_7.sh.0123").write_bytes(b"hel")

    assert shelf(archive).files() == []


def test_a_file_that_goes_while_it_is_listed(archive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Gone:
        name = "job_7.sh"

        def is_file(self, follow_symlinks: bool) -> bool:
            return True

        def stat(self, follow_symlinks: bool) -> os.stat_result:
            raise FileNotFoundError

    class Entries(list[Gone]):
        def __enter__(self) -> Entries:
            return self

        def __exit__(self, *_error: object) -> None:
            pass

    monkeypatch.setattr(os, "scandir", lambda descriptor: Entries([Gone()]))

    assert shelf(archive).files() == []


@pytest.mark.parametrize("readers", [ACL, CHOWN])
def test_the_owner_reads_and_others_do_not(everybodys: Callable[..., Path], readers: str) -> None:
    directory = everybodys("unused", b"", 0).parent
    directory.chmod(0o751)

    if not shelf(directory, readers).put("job_7.out", b"alice's", ALICE, 0.0):
        pytest.skip("a file system without ACLs")

    def may_read(uid: int) -> bool:
        command = ["/bin/cat", str(directory / "job_7.out")]
        return subprocess.run(command, user=uid, group=uid, extra_groups=[], capture_output=True).returncode == 0

    assert may_read(ALICE)
    assert not may_read(BOB)
    assert access.owner(directory / "job_7.out") == ALICE


def test_who_reads_what_nobody_was_let_in_to(archive: Path) -> None:
    shelf(archive).put("job_7.out", b"", 0, 0.0)

    assert access.owner(archive / "job_7.out") is None
    assert access.owner(archive / "none") is None


def test_a_file_system_without_acls_is_no_error(archive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unsupported(*_arguments: object) -> None:
        raise OSError(errno.EOPNOTSUPP, "Operation not supported")

    monkeypatch.setattr(os, "setxattr", unsupported)

    assert not shelf(archive, ACL).put("job_7.out", b"hello", ALICE, 0.0)
    assert (archive / "job_7.out").stat().st_mode & 0o7777 == 0o640


def test_killed_at_any_moment_it_leaves_whole_files(archive: Path) -> None:
    """A real process that is killed again and again."""
    program = (
        f"import sys; sys.path.insert(0, {str(PROJECT / 'src')!r})\n"
        "from pathlib import Path\n"
        "from slurm_observability.archive.shelf import Shelf\n"
        f"shelf = Shelf(Path({str(archive)!r}), 0.0, 'none')\n"
        "print(flush=True)\n"
        "for number in range(1 << 30): shelf.put(f'job_{number % 5}.out', b'%d' % (number % 5) * 300_000, 0, 0.0)\n"
    )
    for _round in range(5):
        writer = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE)
        assert writer.stdout is not None
        writer.stdout.readline()
        time.sleep(0.05)
        writer.send_signal(signal.SIGKILL)
        writer.wait()
        writer.stdout.close()
        for file in shelf(archive).files():
            assert (archive / file.name).read_bytes() == file.name[4].encode() * 300_000
    shutil.rmtree(archive)
