"""Keeps the table of jobs in a file, so that a restart of the agent forgets no job, no GPU and no total."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..jobs.event import JobEvent
from ..jobs.hook_event import event_of, record_of
from ..jobs.hook_record import RecordError
from ..moment import Moment
from .cgroups.usage import Usage
from .job_table import JobTable
from .node_job import NodeJob
from .totals import GpuTotal, Totals

log = logging.getLogger(__name__)

NAME = "node-jobs.json"
VERSION = 1


@dataclass(frozen=True)
class Saved:
    """When the file was written, in seconds since 1970, and whether that was since this machine was booted."""

    time: float
    this_boot: bool


class JobFile:
    """Writes and reads the file. ``boot_id`` is that of this boot."""

    def __init__(self, directory: Path, boot_id: str) -> None:
        self._path = directory / NAME
        self._boot_id = boot_id
        self._failed = False

    def load(self, table: JobTable) -> Saved | None:
        """Fill the table; None without a file. One that cannot be used is set aside, and the table begins empty."""
        try:
            document = json.loads(self._path.read_bytes())
            if document["version"] != VERSION:
                raise ValueError(f"it is of version {document['version']}, and not {VERSION}")
            jobs = [_job(each) for each in document["jobs"]]
            ended = {(str(node), int(job_id)): float(time) for node, job_id, time in document["ended"]}
            saved = Saved(float(document["time"]), document["boot_id"] == self._boot_id)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecordError, RecursionError) as error:
            self._set_aside(error)
            return None
        table.jobs.update({job.key: job for job in jobs})
        table.ended.update(ended)
        return saved

    def save(self, table: JobTable, now: float) -> None:
        """Write the table. What goes wrong is logged once, and tried again the next time."""
        document = {
            "version": VERSION,
            "boot_id": self._boot_id,
            "time": now,
            "jobs": [_document(job) for job in table.jobs.values()],
            "ended": [[node, job_id, time] for (node, job_id), time in table.ended.items()],
        }
        new = self._path.with_suffix(".new")
        try:
            with new.open("w") as file:
                json.dump(document, file)
                file.flush()
                os.fsync(file.fileno())
            new.replace(self._path)
        except OSError as error:
            if not self._failed:
                log.error("the jobs of this node cannot be kept in %s: %s", self._path, error)
            self._failed = True
        else:
            self._failed = False

    def _set_aside(self, error: Exception) -> None:
        aside = self._path.with_suffix(".broken")
        log.error(
            "%s cannot be used (%s: %s); it is now %s, and the jobs are found anew: what they had used until now is "
            "counted from their control groups",
            *(self._path, type(error).__name__, error, aside),
        )
        try:
            self._path.replace(aside)
        except OSError as other:
            log.error("it cannot be set aside: %s", other)


def _document(job: NodeJob) -> dict[str, Any]:
    return {**asdict(job), "started": record_of(job.started)}


def _job(document: Mapping[str, Any]) -> NodeJob:
    fields = dict(document)
    totals = fields.pop("totals")
    return NodeJob(
        **{
            **fields,
            "started": _event(fields["started"]),
            "seen": _moment(fields["seen"]),
            "usage": Usage(**_numbers(fields["usage"])),
            "totals": Totals(
                {name: value for name, value in _numbers(totals["earlier"]).items() if value is not None},
                {str(gpu): GpuTotal(**total) for gpu, total in totals["gpus"].items()},
            ),
        }
    )


def _event(record: Mapping[str, str]) -> JobEvent:
    return event_of({str(name): str(value) for name, value in record.items()})


def _moment(clocks: Sequence[float] | None) -> Moment | None:
    # Until the next boot the steady clock goes on, whoever asks it.
    return None if clocks is None else Moment(*map(float, clocks))


def _numbers(values: Mapping[str, Any]) -> dict[str, Any]:
    for name, value in values.items():
        if value is not None and not isinstance(value, (int, float)):
            raise ValueError(f"{name} is no number")
    return dict(values)
