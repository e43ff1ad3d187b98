"""What the exporter is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Settings:
    """What the exporter is told. Times in seconds, ``reset_time`` since 1970. Without a ``cluster`` Slurm is asked."""

    reset_time: int
    timeout: float = 30.0
    interval: float = 15.0
    accounting: bool = True
    cluster: str = ""
    sd_ports: Mapping[str, int] = field(default_factory=dict)
    file_sd_directory: Path | None = None
    max_label_values: int = 1000
