"""What the service is told."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from ..slurm.rest.client import AUTO
from .store.retention import DAY, Retention

# Who is asked for what the hooks cannot say.
SLURM, NONE = "slurm", "none"
BACKENDS = (SLURM, NONE)


@dataclass(frozen=True)
class Settings:
    """What the service is told. ``database_url`` may hold a password: it is shown nowhere.

    Without a ``slurm_base_url`` Slurm is asked by its commands. ``audit_log`` None is standard error. Times are in
    seconds.
    """

    database_url: str
    listen_address: str = "127.0.0.1"
    port: int = 8080
    token_file: Path | None = None
    metrics_token: bool = False
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    tls_client_ca: Path | None = None
    audit_log: Path | None = None
    cluster: str = ""
    scheduler_backend: str = SLURM
    slurm_base_url: str = ""
    slurm_api_version: str = AUTO
    slurm_jwt_file: Path | None = None
    slurm_timeout: float = 30.0
    accounting: bool = True
    queue_interval: float = 15.0
    accounting_interval: float = 60.0
    usage_interval: float = 300.0
    look_back: float = 7 * DAY
    lost_after: float = 600.0
    admin_comment: bool = False
    metrics_of_jobs: bool = False
    retention: Retention = field(default_factory=Retention)
