"""Which parts the service has, by its settings."""

from __future__ import annotations

import time

from .active_runs import ActiveRuns
from .background import Task
from .http.tls import Certificate
from .job_metrics import JobMetrics
from .part import Part
from .readiness import CHECK_SECONDS, Readiness
from .settings import Settings
from .slurm_side import SlurmSide

CLEAN_SECONDS = 600.0
RENEW_SECONDS = 60.0
COUNT_SECONDS = 30.0
READ_SECONDS = 15.0


def parts(settings: Settings, readiness: Readiness, certificate: Certificate | None, slurm: SlurmSide) -> list[Part]:
    """Return what the service does by itself. All but the first waits until the database is ready."""
    ready = readiness.migrated
    active_runs = ActiveRuns(readiness)

    def clean() -> None:
        readiness.store.clean(time.time(), settings.retention)

    wired = [
        Part([Task("database", CHECK_SECONDS, readiness.check)]),
        Part([Task("retention", CLEAN_SECONDS, clean, ready)]),
        Part([Task("active-runs", COUNT_SECONDS, active_runs.count, ready)], active_runs.families),
        Part(list(slurm.tasks(ready)), slurm.families),
    ]
    if settings.metrics_of_jobs:
        job_metrics = JobMetrics(readiness)
        wired.append(Part([Task("job-metrics", READ_SECONDS, job_metrics.read, ready)], job_metrics.families))
    if certificate is not None:
        wired.append(Part([Task("certificate", RENEW_SECONDS, certificate.renew)]))
    return wired
