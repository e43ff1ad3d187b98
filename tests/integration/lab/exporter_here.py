"""An exporter in the test's own process: its Slurm commands run on head, its HTTP requests go to head's address.

Nothing is installed in the lab for it, and it asks when the test says so.
"""

from __future__ import annotations

import os
import stat
import sys
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from prometheus_client.parser import text_string_to_metric_families

from tests.integration.lab.support import ROOT, Lab

sys.path.insert(0, str(ROOT / "roles/_programs/files/slurm_observability/src"))

from slurm_observability.exporter.exporter import Exporter
from slurm_observability.exporter.settings import Settings
from slurm_observability.exporter.wiring import TOPICS

COMMANDS = ("sacct", "sacctmgr", "scontrol", "sdiag", "sinfo", "squeue", "sshare")
Samples = Mapping[str, float]


@contextmanager
def commands_of(lab: Lab, folder: Path) -> Iterator[None]:
    """Put programs first in PATH that run Slurm's commands on head as the user slurm."""
    config = Path(os.environ.get("LAB_HOME", "/var/lib/slurm-observability-lab")) / "labs" / lab.name / "ssh" / "config"
    for command in COMMANDS:
        path = folder / command
        path.write_text(
            "#!/bin/bash\n"
            f"printf -v line '%q ' env LC_ALL=C SLURM_TIME_FORMAT=%s {command} \"$@\"\n"
            f'exec ssh -F {config} head "runuser -u slurm -- $line"\n'
        )
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
    with patch.dict(os.environ, PATH=f"{folder}{os.pathsep}{os.environ['PATH']}"):
        yield


def ask(topics: Collection[str], intervals: Mapping[str, float] | None = None, **settings: Any) -> Samples:
    """Ask once about each of the topics, and about those that only ``intervals`` turn on.

    Return all samples by name, or ``name{label="value"}`` with sorted labels. Fails when a source does not answer.
    """
    asked = {name: None for name in TOPICS if name not in topics} | dict(intervals or {})
    exporter = Exporter(Settings(reset_time=int(time.time()) - 3600, intervals=asked, **settings))
    try:
        exporter.refresh()
        down = [name for name, source in exporter.sources.items() if not source.health.up]
        assert not down, f"these sources gave no answer: {', '.join(down)}"
        return samples(b"".join(exporter.metrics()).decode())
    finally:
        exporter.stop()


def samples(text: str) -> Samples:
    """Return the samples of a page in Prometheus' text format."""
    found = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = ",".join(f'{key}="{value}"' for key, value in sorted(sample.labels.items()))
            found[sample.name + (f"{{{labels}}}" if labels else "")] = sample.value
    return found
