"""Reading with a user's rights: what may be read, how much of it, and for how long."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from slurm_observability.archive import reader
from slurm_observability.archive.reader import DENIED, FAILED, IRREGULAR, MISSING, READ
from slurm_observability.archive.reading import MOST_STUCK, Content, NotNow, Reader, User

# An interpreter that every user may run, and the reader where every user may read it.
INTERPRETER = "/usr/bin/python3"
ME = User(os.geteuid(), os.getegid())
ALICE, BOB = User(2001, 2001), User(2002, 2002)


def read(path: Path | str, head: int = 100, tail: int = 100) -> tuple[int, int, bytes, bytes]:
    return reader.read(os.fsencode(path), head, tail)


def test_a_short_file_is_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.write_bytes(b"x" * 200)

    assert read(path) == (READ, 200, b"x" * 200, b"")


def test_of_a_long_file_head_and_tail(tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.write_bytes(b"a" * 100 + b"b" * 5 + b"c" * 100)

    assert read(path) == (READ, 205, b"a" * 100, b"c" * 100)


def test_a_sparse_file_costs_what_is_kept_of_it(tmp_path: Path) -> None:
    path = tmp_path / "out"
    with path.open("wb") as file:
        file.truncate(10 << 40)
        file.seek((10 << 40) - 3)
        file.write(b"end")

    assert read(path, 2, 3) == (READ, 10 << 40, b"\0\0", b"end")


def test_names_of_any_kind(tmp_path: Path) -> None:
    for name in (b"new\nline", b"\xff\xfe", b" -rf; 'x'", "\u2028".encode()):
        path = os.fsencode(tmp_path) + b"/" + name
        Path(os.fsdecode(path)).write_bytes(name)
        assert reader.read(path, 100, 100)[2] == name


@pytest.mark.parametrize(
    "path", ["/proc/self/environ", "/proc/self/mem", "/dev/zero", "/sys/kernel/uevent_seqnum", "/"]
)
def test_only_regular_files_are_read(path: str) -> None:
    assert read(path) == (IRREGULAR, 0, b"", b"")


def test_a_fifo_does_not_wait(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")

    assert read(tmp_path / "fifo")[0] == IRREGULAR


def test_what_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "loop").symlink_to("loop")

    assert read(tmp_path / "no")[0] == MISSING
    assert read(tmp_path / "file" / "in-a-file")[0] == MISSING
    assert read(tmp_path / "loop")[0] == FAILED
    assert read("/" + "x" * 300)[0] == FAILED


def test_a_link_of_the_user_is_followed(tmp_path: Path) -> None:
    """Users have links to scratch file systems; what they may not read the kernel denies."""
    (tmp_path / "scratch").mkdir()
    (tmp_path / "scratch" / "out").write_bytes(b"hello")
    (tmp_path / "here").symlink_to("scratch")

    assert read(tmp_path / "here" / "out")[2] == b"hello"


def test_a_file_that_shrinks_gives_what_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "out"
    path.write_bytes(b"x" * 50)
    real = os.pread

    def shrinking(descriptor: int, length: int, offset: int) -> bytes:
        os.truncate(path, 20)
        return real(descriptor, length, offset)

    monkeypatch.setattr(os, "pread", shrinking)

    assert read(path) == (READ, 50, b"x" * 20, b"")


def test_a_file_that_may_not_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(*_arguments: object) -> int:
        raise PermissionError

    monkeypatch.setattr(os, "open", denied)

    assert read("/etc/hostname")[0] == DENIED


def test_without_sys_the_rest_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.stat

    def without_sys(path: str) -> os.stat_result:
        if path == "/sys":
            raise FileNotFoundError
        return real(path)

    (tmp_path / "out").write_bytes(b"x")
    monkeypatch.setattr(os, "stat", without_sys)

    assert read(tmp_path / "out")[2] == b"x"


def test_the_answer_of_the_program(tmp_path: Path) -> None:
    (tmp_path / "out").write_bytes(b"hello")
    request = b"".join(part + b"\0" for part in (b"3", b"1", bytes(tmp_path / "out"), bytes(tmp_path / "none")))
    answer = io.BytesIO()

    reader.main(io.BytesIO(request), answer)

    assert answer.getvalue() == reader.HEADER.pack(READ, 5, 3, 1) + b"helo" + reader.HEADER.pack(MISSING, 0, 0, 0)


def test_a_reader_for_each_request(tmp_path: Path) -> None:
    (tmp_path / "out").write_bytes(b"hello")

    found = Reader(60).read(ME, [str(tmp_path / "out"), str(tmp_path / "none")], 3, 1)

    assert found == [Content(READ, 5, b"hel", b"o"), Content(MISSING)]


def test_a_reader_does_not_inherit_files_or_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "x")
    show = (
        "import os, sys; sys.stdin.read(); "
        "print(*os.listdir('/proc/self/fd'), *os.environ, file=open(sys.argv[1], 'w'))"
    )

    with (tmp_path / "open").open("w"):
        Reader(60, (sys.executable, "-I", "-c", show, str(tmp_path / "seen"))).read(ME, ["/x"], 1, 1)

    seen = (tmp_path / "seen").read_text().split()
    assert "SECRET" not in seen
    assert len([word for word in seen if word.isdigit()]) <= 5  # 0, 1, 2, the directory's own, and the file's


def as_user(tmp: Path, timeout: float = 60.0) -> Reader:
    """Return a reader that any user may run."""
    program = tmp / "reader.py"
    program.write_bytes(Path(reader.__file__).read_bytes())
    program.chmod(0o644)
    return Reader(timeout, (INTERPRETER, "-I", "-S", str(program)))


def test_a_user_reads_what_the_user_may_read(everybodys: Callable[..., Path]) -> None:
    own = everybodys("own", b"alice's", ALICE.uid)
    shared = everybodys("shared", b"for all", BOB.uid, 0o644)
    foreign = everybodys("foreign", b"bob's", BOB.uid)
    link = own.with_name("link")
    link.symlink_to("/etc/shadow")

    found = as_user(own.parent).read(ALICE, [str(path) for path in (own, shared, foreign, link)], 100, 100)

    assert [content.outcome for content in found] == [READ, READ, DENIED, DENIED]
    assert [content.head for content in found[:2]] == [b"alice's", b"for all"]


def test_a_user_whom_the_host_knows_has_all_groups(
    everybodys: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = everybodys("out", b"of the project", 0, 0o640)
    os.chown(path, 0, 3000)
    reading = as_user(path.parent)

    assert reading.read(ALICE, [str(path)], 100, 100)[0].outcome == DENIED

    monkeypatch.setattr(
        "slurm_observability.archive.reading.pwd.getpwuid", lambda uid: type("", (), {"pw_name": "alice"})
    )
    monkeypatch.setattr("slurm_observability.archive.reading.os.getgrouplist", lambda name, gid: [gid, 3000])

    assert reading.read(ALICE, [str(path)], 100, 100)[0].head == b"of the project"


def test_without_the_right_to_become_the_user_all_is_denied(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_arguments: object, **_more: object) -> None:
        raise PermissionError

    monkeypatch.setattr(subprocess, "Popen", refused)

    assert Reader(60).read(ALICE, ["/a", "/b"], 1, 1) == [Content(DENIED)] * 2


def test_a_reader_that_does_not_start_is_tried_again() -> None:
    with pytest.raises(NotNow, match="cannot be started"):
        Reader(60, ("/nowhere/python",)).read(ME, ["/a"], 1, 1)


def test_a_reader_that_dies_half_way_has_read_what_it_said() -> None:
    said = reader.HEADER.pack(READ, 2, 2, 0) + b"hi" + reader.HEADER.pack(READ, 9, 9, 0) + b"part"
    say = f"import sys; sys.stdin.read(); sys.stdout.buffer.write({said!r})"

    found = Reader(60, (sys.executable, "-I", "-c", say)).read(ME, ["/a", "/b", "/c"], 9, 9)

    assert found == [Content(READ, 2, b"hi"), Content(FAILED), Content(FAILED)]


def test_a_file_server_that_does_not_answer_is_left_alone_after_a_while() -> None:
    hanging = Reader(0.1, ("/bin/sleep", "600"))

    with pytest.raises(NotNow, match=r"/home/alice did not answer within 0\.1 seconds"):
        hanging.read(ME, ["/home/alice/out"], 1, 1)

    assert hanging.stuck() == 0


def test_a_reader_of_another_user_that_hangs_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """The archive may become other users, and still not kill their processes."""
    hanging = Reader(0.05, (sys.executable, "-I", "-c", "import time; time.sleep(600)"))

    def denied(_process: subprocess.Popen[bytes]) -> None:
        raise PermissionError

    with monkeypatch.context() as patched:
        patched.setattr(subprocess.Popen, "kill", denied)
        with pytest.raises(NotNow, match="did not answer"):
            hanging.read(ME, ["/home/alice/out"], 1, 1)

    assert hanging.stuck() == 1
    hanging._stuck[0].kill()
    hanging._stuck[0].wait()


def test_a_reader_ends_by_itself() -> None:
    held = subprocess.Popen([INTERPRETER, "-I", "-S", reader.__file__, "0.1"], stdin=subprocess.PIPE)

    assert held.wait(60) == -signal.SIGALRM
    assert held.stdin is not None
    held.stdin.close()


def test_no_more_is_taken_of_a_reader_than_it_may_say() -> None:
    """It runs with the rights of the user, who may be able to make it say anything."""
    say = "import sys; w = sys.stdout.buffer.write\nwhile True: w(bytes(1 << 16))"

    found = Reader(60, (sys.executable, "-I", "-c", say)).read(ME, ["/a", "/b"], 9, 9)

    assert sum(len(content.head) + len(content.tail) for content in found) <= 2 * 18


def test_readers_that_cannot_be_killed_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing here sleeps in the kernel as with a dead file server: readers that are not killed stand in for those."""
    hanging = Reader(0.05, ("/bin/sleep", "600"))
    monkeypatch.setattr(subprocess.Popen, "kill", lambda process: None)
    monkeypatch.setattr("slurm_observability.archive.reading._END_SECONDS", 0.0)
    for _number in range(MOST_STUCK):
        with pytest.raises(NotNow, match="did not answer"):
            hanging.read(ME, ["/home/alice/out"], 1, 1)

    try:
        with pytest.raises(NotNow, match="8 readers wait"):
            hanging.read(ME, ["/home/alice/out"], 1, 1)
        assert hanging.stuck() == MOST_STUCK
    finally:
        for process in hanging._stuck:
            os.kill(process.pid, signal.SIGKILL)
            process.wait()

    assert hanging.stuck() == 0


def test_a_growing_file_ends(tmp_path: Path) -> None:
    path = tmp_path / "out"
    stop = threading.Event()

    def grow() -> None:
        with path.open("ab") as file:
            while not stop.is_set():
                file.write(b"x" * 4096)
                file.flush()
                if file.tell() > 64 << 20:
                    file.truncate(0)

    path.touch()
    thread = threading.Thread(target=grow)
    thread.start()
    try:
        outcome, _size, head, tail = read(path, 1000, 1000)
    finally:
        stop.set()
        thread.join()

    assert outcome == READ
    assert len(head) + len(tail) <= 2000
