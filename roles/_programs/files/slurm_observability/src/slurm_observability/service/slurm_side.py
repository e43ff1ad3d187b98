"""What the service does with Slurm in the background: reconcile, summarise, and write comments."""

from __future__ import annotations

import threading
from collections.abc import Iterator

from ..metrics.metric import AnyFamily
from ..slurm.command import SlurmRunner
from ..slurm.endpoint import Endpoint
from ..slurm.rest.client import RestClient
from .admin_comment import AdminComments
from .background import Task
from .reconcile.reconciler import Reconciler
from .scheduler.command_line import CommandLine
from .scheduler.rest import Slurmrestd
from .scheduler.scheduler import Scheduler
from .settings import SLURM, Settings
from .slurm_usage import SlurmUsages
from .store.store import Store
from .summary.summariser import Summariser

SETTLE_SECONDS = 60.0
SUMMARY_SECONDS = 15.0
COMMENT_SECONDS = 1.0


class SlurmSide:
    """The parts that know Slurm, made as the settings say. Runs are summarised also where nobody asks Slurm.

    ``scheduler`` is None where nobody does.
    """

    def __init__(self, settings: Settings, store: Store) -> None:
        self._settings = settings
        self._runner = SlurmRunner(settings.slurm_timeout)
        self.scheduler = self._scheduler() if settings.scheduler_backend == SLURM else None
        self._reconciler: Reconciler | None = None
        self._comments: AdminComments | None = None
        self._usages: SlurmUsages | None = None
        if self.scheduler is not None:
            self._reconciler = Reconciler(self.scheduler, store, int(settings.look_back), settings.lost_after)
            if settings.admin_comment:
                self._comments = AdminComments(self._runner, self.scheduler)
            if not settings.slurm_base_url:  # slurmrestd tells nothing of steps that run
                self._usages = SlurmUsages(self._runner, store, settings.cluster)
        self._summariser = Summariser(store, self._comments.add if self._comments else None)

    def tasks(self, after: threading.Event) -> Iterator[Task]:
        """Yield what is to be done again and again, once ``after`` is set."""
        if self._reconciler is not None:
            yield Task("queue", self._settings.queue_interval, self._reconciler.read_queue, after)
            yield Task("accounting", self._settings.accounting_interval, self._reconciler.read_ended, after)
            yield Task("missing-runs", SETTLE_SECONDS, self._reconciler.settle, after)
        if self._usages is not None:
            yield Task("usage-running", self._settings.usage_interval, self._usages.read_running, after)
            if self._settings.accounting:
                yield Task("usage-ended", self._settings.usage_interval, self._usages.read_ended, after)
        yield Task("summaries", SUMMARY_SECONDS, self._summariser.run, after)
        if self._comments is not None:
            yield Task("comments", COMMENT_SECONDS, self._comments.run, after)

    def families(self) -> Iterator[AnyFamily]:
        """Yield how it fares."""
        if self._reconciler is not None:
            yield from self._reconciler.families()
        if self._usages is not None:
            yield from self._usages.metrics.families()
        yield from self._summariser.families()
        if self._comments is not None:
            yield from self._comments.families()

    def close(self) -> None:
        """End the commands that still run."""
        self._runner.close()

    def _scheduler(self) -> Scheduler:
        settings = self._settings
        if not settings.slurm_base_url:
            return CommandLine(self._runner, settings.accounting, settings.cluster)
        endpoint = Endpoint("slurmrestd", settings.slurm_base_url, settings.slurm_timeout)
        client = RestClient(endpoint, settings.slurm_jwt_file, settings.slurm_api_version)
        return Slurmrestd(client, settings.accounting, settings.cluster)
