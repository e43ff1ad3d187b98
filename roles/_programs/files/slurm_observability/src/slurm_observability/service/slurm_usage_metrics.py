"""The metrics of what Slurm measured of runs: of those that go on, and once more of those that have ended."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..agent.topics.jobs import known
from ..metrics.metric import Family, Metric
from .run import Run, SlurmUsage

Measured = Sequence[tuple[Run, SlurmUsage]]

# More ended runs than these, the newest, are in the database alone: an array of many short tasks makes many series.
MAX_ENDED = 1000

_LABELS = ("job_id", "user", "source")
_HELP = "%s as Slurm measured it: sstat while the job runs, sacct for one reading after its end."
CPU = Metric(
    "hpc_job_slurm_cpu_seconds",
    _HELP % "Processor time of the job",
    _LABELS,
    query='topk(10, hpc_job_slurm_cpu_seconds{source="sstat"})',
)
MEMORY = Metric(
    "hpc_job_slurm_memory_bytes",
    _HELP % "Most memory that a step of the job had",
    _LABELS,
    query='topk(10, hpc_job_slurm_memory_bytes{source="sstat"})',
)
METRICS = (CPU, MEMORY)


class SlurmUsageMetrics:
    """Shows the last readings. A scrape waits neither for Slurm nor for the database."""

    def __init__(self) -> None:
        self.running: Measured = ()
        self.ended: Measured = ()

    def families(self) -> Iterator[Family]:
        """Yield them. Where several runs of a job were read, it is the newest that counts."""
        ended = sorted(self.ended, key=lambda measured: measured[0].ended_at or 0.0)[-MAX_ENDED:]
        newest = {run.job_id: (run, usage) for run, usage in (*ended, *self.running)}
        shown = [((str(run.job_id), run.user, usage.source), usage) for run, usage in newest.values()]
        yield known(CPU, ((labels, usage.cpu_seconds) for labels, usage in shown))
        yield known(MEMORY, ((labels, usage.memory_bytes) for labels, usage in shown))
