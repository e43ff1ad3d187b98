"""Scrape targets from live node state: Prometheus HTTP service discovery, and files for those who prefer them."""

from __future__ import annotations

import json
import logging
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from ..metrics.metric import Family, Metric, scalar
from ..slurm.nodes import Node

log = logging.getLogger(__name__)

SD_TARGETS = Metric(
    "slurm_sd_targets",
    "Targets that the exporter offers to Prometheus for the scrape job.",
    ("job",),
    query='slurm_sd_targets{job="node_exporter"} - on() count(up{job="node_exporter"})',
)
SD_LAST_SUCCESS = Metric(
    "slurm_sd_last_success_timestamp_seconds",
    "When the list of targets last came from Slurm. 0 before the first time.",
    query="time() - slurm_sd_last_success_timestamp_seconds > 300",
)

METRICS = (SD_TARGETS, SD_LAST_SUCCESS)


@dataclass(frozen=True)
class ScrapeJob:
    """A program to scrape on the nodes: its port, and the rule that picks the nodes it runs on."""

    port: int
    runs_on: Callable[[Node], bool]


SCRAPE_JOBS: Mapping[str, ScrapeJob] = {
    "node_exporter": ScrapeJob(9100, lambda node: True),
    "dcgm_exporter": ScrapeJob(9400, lambda node: node.has_gpu and not node.has_amd_gpu),
    "amd_metrics_exporter": ScrapeJob(5000, lambda node: node.has_amd_gpu),
    "job_agent": ScrapeJob(9501, lambda node: True),
}


class _Target(NamedTuple):
    """What the pages show of a node, without its port; most of it stays the same from one refresh to the next."""

    host: str
    labels: str
    node: Node

    def line(self, port: int) -> str:
        """Return the target group as JSON."""
        return f'{{"targets": [{self.host}:{port}"], "labels": {self.labels}}}'


class Discovery:
    """Keeps the target lists ready to be served. Before the first :meth:`update` there are none.

    A node without power is no target. A node that is down or drained stays one: that it does not answer is what to see.
    """

    def __init__(self, ports: Mapping[str, int], directory: Path | None) -> None:
        self._ports = ports
        self._directory = directory
        self._targets: dict[tuple[object, ...], _Target] | None = None
        # Replaced and never changed, for scrapes read them meanwhile.
        self._documents: dict[str, bytes] = {}
        self._written: dict[str, bytes] = {}
        self._counts: dict[str, int] = {}
        self._last_success = 0.0

    def update(self, nodes: Sequence[Node], cluster: str) -> None:
        """Make the lists from the nodes, and write the files of those that changed."""
        known = self._targets or {}
        targets = {}
        for node in nodes:
            if not node.without_power:
                shown = (cluster, *_shown(node))
                targets[shown] = known.get(shown) or _target(node, cluster)
        if self._targets is None or list(targets) != list(known):
            self._targets = targets
            lists = {
                name: [each for each in targets.values() if job.runs_on(each.node)] for name, job in SCRAPE_JOBS.items()
            }
            self._documents = {name: self._document(name, chosen) for name, chosen in lists.items()}
            self._counts = {name: len(chosen) for name, chosen in lists.items()}
        self._last_success = time.time()
        if self._directory is not None:
            self._write_changed(self._directory)

    def _document(self, name: str, targets: Sequence[_Target]) -> bytes:
        port = self._ports.get(name, SCRAPE_JOBS[name].port)
        # One group to a line: people read it, and compare it with an earlier one.
        lines = ",\n".join(target.line(port) for target in targets)
        return f"[\n{lines}\n]\n".encode() if targets else b"[]\n"

    def document(self, name: str) -> bytes | None:
        """Return the target list of the scrape job as JSON, or None before the first update."""
        return self._documents.get(name)

    def families(self) -> Iterator[Family]:
        """Yield how many targets there are, and since when."""
        yield Family(SD_TARGETS, (((job,), count) for job, count in self._counts.items()))
        yield scalar(SD_LAST_SUCCESS, self._last_success)

    def _write_changed(self, directory: Path) -> None:
        for name, content in self._documents.items():
            if content == self._written.get(name):
                continue
            path = directory / f"{name}.json"
            try:
                write_atomically(path, content)
            except OSError as error:
                log.error("%s cannot be written: %s; HTTP discovery is not affected", path, error.strerror or error)
            else:
                self._written[name] = content


def write_atomically(path: Path, content: bytes) -> None:
    """Replace the file in one step, readable for all; no reader ever sees half of it. Raises OSError."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            os.fchmod(stream.fileno(), 0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _shown(node: Node) -> tuple[object, ...]:
    """Return all that the labels are made from, to know cheaply whether they are the same as before."""
    return (
        node.name,
        node.address,
        node.base,
        node.flags,
        node.partitions,
        node.features,
        node.gres,
        node.arch,
        node.instance_type,
    )


def _target(node: Node, cluster: str) -> _Target:
    host = node.address or node.name
    quoted = json.dumps(f"[{host}]" if ":" in host else host)
    return _Target(quoted.removesuffix('"'), json.dumps(_labels(node, cluster)), node)


def _labels(node: Node, cluster: str) -> dict[str, str]:
    return {
        "__meta_slurm_node": node.name,
        "__meta_slurm_partitions": _list(node.partitions),
        "__meta_slurm_features": _list(node.features),
        "__meta_slurm_gres": node.gres,
        "__meta_slurm_gpu": "true" if node.has_gpu else "false",
        "__meta_slurm_arch": node.arch,
        "__meta_slurm_state": node.state,
        "__meta_slurm_instance_type": node.instance_type,
        "__meta_slurm_cluster": cluster,
    }


def _list(values: Sequence[str]) -> str:
    # Commas at both ends, so that a regular expression can look for ",hpc," as in Prometheus' own discoveries.
    return f",{','.join(values)}," if values else ""
