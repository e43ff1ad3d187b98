"""What a topic shows of an answer, as Prometheus reads it."""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client.parser import text_string_to_metric_families
from slurm_observability.exporter.topic import Scene
from slurm_observability.metrics.exposition import render
from slurm_observability.metrics.metric import AnyFamily

SCENE = Scene(now=1000.0, partitions=("hpc", "htc"))


def shown(families: Iterable[AnyFamily]) -> dict[str, float]:
    """Return the samples by name and labels, empty labels left out, as Prometheus does."""
    result = {}
    for family in text_string_to_metric_families(render(families).decode()):
        for sample in family.samples:
            labels = ",".join(f'{key}="{value}"' for key, value in sorted(sample.labels.items()) if value)
            name = sample.name + (f"{{{labels}}}" if labels else "")
            assert name not in result, f"{name} is there twice"
            result[name] = sample.value
    return result
