"""What the poller is told."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

DEFAULT_URL = "http://127.0.0.1:3000"


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What the poller is told. Times in seconds. ``url`` is that of the dstack server."""

    token_file: Path
    url: str = DEFAULT_URL
    ca_file: Path | None = None
    timeout: float = 20.0
    interval: float = 30.0
