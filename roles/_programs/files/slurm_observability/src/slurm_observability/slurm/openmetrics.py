"""Read what slurmctld itself exposes since Slurm 25.11 (``MetricsType=metrics/openmetrics``)."""

from __future__ import annotations

import http
import re
from collections.abc import Mapping

from .command import SlurmError
from .endpoint import Endpoint

PAGES = ("jobs", "nodes", "partitions", "jobs-users-accts", "scheduler")

# By name, then by the value of the one label; the empty text where there is none.
Samples = Mapping[str, Mapping[str, float]]

# slurmctld does not escape the value of a label, so a quote in it ends nothing; there is never more than one label.
_SAMPLE = re.compile(r'(slurm_[a-z0-9_]+)(?:\{[a-z_]+="(.*)"\})? (-?\d{1,20}(?:\.\d{1,9})?|NaN)')

_WHY: Mapping[int, str] = {
    http.HTTPStatus.UNAUTHORIZED: "it refuses to tell; see PrivateData, MetricsAuthUsers and MetricsParameters",
    http.HTTPStatus.NOT_FOUND: "it has no metrics; they need Slurm 25.11 and MetricsType=metrics/openmetrics",
    http.HTTPStatus.SEE_OTHER: "it is a backup; ask the primary slurmctld",
}


def read_page(endpoint: Endpoint, page: str) -> Samples:
    """Return the samples of one of the pages. Raises SlurmError when slurmctld fails, or tells none."""
    with endpoint.get(f"/metrics/{page}") as answer:
        if answer.status != http.HTTPStatus.OK:
            raise answer.refusal(_WHY.get(answer.status) or answer.beginning())
        text = b"".join(answer.chunks()).decode("utf-8", "replace")
    samples = parse(text)
    if not samples:
        raise SlurmError(f"slurmctld at {endpoint.url} shows no metric of the page '{page}'")
    return samples


def parse(text: str) -> Samples:
    """Return the samples in a page; what is none is passed over, and so is a number that is not known (NaN)."""
    samples: dict[str, dict[str, float]] = {}
    for line in text.split("\n"):
        match = _SAMPLE.fullmatch(line)
        if match is not None and match[3] != "NaN":
            samples.setdefault(match[1], {})[match[2] or ""] = float(match[3])
    return samples
