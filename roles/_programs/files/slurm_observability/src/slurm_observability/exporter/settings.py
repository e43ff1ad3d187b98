"""What the exporter is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..slurm.rest.client import AUTO
from .custom.schema import CommandSchema
from .topics.single_nodes import UP

# Who is asked: Slurm's commands, slurmrestd, or slurmctld's own metrics. What the others cannot tell the commands do.
CLI, SLURMRESTD, OPENMETRICS = "cli", "slurmrestd", "openmetrics"
SOURCES = (CLI, SLURMRESTD, OPENMETRICS)

# Slurm commands that run at a time: three are for the queue, the nodes and the history, which wait for nobody.
MAX_COMMANDS = 4


@dataclass(frozen=True)
class Settings:
    """What the exporter is told. Times in seconds, ``reset_time`` since 1970. Without a ``cluster`` Slurm is asked.

    ``interval`` and ``timeout`` are for the topics that ``intervals`` and ``timeouts`` do not name. An interval of None
    stands for a topic that is not asked for.
    """

    reset_time: int
    reset_text: str = ""
    timeout: float = 30.0
    timeouts: Mapping[str, float] = field(default_factory=dict)
    interval: float = 15.0
    intervals: Mapping[str, float | None] = field(default_factory=dict)
    max_commands: int = MAX_COMMANDS
    accounting: bool = True
    high_availability: bool = False
    cluster: str = ""
    sd_ports: Mapping[str, int] = field(default_factory=dict)
    file_sd_directory: Path | None = None
    max_label_values: int = 1000
    node_metrics: str = UP
    history_labels: tuple[str, ...] = ()
    state_directory: Path | None = None
    user_limits: bool = False
    source: str = CLI
    slurmrestd_url: str = "http://localhost:6820"
    slurmrestd_api_version: str = AUTO
    slurm_jwt_file: Path | None = None
    openmetrics_url: str = "http://localhost:6817"
    custom_metrics: Sequence[CommandSchema] = ()
    queue_labels: tuple[str, ...] = ("account", "user")
    max_running_jobs: int = 10000
    job_names: bool = False
