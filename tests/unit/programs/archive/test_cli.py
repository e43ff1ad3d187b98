"""The program: its options, and its life from the first event to the signal that ends it."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from slurm_observability.archive import privileges, reader
from slurm_observability.archive.access import NOBODY
from slurm_observability.archive.archiver import OutputLimits
from slurm_observability.archive.cli import main
from slurm_observability.archive.options import parser
from slurm_observability.archive.reading import NotNow
from slurm_observability.archive.service import Service
from slurm_observability.archive.settings import Settings
from slurm_observability.command_line.options import UsageError
from slurm_observability.moment import Moment

from tests.unit.programs.archive.conftest import START, Slurmctld, finished, started, write_event
from tests.unit.programs.conftest import PROJECT

ME = subprocess.run(["id", "-un"], capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture
def arguments(tmp_path: Path, archive: Path, slurmctld: Slurmctld) -> list[str]:
    """The arguments of an archive of whoever runs the tests."""
    (tmp_path / "spool").mkdir()
    (tmp_path / "state-directory" / "held").mkdir(parents=True)
    return [
        f"--archive={archive}",
        f"--spool={tmp_path / 'spool'}",
        f"--state-directory={tmp_path / 'state-directory'}",
        f"--state-save-location={slurmctld.path}",
        f"--slurm-user={ME}",
        f"--metrics-file={tmp_path / 'metrics.prom'}",
        "--readers=none",
        "--min-free=0",
    ]


def make(tmp_path: Path, archive: Path, slurmctld: Slurmctld) -> Service:
    (tmp_path / "spool").mkdir()
    (tmp_path / "held").mkdir()
    return Service(
        Settings(
            archive=archive,
            held=tmp_path / "held",
            spool=tmp_path / "spool",
            state_save_location=slurmctld.path,
            limits=OutputLimits(1000, 1000),
            slurm_user=ME,
            readers=NOBODY,
            min_free=0.0,
            metrics_file=tmp_path / "metrics.prom",
        ),
        lambda: Moment(START + 100.0, 100.0),
    )


def test_a_job_from_its_events_to_its_files(
    tmp_path: Path, arguments: list[str], archive: Path, slurmctld: Slurmctld, eventually: Callable[..., None]
) -> None:
    slurmctld.submit(7)
    (tmp_path / "slurm-7.out").write_bytes(b"hello\n")
    program = subprocess.Popen(
        [sys.executable, "-m", "slurm_observability.archive", *arguments],
        env={**os.environ, "PYTHONPATH": str(PROJECT / "src")},
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        write_event(tmp_path / "spool", started(7))
        eventually((archive / "job_7.sh").exists, 60)
        write_event(tmp_path / "spool", finished(7, work_dir=str(tmp_path)))
        eventually((archive / "job_7.out").exists, 60)
        eventually((tmp_path / "metrics.prom").exists, 60)
    finally:
        program.send_signal(signal.SIGTERM)
        _nothing, said = program.communicate(timeout=60)

    assert program.returncode == 0
    assert said.splitlines()[0].startswith("INFO job-archive ")
    assert said.splitlines()[-1] == "INFO stopped"
    assert (archive / "job_7.out").read_bytes() == b"hello\n"


def test_metrics_say_what_was_done(tmp_path: Path, archive: Path, slurmctld: Slurmctld) -> None:
    archiving = make(tmp_path, archive, slurmctld)
    slurmctld.submit(7)
    write_event(tmp_path / "spool", started(7))
    archiving.watch()
    assert "\njob_archive_lag_seconds 99.5\n" in (tmp_path / "metrics.prom").read_text()
    archiving.work()
    archiving.watch()

    text = (tmp_path / "metrics.prom").read_text()

    for line in (
        'job_archive_events_total{outcome="handled"} 1',
        'job_archive_files_total{file="script",outcome="archived"} 1',
        "job_archive_waiting_events 0",
        "job_archive_lag_seconds 0.0",
        "job_archive_usable 1",
        "job_archive_stuck_readers 0",
    ):
        assert f"\n{line}\n" in text
    assert (tmp_path / "metrics.prom").stat().st_mode & 0o777 == 0o644


def test_metrics_that_cannot_be_written_are_said(
    tmp_path: Path, archive: Path, slurmctld: Slurmctld, caplog: pytest.LogCaptureFixture
) -> None:
    archiving = make(tmp_path, archive, slurmctld)
    (tmp_path / "metrics.prom").mkdir()

    archiving.watch()

    assert "the metrics cannot be written" in caplog.text


def test_a_fault_of_the_program_ends_no_thread(
    tmp_path: Path,
    archive: Path,
    slurmctld: Slurmctld,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    eventually: Callable[..., None],
) -> None:
    archiving = make(tmp_path, archive, slurmctld)
    faults = iter([RuntimeError("once")])

    def work() -> None:
        for fault in faults:
            raise fault
        (tmp_path / "again").touch()

    monkeypatch.setattr(archiving._inbox, "work", lambda now, archive: work())
    archiving.start()
    try:
        eventually((tmp_path / "again").exists, 60)
    finally:
        archiving.stop()

    assert "a fault of the program" in caplog.text


def test_without_a_file_there_are_no_metrics(tmp_path: Path, archive: Path, slurmctld: Slurmctld) -> None:
    quiet = Settings(archive, tmp_path, tmp_path, slurmctld.path, OutputLimits(1, 1), slurm_user=ME)

    Service(quiet).watch()

    assert list(tmp_path.glob("*.prom")) == []


def test_an_event_that_breaks_the_program_keeps_the_others_from_nothing(
    tmp_path: Path,
    archive: Path,
    slurmctld: Slurmctld,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    archiving = make(tmp_path, archive, slurmctld)
    for job_id in (7, 8, 9):
        slurmctld.submit(job_id)
        write_event(tmp_path / "spool", started(job_id))
    real = archiving._archiver.archive

    def broken(event: object) -> None:
        if event.job_id == 7:  # type: ignore[attr-defined]
            raise ValueError("what is this")
        if event.job_id == 8:  # type: ignore[attr-defined]
            raise NotNow("it hangs")
        real(event)  # type: ignore[arg-type]

    monkeypatch.setattr(archiving._archiver, "archive", broken)

    archiving.work()

    assert (archive / "job_9.sh").exists()
    assert len(list((tmp_path / "spool").glob("*.event"))) == 2
    assert "job 7 could not be archived" in caplog.text


def test_a_stopping_archive_leaves_events_where_they_are(
    tmp_path: Path, archive: Path, slurmctld: Slurmctld, eventually: Callable[..., None]
) -> None:
    archiving = make(tmp_path, archive, slurmctld)
    (tmp_path / "held").rmdir()
    archiving.start()
    archiving.stop()
    slurmctld.submit(7)
    write_event(tmp_path / "spool", started(7))

    archiving.work()

    assert (tmp_path / "held").stat().st_mode & 0o777 == 0o700
    assert len(list((tmp_path / "spool").glob("*.event"))) == 1
    eventually(lambda: not any(thread.name == "archive" for thread in threading.enumerate()))


def test_settings_are_looked_at(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*arguments, "--check-config"]) == 0
    assert main([*arguments, "--check-config", "--slurm-user=nobody-of-that-name"]) == 2
    assert capsys.readouterr().err == (
        "job-archive: there is no user 'nobody-of-that-name'; name Slurm's own (SlurmUser) with --slurm-user\n"
    )
    assert main([*arguments, "--mask-file=/nowhere"]) == 2


@pytest.mark.parametrize("option", ["--min-free=100", "--min-free=x", "--head=1X", "--readers=all", "--max-waiting=-1"])
def test_options_are_refused(option: str) -> None:
    with pytest.raises(UsageError):
        parser().parse_args([option])


def test_sizes_and_defaults() -> None:
    options = parser().parse_args(["--tail=64K"])

    assert (options.head, options.tail, options.archive) == (1 << 20, 1 << 16, Path("/shared/slurm-logs"))


def test_tidy(arguments: list[str], archive: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    (archive / "job_7.sh").write_bytes(b"xyz")
    os.utime(archive / "job_7.sh", (START, START))

    assert main(["tidy", *arguments, "--keep-days=0", "--keep-bytes=1"]) == 0
    archive.rename(archive.with_name("away"))
    assert main(["tidy", *arguments]) == 1
    assert "1 files removed" in caplog.text


def test_a_reader_gets_none_of_the_archive_s_capabilities() -> None:
    """The ambient ones: of a process that has CAP_SETUID there, a child has it too, unless it was given up."""
    if os.geteuid() != 0:
        pytest.skip("needs root, to hand out capabilities")
    program = (
        "import ctypes, subprocess\n"
        f"import sys; sys.path.insert(0, {str(PROJECT / 'src')!r})\n"
        "from slurm_observability.archive.privileges import keep_to_oneself\n"
        "show = ['/bin/grep', 'CapAmb', '/proc/self/status']\n"
        "subprocess.run(show)\n"
        "keep_to_oneself()\n"
        "subprocess.run(show)\n"
    )
    capabilities = ["--inh-caps=+setuid", "--ambient-caps=+setuid"]
    if subprocess.run(["setpriv", *capabilities, "/bin/true"], capture_output=True).returncode:
        pytest.skip("needs setpriv, and the right to hand out capabilities")

    shown = subprocess.run(["setpriv", *capabilities, sys.executable, "-c", program], capture_output=True, text=True)

    before, after = (int(line.split()[1], 16) for line in shown.stdout.splitlines())
    assert (before, after) == (1 << 7, 0)
    privileges.keep_to_oneself()


def test_the_reader_imports_little() -> None:
    """The reader is started for each job: it takes nothing of this package with it."""
    used = [sys.executable, "-I", "-S", "-X", "importtime", reader.__file__, "60"]

    imports = subprocess.run(used, input=b"1\x001\x00", capture_output=True, check=True).stderr.decode()

    assert "slurm_observability" not in imports
    assert "pathlib" not in imports
