"""The hooks as the role installs them, but in a directory of the test."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import pytest

FILES = Path(__file__).parents[3] / "roles/slurm_hooks/files"
NAMES = ("prolog", "epilog", "prolog_slurmctld", "epilog_slurmctld")
LIBRARY, SETTINGS = "/usr/local/lib/slurm-observability", "/etc/slurm-observability/hooks.conf"
# Another bash to run them with: EL 8 has 4.4, and nothing older than 4.2 is met.
BASH = os.environ.get("HOOKS_BASH", "/bin/bash")
# Of a machine that is very busy.
PATIENCE = 60.0

Environment = Mapping[str, str | bytes]


def eventually(true: Callable[[], bool], what: str) -> None:
    """Wait for what the writers do after their hook has ended."""
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline, f"{what} did not come"
        time.sleep(0.01)


def parse_event(content: bytes) -> dict[bytes, bytes]:
    """Read an event file as its readers do."""
    assert content.endswith(b"\0END=1\0")
    records = content.split(b"\0")[:-1]
    keys = [record.partition(b"=")[0] for record in records]
    assert len(set(keys)) == len(keys)
    return dict(zip(keys, (record.partition(b"=")[2] for record in records), strict=True))


class Hooks:
    """Installed hooks, with a spool, a map and a place for the marks of the writers."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.spool, self.map, self.writers = home / "spool", home / "gpu-jobs", home / "writers"
        self.gpu_names = home / "gpu-names"
        self.settings = home / "hooks.conf"
        for directory in (self.spool, self.map, self.writers):
            directory.mkdir()
        for file in FILES.iterdir():
            text = file.read_text().replace(LIBRARY, str(home)).replace(SETTINGS, str(self.settings))
            text = text.replace("#!/bin/bash ", f"#!{BASH} ")
            (home / file.name).write_text(text)
            shutil.copymode(file, home / file.name)

    def environment(self, **more: str | bytes) -> dict[str, str | bytes]:
        """What a hook of job 7 gets, with the directories of this test."""
        return {
            "SLURM_JOB_ID": "7",
            "SLURMD_NODENAME": "n1",
            "OBSERVABILITY_SPOOL": str(self.spool),
            "OBSERVABILITY_WRITERS": str(self.writers),
            "OBSERVABILITY_GPU_MAP": str(self.map),
            "OBSERVABILITY_GPU_NAMES": str(self.gpu_names),
            **more,
        }

    def start(self, name: str, environment: Environment | None = None, **more: str | bytes) -> None:
        """Run a hook as slurmd does, in a process group that is killed when the hook has ended; it has to succeed."""
        hook = subprocess.Popen(
            [self.home / f"{name}.sh"],
            env=self.environment(**more) if environment is None else environment,  # type: ignore[arg-type]
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            process_group=0,
        )
        # Nobody else holds the pipe: a writer that did would hold slurmd.
        output = hook.communicate(timeout=PATIENCE)[0]
        with pytest.raises(ProcessLookupError):
            os.killpg(hook.pid, 9)
        assert hook.returncode == 0, output
        self.output = output.decode(errors="replace")

    def run(self, name: str, environment: Environment | None = None, **more: str | bytes) -> None:
        """Run a hook and wait for its writers."""
        self.start(name, environment, **more)
        self.settle()

    def settle(self) -> None:
        """Wait until no writer is there."""
        # Looked for twice: what starts the writers may end between the list of processes and a look at it.
        word = str(self.writers).encode()
        eventually(lambda: not (any(processes_with(word)) or any(processes_with(word))), "the end of the writers")

    def events(self) -> list[Path]:
        """The event files, in the order of their names."""
        return sorted(path for path in self.spool.iterdir() if not path.name.startswith("."))

    def event(self) -> dict[bytes, bytes]:
        """The only event."""
        [path] = self.events()
        return parse_event(path.read_bytes())

    def gpu_map(self) -> dict[str, list[str]]:
        """Which jobs the map has, by GPU."""
        return {path.name: path.read_text().splitlines() for path in sorted(self.map.iterdir())}


def processes_with(word: bytes) -> Iterable[int]:
    """Processes with a word in their environment."""
    for process in Path("/proc").iterdir():
        if process.name.isdigit() and process.name != str(os.getpid()):
            try:
                if word in (process / "environ").read_bytes():
                    yield int(process.name)
            except OSError:
                continue


@pytest.fixture
def hooks(tmp_path: Path) -> Hooks:
    return Hooks(tmp_path)
