"""The metrics of jobs and nodes, of the newest samples: those of the specification, which the agents have too.

They are as old as the samples, a minute in most cases. The agents' own are fresh, and there are more of them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from ..agent.topics import gpus, jobs, node
from ..agent.topics.jobs import known
from ..jobs.sample import GpuSample, JobSample, NodeSample
from ..metrics.metric import Family, Metric
from .readiness import Readiness
from .run import Run

# What has sent nothing for so long is not shown any more, in seconds.
MAX_AGE = 300.0


class _Look(NamedTuple):
    """A run on a node, as its newest sample shows it. A sample before that one makes a usage of CPU."""

    run: Run
    sample: JobSample
    cpu_percent: float | None

    @property
    def labels(self) -> tuple[str, str, str]:
        return str(self.run.job_id), self.run.user, self.sample.node

    @property
    def runtime(self) -> float | None:
        begin = self.sample.start_time or self.run.started_at
        return None if begin is None else max(0.0, self.sample.time - begin)


_OF_JOB: Mapping[Metric, Callable[[_Look], float | None]] = {
    jobs.RUNTIME: lambda look: look.runtime,
    jobs.CPU_PERCENT: lambda look: look.cpu_percent,
    jobs.MEMORY: lambda look: look.sample.memory_bytes,
    gpus.USAGE: lambda look: gpus.mean_utilization(look.sample.gpus),
}
_OF_GPU: Mapping[Metric, Callable[[GpuSample], float | None]] = {
    gpus.UTILIZATION: lambda gpu: gpu.utilization_percent,
    gpus.MEMORY: lambda gpu: gpu.memory_used_bytes,
    gpus.POWER: lambda gpu: gpu.power_watts,
    gpus.TEMPERATURE: lambda gpu: gpu.temperature_celsius,
}
_OF_NODE: Mapping[Metric, Callable[[NodeSample], float | None]] = {
    node.CPU_PERCENT: lambda sample: sample.cpu_usage_percent,
    node.MEMORY: lambda sample: sample.memory_usage_bytes,
    node.JOB_COUNT: lambda sample: sample.job_count,
}
METRICS = (*_OF_JOB, *_OF_GPU, *_OF_NODE)


class JobMetrics:
    """Reads the samples in the background: a scrape waits for no database."""

    def __init__(self, readiness: Readiness, clock: Callable[[], float] = time.time) -> None:
        self._readiness = readiness
        self._clock = clock
        self._looks: Mapping[tuple[int, str], _Look] = {}
        self._nodes: Sequence[NodeSample] = ()

    def read(self) -> None:
        """Read the newest samples. Raises StoreError, and nothing is shown then."""
        before, self._looks, self._nodes = self._looks, {}, ()
        since = self._clock() - MAX_AGE
        store = self._readiness.store
        nodes = [sample for sample in store.nodes() if sample.time >= since]
        newest = {(run.key, sample.node): (run, sample) for run, sample in store.running_samples(since)}
        self._looks = {
            place: _Look(run, sample, _cpu_percent(before.get(place), sample))
            for place, (run, sample) in newest.items()
        }
        self._nodes = nodes

    def families(self) -> Iterator[Family]:
        """Yield what was read."""
        looks = list(self._looks.values())
        devices = [((*look.labels[::2], gpu.vendor, gpu.gpu_id), gpu) for look in looks for gpu in look.sample.gpus]
        for metric, of_job in _OF_JOB.items():
            yield known(metric, ((look.labels, of_job(look)) for look in looks))
        for metric, of_gpu in _OF_GPU.items():
            yield known(metric, ((labels, of_gpu(gpu)) for labels, gpu in devices))
        for metric, of_node in _OF_NODE.items():
            yield known(metric, (((sample.node,), of_node(sample)) for sample in self._nodes))


def _cpu_percent(before: _Look | None, sample: JobSample) -> float | None:
    """Return the CPU that was used since the look before: 100 is one CPU. None where that cannot be known."""
    if before is None or before.sample.cpu_seconds is None or sample.cpu_seconds is None:
        return None
    if sample.time <= before.sample.time:  # nothing new has come
        return before.cpu_percent
    return max(0.0, sample.cpu_seconds - before.sample.cpu_seconds) / (sample.time - before.sample.time) * 100
