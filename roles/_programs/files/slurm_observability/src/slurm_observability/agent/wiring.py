"""Which parts an agent has."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from ..moment import Moment, moment
from .activity import Activity
from .cgroups.find import ROOT, find_hierarchy
from .gpu_map import GpuMap
from .gpus.gpu_watch import GpuWatch
from .gpus.names import NameTable
from .gpus.reading import GpuReader
from .gpus.select import gpu_source
from .group_reader import GroupReader
from .job_file import JobFile
from .job_identity import JobIdentity
from .job_table import JobTable
from .job_watch import JobWatch
from .kernel_files import KernelFiles
from .node_usage import NodeMeter
from .part import Outbox, Part
from .processes import PROC, ProcessFiles
from .sampler import Sampler
from .settings import Settings
from .topics.health import Health


def observing_parts(settings: Settings, outbox: Outbox) -> Sequence[Part]:
    """Return what observes the jobs of a node, and its GPUs."""
    source = gpu_source(settings.gpus)
    if source is None:
        return (job_watch(settings, outbox, None),)
    gpus = GpuWatch(source, NameTable(settings.gpu_names, settings.gpu_order))
    return (gpus, job_watch(settings, outbox, gpus))


def job_watch(
    settings: Settings,
    outbox: Outbox,
    gpus: GpuReader | None,
    cgroups: Path = ROOT,
    proc: Path = PROC,
    clock: Callable[[], Moment] = moment,
) -> JobWatch:
    """Return what watches the jobs, by the kernel's files below two directories and by a clock."""
    files = KernelFiles()
    processes = ProcessFiles(files, proc)
    hierarchy = find_hierarchy(cgroups, files)
    activity = Activity()
    table = JobTable(outbox.put_event)
    sampler = Sampler(
        table,
        JobIdentity(processes, settings.node, settings.cluster),
        NodeMeter(files, proc),
        settings.interval,
        GroupReader(hierarchy, activity, settings.step_metrics) if hierarchy else None,
        gpus,
        settings.gpu_order,
    )
    health = Health(
        version=str(hierarchy.version) if hierarchy else "none", unreadable=files.unreadable, healed=table.healed
    )
    state = settings.state_directory
    file = JobFile(state, processes.boot_id()) if state else None
    return JobWatch(settings, sampler, outbox, health, GpuMap(settings.gpu_map), file, activity, clock)
