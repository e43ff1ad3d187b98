"""What the archive is told."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from . import access
from .archiver import OutputLimits


@dataclass(frozen=True)
class Settings:
    """What the archive is told. Times in seconds, sizes in bytes."""

    archive: Path
    held: Path
    spool: Path
    state_save_location: Path
    limits: OutputLimits
    slurm_user: str = "slurm"
    readers: str = access.ACL
    min_free: float = 5.0
    max_held: int = 1 << 30
    max_waiting: int = 20_000
    timeout: float = 30.0
    patience: float = 86_400.0
    interval: float = 1.0
    mask_file: Path | None = None
    metrics_file: Path | None = None
