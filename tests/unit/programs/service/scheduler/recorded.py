"""What three versions of Slurm said of the same jobs, over their commands and in every version of slurmrestd's API.

How it was recorded, and how to record it again: record.py.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from slurm_observability.slurm.command import SlurmError

from tests.unit.programs.service.scheduler.record import MARK

RECORDED = {
    path.stem: json.loads(path.read_text()) for path in sorted(Path(__file__).with_name("recorded").glob("*.json"))
}


class RecordedRunner:
    """Runs the commands of one Slurm again. squeue gives all jobs, whatever states it is asked for."""

    def __init__(self, slurm: str) -> None:
        self._commands = RECORDED[slurm]["commands"]
        self.calls: list[Sequence[str]] = []

    def lines(self, argv: Sequence[str]) -> Iterator[list[bytes]]:
        self.calls.append(argv)
        words = " ".join(argv)
        if "--helpformat" in words or "--helpFormat" in words:
            text = self._commands[f"{argv[0]}_fields"]
            if not text:
                raise SlurmError(f"{argv[0]} failed with exit status 1: unrecognized option '--helpFormat'")
        elif argv[0] == "scontrol":
            text = "ClusterName = lab"
        else:
            given = re.search(r"--delimiter=(\S+)|--Format=\w+:(\|[\w-]{8}\|)", words)
            assert given
            text = self._commands["accounting" if argv[0] == "sacct" else "queue"]
            text = text.replace(MARK, given[1] or given[2])
        yield text.encode().removesuffix(b"\n").split(b"\n")


class RecordedClient:
    """Answers of one version of slurmrestd's API."""

    def __init__(self, slurm: str, version: str) -> None:
        self._answers = RECORDED[slurm]["answers"][version]
        self._version = version
        self.pages: list[str] = []

    def version(self) -> str:
        return self._version

    def records(self, page: str, key: str, plugin: str = "slurm") -> Iterator[object]:
        self.pages.append(f"/{plugin}{page}")
        yield from self._answers["queue" if plugin == "slurm" else "accounting"][key]

    def document(self, page: str) -> dict:
        return {"meta": {"slurm": {"cluster": "lab"}}} if self._version >= "v0.0.40" else {}
