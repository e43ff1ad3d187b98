"""Prometheus' text format, written fast: a large cluster has a hundred thousand samples."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from .metric import AnyFamily, Family, HistogramFamily

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def render(families: Iterable[AnyFamily]) -> bytes:
    """Return the families in the text format, version 0.0.4. A family without samples keeps its HELP and TYPE."""
    # A lone surrogate cannot come from Slurm's text, which is decoded with replacement; it must not stop a scrape.
    return b"".join(_text(family).encode("utf-8", "replace") for family in families)


def _text(family: AnyFamily) -> str:
    metric = family.metric
    head = f"# HELP {metric.name} {_escape_help(metric.help)}\n# TYPE {metric.name} {metric.kind}\n"
    lines = _histogram_lines(family) if isinstance(family, HistogramFamily) else _sample_lines(family)
    return head + "".join(lines)


def _sample_lines(family: Family) -> Iterable[str]:
    name, labels = family.metric.name, family.metric.labels
    if len(labels) == 1:  # most samples have one label, and this is twice as fast
        before = f'{name}{{{labels[0]}="'
        return [f'{before}{escape(label)}"}} {number(value)}\n' for (label,), value in family.samples]
    line = f"{name}{_label_set(labels)} %s\n"
    return [line % (*map(escape, values), number(value)) for values, value in family.samples]


def _histogram_lines(family: HistogramFamily) -> Iterator[str]:
    name, labels = family.metric.name, family.metric.labels
    bucket_line = f"{name}_bucket{_label_set((*labels, 'le'))} %s\n"
    sum_line, count_line = (f"{name}_{part}{_label_set(labels)} %s\n" for part in ("sum", "count"))
    for values, buckets, total in family.samples:
        escaped = tuple(map(escape, values))
        for bound, count in buckets:
            yield bucket_line % (*escaped, number(bound), count)
        yield sum_line % (*escaped, number(total))
        yield count_line % (*escaped, buckets[-1][1])


def _label_set(names: Sequence[str]) -> str:
    """Return the labels as they stand in a line, with a place for each value."""
    pairs = ",".join(f'{name}="%s"' for name in names)
    return f"{{{pairs}}}" if names else ""


@lru_cache(maxsize=1 << 16)
def escape(value: str) -> str:
    """Return a label value as it stands between quotes."""
    return value.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')


def _escape_help(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n")


def number(value: float) -> str:
    """Return a value as Prometheus reads it."""
    if isinstance(value, int):
        return int.__repr__(value)  # also of a bool
    if math.isfinite(value):
        return repr(value)
    return "NaN" if math.isnan(value) else "+Inf" if value > 0 else "-Inf"
