"""The part of the agent that watches the jobs of a node, in a thread of its own."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable

from ..jobs.event import FINISHED, JobEvent
from ..jobs.sample import JobSample
from ..metrics.metric import AnyFamily
from ..moment import Moment, moment
from .activity import Activity
from .gpu_map import GpuMap
from .job_file import JobFile
from .node_job import JobKey
from .observation import Observation
from .part import Outbox
from .sampler import MAX_GAP, Sampler
from .settings import Settings
from .topics import gpus, health, jobs, node, steps
from .topics.health import Health

log = logging.getLogger(__name__)

STOP_SECONDS = 5.0


class JobWatch:
    """Looks at the jobs now and then, shows what it saw, and sends samples of it. ``file`` is None without one."""

    def __init__(
        self,
        settings: Settings,
        sampler: Sampler,
        outbox: Outbox,
        health: Health,
        gpu_map: GpuMap,
        file: JobFile | None,
        activity: Activity,
        clock: Callable[[], Moment] = moment,
    ) -> None:
        self._settings = settings
        self._sampler = sampler
        self._outbox = outbox
        self._health = health
        self._gpu_map = gpu_map
        self._file = file
        self._activity = activity
        self._clock = clock
        self._seen: Observation | None = None
        self._looked = 0.0
        self._kept: set[JobKey] = set()
        self._sampled: float | None = None
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="jobs", daemon=True)

    def start(self) -> None:
        """Take up what an earlier run of the agent knew, and begin to look."""
        self.restore()
        self._thread.start()

    def stop(self) -> None:
        """End. A look that hangs is left alone."""
        self._stopped = True
        self._activity.wake()
        self._thread.join(STOP_SECONDS)

    def on_event(self, event: JobEvent) -> None:
        """Take note of an event; that of an end is acted on at once."""
        self._sampler.tell(event)
        if event.kind == FINISHED:
            self._activity.wake()

    def families(self) -> Iterable[AnyFamily]:
        """Return what the last look saw. One that is too old says nothing of now, and is not shown."""
        yield from health.families(self._health)
        seen = self._seen
        if seen is None or self._clock().steady - self._looked > MAX_GAP * self._settings.interval:
            return
        yield from node.families(seen)
        yield from jobs.families(seen)
        yield from gpus.families(seen)
        if self._settings.step_metrics:
            yield from steps.families(seen)

    def restore(self) -> None:
        """Take up what an earlier run of the agent knew. The jobs that a boot ended are told of."""
        saved = self._file.load(self._sampler.table) if self._file else None
        if saved is not None and not saved.this_boot:
            self._outbox.put_samples(self._sampler.lose_all(saved.time), ())

    def look(self) -> None:
        """Look once, and act on it."""
        now = self._clock()
        seen, finals = self._sampler.look(now)
        self._looked, self._seen = now.steady, seen
        self._health.last_look, self._health.duration = now.wall, self._clock().steady - now.steady
        self._health.unknown_groups = seen.unknown_groups
        self._gpu_map.clean([job.started.job_id for job in seen.jobs], now.steady)
        self._health.map_removed = self._gpu_map.removed
        is_due = self._sampled is None or now.steady - self._sampled >= self._settings.sample_interval
        if is_due:
            self._sampled = now.steady
            cluster = self._settings.cluster or next((job.started.cluster for job in seen.jobs), "")
            self._outbox.put_samples([*finals, *(job.sample() for job in seen.jobs)], [seen.sample(cluster)])
        else:
            self._send(finals)
        if is_due or self._kept != set(self._sampler.table.jobs):
            self._save(now.wall)

    def take_events(self) -> None:
        """Act on the events that have come since the last look."""
        finals = self._sampler.take_events()
        self._send(finals)
        if finals:
            self._save(self._clock().wall)

    def _run(self) -> None:
        due = self._clock().steady
        while not self._stopped:
            try:
                paths = self._activity.wait(due - self._clock().steady)
                now = self._clock()
                if now.steady >= due:
                    due += self._settings.interval * (1 + (now.steady - due) // self._settings.interval)
                    self.look()
                else:
                    if paths:
                        self._sampler.glance(now, paths)
                    self.take_events()
            except Exception:  # the thread must live on, whatever the fault
                self._health.errors += 1
                log.exception("a look at the jobs broke off; this is a fault of the program")
        self._save(self._clock().wall)

    def _send(self, finals: list[JobSample]) -> None:
        if finals:
            self._outbox.put_samples(finals, ())

    def _save(self, now: float) -> None:
        self._kept = set(self._sampler.table.jobs)
        if self._file:
            self._file.save(self._sampler.table, now)
