"""What the tests of the archive share: events as slurmctld's hooks tell them, and its files of a batch job."""

from __future__ import annotations

import os
import struct
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from slurm_observability.jobs.event import EPILOG_SLURMCTLD, FINISHED, PROLOG_SLURMCTLD, STARTED, JobEvent
from slurm_observability.jobs.hook_event import record_of
from slurm_observability.jobs.hook_record import write_record

START = 1_795_278_744.0
SCRIPT = b"#!/bin/bash\n#SBATCH --output=out-%j\necho hello\n"


def started(job_id: int = 7, **more: Any) -> JobEvent:
    """Return what PrologSlurmctld tells of a job of whoever runs the tests."""
    fields: dict[str, Any] = {
        "kind": STARTED,
        "origin": PROLOG_SLURMCTLD,
        "time": START + 0.5,
        "job_id": job_id,
        "cluster": "lab",
        "restart": 0,
        "user": "alice",
        "uid": os.geteuid(),
        "gid": os.getegid(),
        "account": "research",
        "name": "wrap",
        "nodes": "node[1-2]",
        "node_count": 2,
        "start_time": START,
        "work_dir": "/nowhere",
    } | more
    return JobEvent(event_id=f"head-{job_id}-{fields['kind']}-{fields['time']}", **fields)


def finished(job_id: int = 7, **more: Any) -> JobEvent:
    """Return what EpilogSlurmctld tells of it, a minute later."""
    more = {"kind": FINISHED, "origin": EPILOG_SLURMCTLD, "time": START + 60.0, "exit_code": 0, "exit_signal": 0} | more
    return started(job_id, **more)


class Slurmctld:
    """A StateSaveLocation, with files as slurmctld 22.05 to 26.05 writes them."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def submit(self, job_id: int, script: bytes = SCRIPT, environment: bytes | None = None) -> Path:
        """Write what sbatch was given; return the directory."""
        directory = self.path / f"hash.{job_id % 10}" / f"job.{job_id}"
        directory.mkdir(parents=True)
        (directory / "script").write_bytes(script + b"\0")
        (directory / "environment").write_bytes(
            environment_file(b"HOME=/home/alice", b"MY_TOKEN=abc") if environment is None else environment
        )
        return directory


def environment_file(*variables: bytes) -> bytes:
    """Return the content of the file of an environment."""
    return struct.pack("=I", len(variables)) + b"".join(variable + b"\0" for variable in variables)


def write_event(spool: Path, event: JobEvent) -> Path:
    """Write an event as a hook does; return the file."""
    path = spool / f"{round(event.time * 1e6):016}.{event.job_id}.{event.kind}.1.event"
    path.write_bytes(write_record(record_of(event)))
    return path


@pytest.fixture
def slurmctld(tmp_path: Path) -> Slurmctld:
    return Slurmctld(tmp_path / "state")


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    path = tmp_path / "archive"
    path.mkdir(mode=0o751)
    return path


@pytest.fixture
def everybodys() -> Iterator[Callable[[str, bytes, int], Path]]:
    """Make files that belong to a user, where any user can get to. For tests that run as root."""
    if os.geteuid() != 0:
        pytest.skip("needs root, to become other users")
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory)
        root.chmod(0o755)

        def make(name: str, content: bytes, uid: int, mode: int = 0o600) -> Path:
            path = root / name
            path.write_bytes(content)
            path.chmod(mode)
            os.chown(path, uid, uid)
            return path

        yield make
