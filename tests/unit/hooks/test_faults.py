"""Whatever happens to a hook and its places, it succeeds, at once, and leaves nothing half done."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.hooks.conftest import FILES, NAMES, Hooks, eventually, parse_event, processes_with

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="mounts file systems")


def mount(*arguments: str | Path) -> None:
    subprocess.run(["mount", *arguments], check=True)


@pytest.fixture
def mounted(hooks: Hooks) -> Iterator[Path]:
    """The spool of the hooks, for a test to mount on; it is unmounted afterwards."""
    yield hooks.spool
    subprocess.run(["umount", "--lazy", hooks.spool], check=True)


@pytest.fixture
def frozen(hooks: Hooks) -> Iterator[Path]:
    """A spool on a file system that is frozen, as for a snapshot; it thaws afterwards."""
    image = hooks.home / "disk"
    with image.open("wb") as file:
        file.truncate(8 << 20)
    subprocess.run(["mkfs.ext4", "-q", image], check=True)
    mount("-o", "loop", image, hooks.spool)
    try:
        (hooks.spool / "lost+found").rmdir()
        subprocess.run(["fsfreeze", "--freeze", hooks.spool], check=True)
        yield hooks.spool
    finally:
        thaw(hooks)
        hooks.settle()
        subprocess.run(["umount", "--lazy", hooks.spool], check=True)


def thaw(hooks: Hooks) -> None:
    subprocess.run(["fsfreeze", "--unfreeze", hooks.spool], check=False, capture_output=True)


@pytest.mark.parametrize("name", NAMES)
def test_no_directory_at_all(hooks: Hooks, name: str):
    missing = hooks.home / "missing"
    places = ("SPOOL", "WRITERS", "GPU_MAP", "GPU_NAMES")
    hooks.run(name, SLURM_JOB_GPUS="0", **{f"OBSERVABILITY_{place}": str(missing / place) for place in places})
    assert not missing.exists()


def test_no_library(hooks: Hooks):
    (hooks.home / "hook.bash").unlink()
    hooks.run("prolog")
    (hooks.home / "hook.bash").write_text("if (((\n")
    hooks.run("epilog")
    assert hooks.events() == []


@pytest.mark.parametrize("content", ["exit 1\n", "if (((\n", "false\n", "set -e; false\n", "\0\xff", "set -u\n"])
def test_a_broken_settings_file(hooks: Hooks, content: str):
    hooks.settings.write_text(content)
    hooks.run("prolog")


def test_no_environment(hooks: Hooks):
    hooks.run("epilog", {})
    assert hooks.output == ""


@needs_root
def test_a_full_spool_has_no_half_event(hooks: Hooks, mounted: Path):
    mount("-t", "tmpfs", "-o", "size=16k", "tmpfs", mounted)
    (mounted / "filler").write_bytes(b"x" * 8192)
    hooks.run("prolog", SLURM_JOB_WORK_DIR="w" * 12_000)
    assert [path.name for path in mounted.iterdir()] == ["filler"]
    (mounted / "filler").unlink()
    hooks.run("prolog", SLURM_JOB_WORK_DIR="w" * 12_000)
    assert hooks.event()[b"SLURM_JOB_WORK_DIR"] == b"w" * 12_000


@needs_root
def test_a_spool_that_can_only_be_read(hooks: Hooks, mounted: Path):
    mount("-t", "tmpfs", "-o", "ro", "tmpfs", mounted)
    hooks.run("prolog")
    assert list(mounted.iterdir()) == []


@needs_root
def test_a_frozen_spool_holds_a_writer_and_not_the_job(hooks: Hooks, frozen: Path):
    hooks.start("prolog")
    hooks.start("epilog", SLURM_JOB_GPUS="0")
    eventually(lambda: hooks.gpu_map() == {}, "the map, which is not frozen")
    eventually(lambda: len(list(hooks.writers.iterdir())) >= 2, "the writers of the events")
    assert len(hooks.events()) == 0
    thaw(hooks)
    hooks.settle()
    assert {path.name.split(".")[2] for path in hooks.events()} == {"job-started", "job-finished"}
    assert [parse_event(path.read_bytes())[b"SLURM_JOB_ID"] for path in hooks.events()] == [b"7", b"7"]
    assert list(hooks.writers.iterdir()) == []


@needs_root
def test_a_writer_that_hangs_holds_nothing_of_its_hook(hooks: Hooks, frozen: Path):
    read, write = os.pipe()
    os.set_inheritable(write, True)
    subprocess.run([hooks.home / "prolog.sh"], env=hooks.environment(), close_fds=False, check=True)
    os.close(write)
    eventually(lambda: bool(list(hooks.writers.iterdir())), "the writer")
    assert os.read(read, 1) == b""
    os.close(read)


@needs_root
def test_writers_that_hang_do_not_become_ever_more(hooks: Hooks, frozen: Path):
    library = hooks.home / "hook.bash"
    library.write_text(library.read_text().replace("most_writers=256", "most_writers=64"))
    for _ in range(70):
        hooks.start("prolog")
    eventually(lambda: len(list(hooks.writers.iterdir())) >= 60, "the writers")
    hooks.start("prolog")
    assert len(list(processes_with(str(hooks.writers).encode()))) <= 70
    before = len(list(hooks.writers.iterdir()))
    for _ in range(5):
        hooks.start("prolog")
    assert len(list(hooks.writers.iterdir())) - before <= 64 - min(64, before)
    thaw(hooks)
    hooks.settle()
    assert 60 <= len(hooks.events()) <= 70


def test_a_writer_begins_when_its_hook_has_ended(hooks: Hooks):
    """It would keep the hook from a processor. A hook that is slow to end stands for one that waits for a processor."""
    library = hooks.home / "hook.bash"
    library.write_text(library.read_text() + 'sleep 1\n: >"$OBSERVABILITY_SPOOL/.ended"\n')
    hooks.run("prolog")
    [event] = hooks.events()
    assert event.stat().st_mtime_ns > (hooks.spool / ".ended").stat().st_mtime_ns


@pytest.mark.parametrize(("writers", "events"), [(255, 1), (256, 0)])
def test_so_many_writers_may_be_there(hooks: Hooks, writers: int, events: int):
    """Threads stand in for writers: the kernel shows each of them as it does a process."""
    done = threading.Event()
    threads = [threading.Thread(target=done.wait) for _ in range(writers)]
    for thread in threads:
        thread.start()
    try:
        for thread in threads:
            (hooks.writers / str(thread.native_id)).touch()
        hooks.run("epilog_slurmctld")
    finally:
        done.set()
        for thread in threads:
            thread.join()
    assert len(hooks.events()) == events


def test_marks_of_writers_that_were_killed_do_not_count(hooks: Hooks):
    for number in range(100):
        (hooks.writers / f"{4_194_304 + number}").touch()  # beyond the largest process id
    hooks.run("prolog")
    assert len(hooks.events()) == 1


@needs_root
def test_no_process_can_be_made(hooks: Hooks):
    """bash tries again for 15 s, which cannot be turned off, and then the hook succeeds all the same."""
    hooks.home.chmod(0o755)
    for parent in hooks.home.parents:
        if parent.is_relative_to("/tmp") and parent != Path("/tmp"):
            parent.chmod(parent.stat().st_mode | 0o005)
    as_nobody = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]
    limited = [*as_nobody, "bash", "-c", 'ulimit -u 1; exec "$0"', hooks.home / "prolog_slurmctld.sh"]
    done = subprocess.run(limited, env=hooks.environment(), timeout=60, check=False)
    assert done.returncode == 0


@needs_root
def test_root_and_slurm_user_share_a_spool_where_slurmctld_and_slurmd_run_on_one_machine(hooks: Hooks):
    slurm, agent = 2001, 2002
    for directory, mode in ((hooks.spool, 0o2770), (hooks.writers, 0o700)):
        os.chown(directory, slurm, agent)
        directory.chmod(mode)
    for parent in hooks.home.parents:
        if parent.is_relative_to("/tmp") and parent != Path("/tmp"):
            parent.chmod(parent.stat().st_mode | 0o005)
    hooks.home.chmod(0o755)
    hooks.run("prolog")
    as_slurm = ["setpriv", "--reuid", str(slurm), "--regid", str(slurm), "--clear-groups"]
    subprocess.run([*as_slurm, hooks.home / "prolog_slurmctld.sh"], env=hooks.environment(), timeout=60, check=True)
    hooks.settle()
    assert {parse_event(path.read_bytes())[b"HOOK"] for path in hooks.events()} == {b"prolog", b"prolog_slurmctld"}
    assert {path.stat().st_gid for path in hooks.events()} == {agent}
    assert all(path.stat().st_mode & 0o040 for path in hooks.events())
    assert list(hooks.writers.iterdir()) == []


@pytest.mark.parametrize("place", ["spool", "gpu-jobs"])
def test_links_of_the_agents_user_lead_nowhere(hooks: Hooks, place: str):
    elsewhere = hooks.home / "elsewhere"
    elsewhere.mkdir()
    (hooks.home / place).rmdir()
    (hooks.home / place).symlink_to(elsewhere)
    hooks.run("prolog", SLURM_JOB_GPUS="0")
    assert list(elsewhere.iterdir()) == []


def test_a_link_to_a_device_is_not_written_to(hooks: Hooks):
    """The agent's user, who has the directory, might guess a name."""
    script = f"""
        hook=prolog; . {hooks.home}/hook.bash
        set -o noclobber; cd {hooks.spool}
        unset RANDOM; RANDOM=1 # is a variable like any other now
        ln -s {hooks.home}/device .tmp.$BASHPID.111
        put event printf x
    """
    # A FIFO that is open for both sides takes what is written, as a device does.
    os.mkfifo(hooks.home / "device")
    device = os.open(hooks.home / "device", os.O_RDWR | os.O_NONBLOCK)
    subprocess.run(["bash", "-c", script], env=hooks.environment(SLURM_JOB_ID=""), check=False, timeout=60)
    with pytest.raises(BlockingIOError):
        os.read(device, 1)
    os.close(device)
    assert hooks.events() == []


def test_a_spool_that_nobody_empties_has_an_end(hooks: Hooks):
    library = hooks.home / "event.bash"
    library.write_text(library.read_text().replace("most_events=50000", "most_events=3"))
    for _ in range(5):
        hooks.run("prolog")
    assert len(hooks.events()) == 3
    hooks.events()[0].unlink()
    hooks.run("epilog")
    assert len(hooks.events()) == 3


def test_every_hook_is_covered():
    assert {path.stem for path in FILES.glob("*.sh")} == set(NAMES)
