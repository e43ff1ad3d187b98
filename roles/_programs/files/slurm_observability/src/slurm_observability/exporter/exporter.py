"""The exporter put together: sources in the background, and what they last said ready to be served."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from typing import Any

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.exposition import generate_latest

from ..metrics.exposition import render
from ..metrics.metric import AnyFamily
from ..slurm.command import SlurmRunner
from ..slurm.jobs import Queue
from ..slurm.nodes import Nodes
from . import health, wiring
from .cap import Cap
from .discovery import Discovery
from .leadership import Leadership, host_name
from .settings import Settings
from .sources import Source
from .topic import Scene
from .topics import controllers, jobs, nodes, partitions


class Exporter:
    """Holds the sources. Use :meth:`start` and :meth:`stop` for the background threads, or :meth:`refresh` by hand."""

    def __init__(self, settings: Settings, runner: SlurmRunner | None = None) -> None:
        self._runner = runner or SlurmRunner(settings.timeout)
        self.discovery = Discovery(settings.sd_ports, settings.file_sd_directory)
        self._cap = Cap(settings.max_label_values)
        self._leadership = Leadership(host_name(), self._change_role) if settings.high_availability else None
        # What is asked often never waits, the site's own commands have a limit of their own, the rest shares one.
        turn = threading.BoundedSemaphore(max(1, settings.max_commands - len(wiring.OFTEN)))
        self.sources: dict[str, Source[Any]] = {
            topic.name: Source(topic, turn if topic.name in wiring.WAITING else None)
            for topic in wiring.topics(settings, self._runner, self.discovery, self._cap, self._leadership)
        }
        self._process = CollectorRegistry()
        ProcessCollector(registry=self._process)
        self._publishing = threading.Lock()
        self._partitions: list[str] = []
        self._texts: dict[str, bytes] = {}
        self._served = b""

    def start(self) -> None:
        """Start a thread for each source. The first refresh begins at once; that of a standby's, when it takes over."""
        self._change_role()
        for source in self.sources.values():
            threading.Thread(target=source.run, args=(self._publish,), name=source.name, daemon=True).start()

    def stop(self) -> None:
        """End the threads and every Slurm command that still runs."""
        for source in self.sources.values():
            source.stop()
        self._runner.close()

    def refresh(self, *names: str) -> None:
        """Refresh the sources of these names, or all, once, one after the other, without threads."""
        for name in names or self.sources:
            source = self.sources[name]
            source.refresh()
            self._publish(source)

    @property
    def ready(self) -> bool:
        """True when queue and nodes have been asked once, whatever they answered. The history may still be read.

        A standby does not ask for the queue; it is ready when it knows that it is one.
        """
        asked = [self.sources[name] for name in (jobs.NAME, nodes.NAME)]
        decided = self._leadership is None or self._leadership.decided
        return decided and all(source.resting or source.health.attempts > 0 for source in asked)

    @property
    def active(self) -> bool:
        """True when this exporter serves the numbers of the cluster; False on a standby."""
        return self._leadership is None or self._leadership.active

    def metrics(self) -> tuple[bytes, bytes]:
        """Return all metrics in Prometheus' text format: those as of the last refresh, and those of this moment.

        Runs no command, waits for none, and opens no file.
        """
        return self._served, render(self._own_families())

    def _publish(self, source: Source[Any]) -> None:
        """Render what the source says, once per refresh and not once per scrape."""
        with self._publishing:
            partitions = self._known_partitions()
            # New partitions are new zeros in what the other sources said.
            changed = [source] if partitions == self._partitions else list(self.sources.values())
            self._partitions = partitions
            scene = Scene(time.time(), partitions)
            texts = {
                each.name: render(each.topic.families(each.answer, scene))
                for each in changed
                if each.answer is not None and self._shows(each.name)
            }
            self._serve({**self._texts, **texts})

    def _serve(self, texts: dict[str, bytes]) -> None:
        """Join what the sources say, and what the process costs, once for many scrapes. For that /proc is read."""
        self._texts = texts
        in_order = [texts[name] for name in self.sources if name in texts]
        self._served = b"".join([*in_order, generate_latest(self._process)])

    def _shows(self, name: str) -> bool:
        return self.active or name == controllers.NAME

    def _change_role(self) -> None:
        """Let the sources work or rest as the role wants it. A standby keeps the targets up to date."""
        for name, source in self.sources.items():
            if self.active:
                source.wake()
            elif name not in (controllers.NAME, nodes.NAME):
                source.rest()
        with self._publishing:
            self._serve({name: text for name, text in self._texts.items() if self._shows(name)})
        if self.sources[nodes.NAME].answer is not None:  # known while on standby, and not shown
            self._publish(self.sources[nodes.NAME])

    def _known_partitions(self) -> list[str]:
        queue: Queue | None = self.sources[jobs.NAME].answer
        found: Nodes | None = self.sources[nodes.NAME].answer
        names = {name for node in found.nodes for name in node.partitions} if found else set()
        if partitions.NAME in self.sources and (told := self.sources[partitions.NAME].answer):
            names.update(partition.name for partition in told.partitions)
        return sorted(names.union(queue.partitions if queue else ()))

    def _own_families(self) -> Iterable[AnyFamily]:
        awake = {name: source for name, source in self.sources.items() if not source.resting}
        yield from health.families(awake, wiring.OFTEN)
        yield health.commands(self._runner.commands_started)
        yield health.role(self.active)
        for source in awake.values():
            yield from source.topic.status()
        yield from self._cap.families()
