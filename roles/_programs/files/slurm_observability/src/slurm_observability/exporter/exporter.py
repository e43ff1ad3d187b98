"""The exporter put together: three sources in the background, and what they last said ready to be served."""

from __future__ import annotations

import platform
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.exposition import generate_latest
from prometheus_client.metrics_core import Metric as Family

from .. import __version__
from ..slurm.accounting import RunReader
from ..slurm.cluster import read_cluster_name
from ..slurm.command import SlurmRunner
from ..slurm.nodes import Node, NodeReader, Nodes
from ..slurm.queue import Queue, read_queue
from . import catalogue, families
from .discovery import Discovery
from .history import HistoryTotals
from .history_reader import HistoryReader
from .sources import Source


@dataclass(frozen=True)
class Settings:
    """What the exporter is told. Times in seconds, ``reset_time`` since 1970. Without a ``cluster`` Slurm is asked."""

    reset_time: int
    timeout: float = 30.0
    interval: float = 15.0
    accounting: bool = True
    cluster: str = ""
    sd_ports: Mapping[str, int] = field(default_factory=dict)
    file_sd_directory: Path | None = None


class Exporter:
    """Holds the sources. Use :meth:`start` and :meth:`stop` for the background threads, or :meth:`refresh` by hand."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._runner = SlurmRunner(settings.timeout)
        self._node_reader = NodeReader(self._runner)
        self._history_reader = HistoryReader(RunReader(self._runner), settings.reset_time, time.time)
        self._cluster = settings.cluster
        self.discovery = Discovery(settings.sd_ports, settings.file_sd_directory)
        self.queue: Source[Queue] = Source("squeue", self._read_queue, settings.interval)
        self.nodes: Source[Nodes] = Source("scontrol", self._read_nodes, settings.interval)
        self.history: Source[HistoryTotals] = Source("sacct", self._read_history, settings.interval)
        self.sources: list[Source[Any]] = [self.queue, self.nodes]
        if settings.accounting:
            self.sources.append(self.history)
        self._process = CollectorRegistry()
        ProcessCollector(registry=self._process)
        self._stop = threading.Event()
        self._publishing = threading.Lock()
        self._rendered_nodes: tuple[Node, ...] | None = None
        self._node_text = b""
        self._body = b""

    def start(self) -> None:
        """Start a thread for each source. The first refresh begins at once."""
        for source in self.sources:
            threading.Thread(target=source.run, args=(self._stop, self._publish), name=source.name, daemon=True).start()

    def stop(self) -> None:
        """End the threads and every Slurm command that still runs."""
        self._stop.set()
        self._runner.close()

    def refresh(self) -> None:
        """Refresh each source once, one after the other, without threads."""
        for source in self.sources:
            source.refresh()
        self._publish()

    @property
    def ready(self) -> bool:
        """True when queue and nodes have been asked once, whatever they answered. The history may still be read."""
        return self.queue.health.attempts > 0 and self.nodes.health.attempts > 0

    def metrics(self) -> bytes:
        """Return all metrics in Prometheus' text format. Runs no command and waits for none."""
        return self._body + _render(self._own_families()) + generate_latest(self._process)

    def _read_queue(self) -> tuple[Queue, int]:
        queue = read_queue(self._runner)
        return queue, queue.rejected_lines

    def _read_nodes(self) -> tuple[Nodes, int]:
        nodes = self._node_reader.read()
        self._cluster = self._cluster or read_cluster_name(self._runner)
        self.discovery.update(nodes.nodes, self._cluster)
        return nodes, nodes.rejected_lines

    def _read_history(self) -> tuple[HistoryTotals, int]:
        before = self._history_reader.rejected_lines
        totals = self._history_reader.read()
        return totals, self._history_reader.rejected_lines - before

    def _publish(self) -> None:
        """Render what the sources say, once per refresh and not once per scrape."""
        with self._publishing:
            queue, nodes, totals = self.queue.answer, self.nodes.answer, self.history.answer
            partitions = {name for node in nodes.nodes for name in node.partitions} if nodes else set()
            body = b""
            if queue is not None:
                partitions |= set(queue.by_partition)
                body += _render(families.queue_families(queue, partitions))
            if totals is not None:
                body += _render(families.history_families(totals, partitions))
            # Nodes are many and change seldom: their text is made again only when one of them changed.
            if nodes is not None and nodes.nodes != self._rendered_nodes:
                self._node_text = _render(families.node_families(nodes.nodes))
                self._node_text += _render(families.single_node_families(nodes.nodes))
                self._rendered_nodes = nodes.nodes
            self._body = body + self._node_text

    def _own_families(self) -> Iterable[Family]:
        yield from families.health_families({source.name: source.health for source in self.sources}, time.time())
        if self._settings.accounting:
            yield families.scalar(catalogue.HISTORY_COMPLETE, self.history.answer is not None)
            yield families.scalar(catalogue.RESET_TIME, self._settings.reset_time)
        yield families.family(catalogue.SD_TARGETS, (((job,), count) for job, count in self.discovery.counts.items()))
        yield families.scalar(catalogue.SD_LAST_SUCCESS, self.nodes.health.last_success or 0)
        yield families.family(catalogue.BUILD_INFO, [((__version__, platform.python_version()), 1)])


class _Families:
    """What generate_latest asks of a registry."""

    def __init__(self, collected: Iterable[Family]) -> None:
        self._collected = collected

    def collect(self) -> Iterable[Family]:
        return self._collected


def _render(collected: Iterable[Family]) -> bytes:
    return generate_latest(_Families(collected))
