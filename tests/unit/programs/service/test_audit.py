"""The audit log as a file: rotated, and on a disk that is full."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from slurm_observability.jobs.event import JobEvent
from slurm_observability.service.audit import STORED, Audit, Origin
from slurm_observability.service.tokens import ANYBODY

EVENT = JobEvent(event_id="e", kind="job-started", origin="prolog", time=1.0, job_id=1)
ORIGIN = Origin(ANYBODY, "::1")


def test_a_file_that_was_rotated_away_is_opened_anew(tmp_path):
    path = tmp_path / "audit"
    audit = Audit(path)
    audit.accepted(ORIGIN, [(EVENT, STORED)])
    path.rename(tmp_path / "audit.1")
    audit.accepted(ORIGIN, [(EVENT, STORED), (EVENT, STORED)])
    assert len((tmp_path / "audit.1").read_text().splitlines()) == 1
    assert len(path.read_text().splitlines()) == 2
    assert path.stat().st_mode & 0o777 == 0o640


def test_without_a_file_it_goes_to_standard_error(capsys):
    Audit().accepted(ORIGIN, [(EVENT, STORED)])
    assert json.loads(capsys.readouterr().err)["event_id"] == "e"


def test_a_file_that_cannot_be_opened(tmp_path):
    with pytest.raises(OSError, match="No such file"):
        Audit(tmp_path / "none" / "audit")


def test_a_full_disk_is_said_once_and_keeps_no_event_out(caplog):
    audit = Audit(Path("/dev/full"))
    for _ in range(2):
        audit.accepted(ORIGIN, [(EVENT, STORED)])
    assert audit.errors == 2
    assert [record.message for record in caplog.records] == ["the audit log cannot be written: No space left on device"]


def test_a_directory_that_is_gone(tmp_path, caplog):
    directory = tmp_path / "log"
    directory.mkdir()
    audit = Audit(directory / "audit")
    (directory / "audit").unlink()
    directory.rmdir()
    audit.accepted(ORIGIN, [(EVENT, STORED)])
    assert audit.errors == 1
    directory.mkdir()
    audit.accepted(ORIGIN, [(EVENT, STORED)])
    assert audit.errors == 1
    assert len((directory / "audit").read_text().splitlines()) == 1
