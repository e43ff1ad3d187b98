"""slurmctld's own metrics as a source: what of ours can be made of them (Slurm 25.11.5 and later)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from ..metrics.metric import Family, Metric
from ..slurm.endpoint import Endpoint
from ..slurm.openmetrics import Samples, read_page
from ..slurm.scheduler import SchedulerStatistics
from .cap import Cap
from .native import LARGE, RELATIONS
from .topic import Scene
from .topics import jobs

# By the name of ours, the one of theirs that it is made of: the only term, or one of the same name and others of ours.
_SOURCES = {
    found.terms[0][1]: name
    for name, found in RELATIONS.items()
    if found.terms and (len(found.terms) == 1 or found.terms[0][1] == name)
}


def shown(metric: str, samples: Samples) -> Mapping[str, float] | None:
    """Return what one of our metrics is by slurmctld's samples, by label value; None when they do not say it."""
    name = _SOURCES.get(metric)
    if name is None:
        return None if metric in RELATIONS else samples.get(metric)
    theirs = samples.get(name)
    if theirs is None:
        return None
    found = RELATIONS[name]
    if found.unless == LARGE:
        theirs = _not_begun_again(theirs, samples)
    others = [(sign, shown(term, samples) or {}) for sign, term in found.terms[1:]]
    return {
        label: value * found.factor - sum(sign * other.get(label, 0.0) for sign, other in others)
        for label, value in theirs.items()
    }


def _not_begun_again(theirs: Mapping[str, float], samples: Samples) -> Mapping[str, float]:
    """Return the samples for which 16 bits are enough: no more CPUs are allocated than there are."""
    cpus = samples.get("slurm_partition_cpus", {})
    return {label: value for label, value in theirs.items() if cpus.get(label, sum(cpus.values())) <= 0xFFFF}


@dataclass(frozen=True)
class NativeAnswer:
    """What slurmctld's own metrics said."""

    samples: Samples

    @property
    def partitions(self) -> Collection[str]:
        """The names of all partitions."""
        return self.samples.get("slurm_partition_nodes", {})


def read_native(endpoint: Endpoint, pages: Iterable[str]) -> NativeAnswer:
    """Ask slurmctld for pages of its metrics. Raises SlurmError."""
    samples: dict[str, Mapping[str, float]] = {}
    for page in pages:
        samples.update(read_page(endpoint, page))
    return NativeAnswer(samples)


def read_native_statistics(endpoint: Endpoint) -> SchedulerStatistics:
    """Ask slurmctld for its statistics, among which calls by type and user are not. Raises SlurmError."""
    samples = read_page(endpoint, "scheduler")
    return SchedulerStatistics(
        {name.removeprefix("slurm_"): int(value[""]) for name, value in samples.items() if "" in value}
    )


def families(answer: NativeAnswer, scene: Scene, metrics: Iterable[Metric]) -> Iterator[Family]:
    """Yield those of our metrics, with one label or none, that slurmctld's say."""
    for metric in metrics:
        values = shown(metric.name, answer.samples) if len(metric.labels) < 2 else None
        if values is not None:
            yield Family(metric, [((label,) if metric.labels else (), value) for label, value in values.items()])


# Of users and accounts these are left out where they are 0.
_RARE = frozenset(metric.name for scope in jobs.OWNERS.values() for count, metric in scope.metrics if count.rare)


def native_jobs_families(answer: NativeAnswer, scene: Scene, cap: Cap) -> Iterator[Family]:
    """Yield what slurmctld's metrics say of the queue; of users and accounts as many as the cap lets pass."""
    samples = dict(answer.samples)
    for scope in jobs.OWNERS.values():
        owners = cap.largest(scope.prefix, samples[scope.prefix]) if scope.prefix in samples else set()
        for name in filter(lambda name: name.startswith(scope.prefix), answer.samples):
            sparse = name in _RARE
            samples[name] = {
                owner: value for owner, value in samples[name].items() if owner in owners and (value or not sparse)
            }
    yield from families(NativeAnswer(samples), scene, jobs.METRICS)
