"""Which topics there are, how often each is asked for, and who answers."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from ..slurm.accounting import RunReader
from ..slurm.command import SlurmError, SlurmRunner
from ..slurm.config import Configuration
from ..slurm.controllers import Controllers, read_controllers
from ..slurm.endpoint import Endpoint
from ..slurm.jobs import Queue, QueueReader
from ..slurm.nodes import NodeReader, Nodes
from ..slurm.partitions import Partitions, read_partitions
from ..slurm.rest import controllers as rest_controllers
from ..slurm.rest import jobs as rest_jobs
from ..slurm.rest import nodes as rest_nodes
from ..slurm.rest import partitions as rest_partitions
from ..slurm.running_jobs import RunningJobs, read_running_jobs
from . import controller_topics
from .cap import Cap
from .custom import topic as custom
from .discovery import Discovery
from .history.origin import Origin
from .history.reader import HistoryReader
from .history.store import RunStore
from .history.totals import HistoryTotals
from .leadership import Leadership
from .native_source import NativeAnswer, native_jobs_families, read_native
from .plan import Plan
from .settings import Settings
from .topic import Reading, Size, Topic
from .topics import (
    controllers,
    efficiency,
    fairshare,
    federation,
    history,
    jobs,
    licenses,
    limits,
    nodes,
    partitions,
    reservations,
    running_jobs,
    scheduler,
)


def topics(
    settings: Settings, runner: SlurmRunner, discovery: Discovery, cap: Cap, leadership: Leadership | None
) -> Sequence[Topic[Any]]:
    """Return the topics that are on and those of the site, in the order in which their metrics are served."""
    configuration = Configuration(runner)
    chosen: list[Topic[Any]] = []
    for name, interval in intervals(settings).items():
        if interval is not None:
            timeout = settings.timeouts.get(name, settings.timeout)
            plan = Plan(settings, interval, timeout, runner.limited(timeout), configuration, discovery, cap, leadership)
            chosen.append(_KINDS[name].make(plan))
    chosen += custom.topics(settings.custom_metrics, runner, settings.reset_time)
    return chosen


def intervals(settings: Settings) -> dict[str, float | None]:
    """Return how often each topic is asked for, in seconds; None for one that is not."""
    return {
        name: None
        if kind.needs_accounting and not settings.accounting
        else settings.intervals.get(name, settings.interval if name in _often(settings) else kind.interval)
        for name, kind in _KINDS.items()
    }


def _often(settings: Settings) -> frozenset[str]:
    # A standby takes over soon after Slurm's own.
    return OFTEN | {controllers.NAME} if settings.high_availability else OFTEN


def _jobs(plan: Plan) -> Topic[Any]:
    endpoint = plan.slurmctld()
    return _queue(plan) if endpoint is None else _native_jobs(plan, endpoint)


def _native_jobs(plan: Plan, endpoint: Endpoint) -> Topic[NativeAnswer]:
    pages = ("jobs", "partitions", *(("jobs-users-accts",) if plan.settings.queue_labels else ()))
    read = partial(read_native, endpoint, pages)
    return Topic(jobs.NAME, lambda: Reading(read()), partial(native_jobs_families, cap=plan.cap), plan.interval)


def _queue(plan: Plan) -> Topic[Queue]:
    client = plan.rest_client()
    ask = partial(rest_jobs.read_queue, client) if client else QueueReader(plan.runner).read

    def read() -> Reading[Queue]:
        queue = ask()
        return Reading(queue, queue.rejected_lines)

    families = partial(jobs.families, owners=plan.settings.queue_labels, cap=plan.cap)

    def size(queue: Queue) -> Size:
        return Size(sum(members.count for members in queue.jobs.values()), "job")

    return Topic(jobs.NAME, read, families, plan.interval, size=size)


def _nodes(plan: Plan) -> Topic[Nodes]:
    client = plan.rest_client()
    reader = NodeReader(plan.runner)
    cluster = plan.settings.cluster

    def read() -> Reading[Nodes]:
        nonlocal cluster
        answer = rest_nodes.read_nodes(client) if client else reader.read()
        cluster = cluster or plan.cluster_name()
        plan.discovery.update(answer.nodes, cluster)
        return Reading(answer, answer.rejected_lines)

    families = partial(nodes.families, choice=plan.settings.node_metrics)

    def size(answer: Nodes) -> Size:
        return Size(len(answer.nodes), "node")

    return Topic(nodes.NAME, read, families, plan.interval, plan.discovery.families, size=size)


def _partitions(plan: Plan) -> Topic[Partitions]:
    client = plan.rest_client()

    def read() -> Reading[Partitions]:
        answer = rest_partitions.read_partitions(client) if client else read_partitions(plan.runner)
        return Reading(answer, answer.rejected_lines)

    def size(answer: Partitions) -> Size:
        return Size(len(answer.partitions), "partition")

    return Topic(partitions.NAME, read, partitions.families, plan.interval, size=size)


def _history(plan: Plan) -> Topic[HistoryTotals]:
    settings = plan.settings

    def origin() -> Origin:
        try:
            cluster = plan.cluster_name()
        except SlurmError:
            cluster = ""  # slurmctld is away; slurmdbd need not be
        return Origin(cluster, settings.reset_text, settings.reset_time, settings.history_labels)

    def wanted() -> bool:
        return plan.leadership is None or plan.leadership.active

    store = RunStore(settings.state_directory)
    reader = HistoryReader(RunReader(plan.runner, settings.history_labels), store, origin, time.time, wanted)

    def read() -> Reading[HistoryTotals]:
        before = reader.rejected_lines
        totals = reader.read()
        return Reading(totals, reader.rejected_lines - before)

    return Topic(
        history.NAME,
        read,
        lambda totals, scene: history.families(totals, scene, plan.cap),
        plan.interval,
        lambda: history.status(reader.progress),
        reader.close,
        kept=reader.kept,
    )


def _controllers(plan: Plan) -> Topic[Controllers]:
    client = plan.rest_client()

    def read() -> Reading[Controllers]:
        answer = rest_controllers.read_controllers(client) if client else read_controllers(plan.runner)
        if plan.leadership is not None:
            plan.leadership.update(answer)
        return Reading(answer)

    def size(answer: Controllers) -> Size:
        return Size(len(answer.controllers), "controller")

    return Topic(controllers.NAME, read, controllers.families, plan.interval, size=size)


def _running_jobs(plan: Plan) -> Topic[RunningJobs]:
    def read() -> Reading[RunningJobs]:
        answer = read_running_jobs(plan.runner, plan.settings.job_names)
        return Reading(answer, answer.rejected_lines)

    families = partial(running_jobs.families, limit=plan.settings.max_running_jobs)
    return Topic(running_jobs.NAME, read, families, plan.interval)


@dataclass(frozen=True)
class _Kind:
    """How a topic is made, and how often it is asked for unless the settings say otherwise.

    ``interval`` is in seconds, None where the topic is off. One that is asked ``often`` has the interval of the
    settings instead. One that ``waits`` shares its turn with the others that do.
    """

    make: Callable[[Plan], Topic[Any]]
    interval: float | None = None
    often: bool = False
    waits: bool = True
    needs_accounting: bool = False


_KINDS: Mapping[str, _Kind] = {
    jobs.NAME: _Kind(_jobs, often=True, waits=False),
    nodes.NAME: _Kind(_nodes, often=True, waits=False),
    history.NAME: _Kind(_history, often=True, waits=False, needs_accounting=True),
    partitions.NAME: _Kind(_partitions, interval=60.0),
    controllers.NAME: _Kind(_controllers, interval=60.0, waits=False),
    scheduler.NAME: _Kind(controller_topics.scheduler_topic, 60.0),
    reservations.NAME: _Kind(controller_topics.reservations_topic, 60.0),
    licenses.NAME: _Kind(controller_topics.licenses_topic, 60.0),
    limits.NAME: _Kind(controller_topics.limits_topic, 300.0, needs_accounting=True),
    fairshare.NAME: _Kind(controller_topics.fairshare_topic, 300.0, needs_accounting=True),
    efficiency.NAME: _Kind(controller_topics.efficiency_topic, 300.0, needs_accounting=True),
    federation.NAME: _Kind(controller_topics.federation_topic, 300.0),
    running_jobs.NAME: _Kind(_running_jobs),
}

TOPICS: Sequence[str] = tuple(_KINDS)
OFTEN: frozenset[str] = frozenset(name for name, kind in _KINDS.items() if kind.often)
WAITING: frozenset[str] = frozenset(name for name, kind in _KINDS.items() if kind.waits)
