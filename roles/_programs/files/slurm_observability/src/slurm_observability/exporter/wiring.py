"""Which topics there are, and who answers for each."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from ..slurm.accounting import RunReader
from ..slurm.cluster import read_cluster_name, read_partition_names
from ..slurm.command import SlurmRunner
from ..slurm.endpoint import Endpoint
from ..slurm.jobs import Queue, read_queue
from ..slurm.nodes import NodeReader, Nodes
from ..slurm.rest import cluster as rest_cluster
from ..slurm.rest import jobs as rest_jobs
from ..slurm.rest import nodes as rest_nodes
from ..slurm.rest.client import RestClient
from .cap import Cap
from .custom import topic as custom
from .discovery import Discovery
from .history import HistoryTotals
from .history_reader import HistoryReader
from .settings import SLURMRESTD, Settings
from .topic import Reading, Topic
from .topics import history, jobs, nodes


def topics(settings: Settings, runner: SlurmRunner, discovery: Discovery, cap: Cap) -> Sequence[Topic[Any]]:
    """Return the topics in the order in which their metrics are served."""
    chosen: list[Topic[Any]] = [_jobs(settings, runner), _nodes(settings, runner, discovery)]
    if settings.accounting:
        chosen.append(_history(settings, runner))
    chosen += custom.topics(settings.custom_metrics, runner, lambda: read_partition_names(runner), settings.reset_time)
    return chosen


def _jobs(settings: Settings, runner: SlurmRunner) -> Topic[Queue]:
    client = _rest_client(settings)

    def read() -> Reading[Queue]:
        queue = rest_jobs.read_queue(client) if client else read_queue(runner)
        return Reading(queue, queue.rejected_lines)

    return Topic(jobs.NAME, read, jobs.families, settings.interval)


def _nodes(settings: Settings, runner: SlurmRunner, discovery: Discovery) -> Topic[Nodes]:
    client = _rest_client(settings)
    reader = NodeReader(runner)
    cluster = settings.cluster

    def read() -> Reading[Nodes]:
        nonlocal cluster
        answer = rest_nodes.read_nodes(client) if client else reader.read()
        cluster = cluster or (client and rest_cluster.read_cluster_name(client)) or read_cluster_name(runner)
        discovery.update(answer.nodes, cluster)
        return Reading(answer, answer.rejected_lines)

    return Topic(nodes.NAME, read, nodes.families, settings.interval, discovery.families)


def _history(settings: Settings, runner: SlurmRunner) -> Topic[HistoryTotals]:
    reader = HistoryReader(RunReader(runner), settings.reset_time, time.time)

    def read() -> Reading[HistoryTotals]:
        before = reader.rejected_lines
        totals = reader.read()
        return Reading(totals, reader.rejected_lines - before)

    return Topic(
        history.NAME,
        read,
        history.families,
        settings.interval,
        lambda: history.status(reader.complete, settings.reset_time),
    )


def _rest_client(settings: Settings) -> RestClient | None:
    """Return a client of slurmrestd when that is who is asked."""
    if settings.source != SLURMRESTD:
        return None
    endpoint = Endpoint("slurmrestd", settings.slurmrestd_url, settings.timeout)
    return RestClient(endpoint, settings.slurm_jwt_file, settings.slurmrestd_api_version)
