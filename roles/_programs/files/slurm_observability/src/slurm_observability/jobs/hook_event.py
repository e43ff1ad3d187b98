"""The events behind the records of hooks: which variable of Slurm's is which field.

Which variables there are depends on the hook and on Slurm's version (src/plugins/prep/script/prep_script_slurmd.c and
src/slurmctld/job_mgr.c there): of every field there may be nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from .event import CGROUP, EPILOG, EPILOG_SLURMCTLD, FINISHED, KINDS, PROLOG, PROLOG_SLURMCTLD, STARTED, JobEvent
from .hook_record import RecordError

# What is longer is cut: paths are as long as they can be, the rest is longer than anything that Slurm gives.
_SHORT, _LONG, _PATH, _NODES = 256, 1024, 4096, 65536

# Fields, the most characters of them, and the variables that they come from: the first that is set.
_TEXTS: Mapping[str, tuple[int, tuple[str, ...]]] = {
    "cluster": (_SHORT, ("SLURM_CLUSTER_NAME",)),
    "sluid": (_SHORT, ("SLURM_JOB_SLUID",)),
    "user": (_SHORT, ("SLURM_JOB_USER",)),
    "account": (_SHORT, ("SLURM_JOB_ACCOUNT",)),
    "partition": (_LONG, ("SLURM_JOB_PARTITION",)),
    "qos": (_SHORT, ("SLURM_JOB_QOS",)),
    "name": (_LONG, ("SLURM_JOB_NAME",)),
    "reservation": (_LONG, ("SLURM_JOB_RESERVATION",)),
    "nodes": (_NODES, ("SLURM_JOB_NODELIST", "SLURM_NODELIST")),  # a node's hooks have the first since 23.02
    "cpus_per_node": (_NODES, ("SLURM_JOB_CPUS_PER_NODE",)),
    "work_dir": (_PATH, ("SLURM_JOB_WORK_DIR",)),
    "stdout": (_PATH, ("SLURM_JOB_STDOUT",)),
    "stderr": (_PATH, ("SLURM_JOB_STDERR",)),
}
# Slurm's numbers have 32 bits, that of the restarts 16; the two largest stand for "none" and "not known".
_MAX_NUMBER, _MAX_RESTARTS = (1 << 32) - 3, (1 << 16) - 3
_NUMBERS: Mapping[str, tuple[int, tuple[str, ...]]] = {
    "restart": (_MAX_RESTARTS, ("SLURM_JOB_RESTART_COUNT",)),
    "uid": (_MAX_NUMBER, ("SLURM_JOB_UID", "SLURM_UID")),
    "gid": (_MAX_NUMBER, ("SLURM_JOB_GID",)),
    "array_job_id": (_MAX_NUMBER, ("SLURM_ARRAY_JOB_ID",)),
    "array_task_id": (_MAX_NUMBER, ("SLURM_ARRAY_TASK_ID",)),
    "het_job_id": (_MAX_NUMBER, ("SLURM_HET_JOB_ID",)),
    "het_job_offset": (_MAX_NUMBER, ("SLURM_HET_JOB_OFFSET",)),
    "node_count": (_MAX_NUMBER, ("SLURM_JOB_NUM_NODES",)),
}
_LISTS: Mapping[str, tuple[str, ...]] = {
    "gpus": ("SLURM_JOB_GPUS",),
    "gpu_devices": ("CUDA_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES"),
}
MAX_GPUS = 256
# What CUDA_VISIBLE_DEVICES holds where there is none.
_NO_DEVICES = "NoDevFiles"

_KIND_OF = {PROLOG: STARTED, PROLOG_SLURMCTLD: STARTED, EPILOG: FINISHED, EPILOG_SLURMCTLD: FINISHED}
_MAX_TIME = 253402300799  # the end of the year 9999
_EVENT_ID = re.compile(r"[!-~]{1,255}")
_EXIT = re.compile(r"(\d{1,3}):(\d{1,3})", re.ASCII)
_MICROSECONDS = 1_000_000


def event_of(values: Mapping[str, str], node: str = "", cluster: str = "") -> JobEvent:
    """Return the event that a record stands for. Raises RecordError.

    ``node`` and ``cluster`` are for what a hook on a node does not say.
    """
    kind, origin = values.get("KIND", ""), values.get("HOOK", "")
    if kind not in KINDS or _KIND_OF.get(origin, kind if origin == CGROUP else "") != kind:
        raise RecordError("hook and kind do not fit together")
    event_id = values.get("EVENT_ID", "")
    if not _EVENT_ID.fullmatch(event_id):
        raise RecordError("the event has no id")
    microseconds = _whole(values.get("TIME", ""), _MAX_TIME * _MICROSECONDS)
    job_id = _whole(_text(values, ("SLURM_JOB_ID", "SLURM_JOBID")), _MAX_NUMBER)
    if not microseconds:
        raise RecordError("the event has no time")
    if not job_id:
        raise RecordError("the event names no job")
    on_controller = origin in (PROLOG_SLURMCTLD, EPILOG_SLURMCTLD)
    found: dict[str, Any] = {
        **{field: _text(values, names)[:most] for field, (most, names) in _TEXTS.items()},
        **{field: _whole(_text(values, names), most) for field, (most, names) in _NUMBERS.items()},
        **{field: _list(_text(values, names)) for field, names in _LISTS.items()},
        **_times(values, kind),
        **(_exit(values) if kind == FINISHED else {}),
    }
    return JobEvent(
        **{
            **found,
            "event_id": event_id,
            "kind": kind,
            "origin": origin,
            "time": microseconds / _MICROSECONDS,
            "job_id": job_id,
            "node": "" if on_controller else values.get("NODE", "")[:_SHORT] or node,
            "cluster": found["cluster"] or cluster,
            "het_job_id": found["het_job_id"] or None,
        }
    )


def record_of(event: JobEvent) -> dict[str, str]:
    """Return a record that stands for the event."""
    values = {
        "HOOK": event.origin,
        "KIND": event.kind,
        "EVENT_ID": event.event_id,
        "TIME": str(round(event.time * _MICROSECONDS)),
        "NODE": event.node,
        "SLURM_JOB_ID": str(event.job_id),
    }
    variables = {**{field: names for field, (_most, names) in (*_TEXTS.items(), *_NUMBERS.items())}, **_LISTS}
    for field in fields(event):
        value = getattr(event, field.name)
        if field.name in variables and value not in (None, "", ()):
            values[variables[field.name][0]] = ",".join(value) if isinstance(value, tuple) else str(value)
    for variable, time in (("START", event.start_time), ("END", event.end_time_limit)):
        if time is not None:
            values[f"SLURM_JOB_{variable}_TIME"] = str(round(time))
    if event.exit_code is not None:
        values["SLURM_JOB_EXIT_CODE2"] = f"{event.exit_code}:{event.exit_signal or 0}"
    if event.derived_exit_code is not None:
        values["SLURM_JOB_DERIVED_EC"] = str(event.derived_exit_code << 8)
    return values


def _text(values: Mapping[str, str], names: tuple[str, ...]) -> str:
    return next((values[name] for name in names if values.get(name)), "")


def _whole(text: str, most: int) -> int | None:
    """Return a number from 0 to the most; None for anything else."""
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 20 else None
    return number if number is not None and number <= most else None


def _list(text: str) -> tuple[str, ...]:
    items = (item.strip()[:_SHORT] for item in text.split(",", MAX_GPUS)[:MAX_GPUS])
    return tuple(dict.fromkeys(item for item in items if item and item != _NO_DEVICES))


def _times(values: Mapping[str, str], kind: str) -> dict[str, float | None]:
    """Return when the job began, and when its time is over: at its end, SLURM_JOB_END_TIME is that of the end."""
    start, end = (_whole(values.get(f"SLURM_JOB_{name}_TIME", ""), _MAX_TIME) or None for name in ("START", "END"))
    return {
        "start_time": None if start is None else float(start),
        "end_time_limit": None if end is None or kind == FINISHED else float(end),
    }


def _exit(values: Mapping[str, str]) -> dict[str, int | None]:
    """Return how the job ended. SLURM_JOB_EXIT_CODE and SLURM_JOB_DERIVED_EC are states as wait(2) gives them."""
    code, signal = _ended(values.get("SLURM_JOB_EXIT_CODE", ""))
    if match := _EXIT.fullmatch(values.get("SLURM_JOB_EXIT_CODE2", "")):
        code, signal = int(match[1]), int(match[2])
    derived, _signal = _ended(values.get("SLURM_JOB_DERIVED_EC", ""))
    return {"exit_code": code, "exit_signal": signal, "derived_exit_code": derived}


def _ended(status: str) -> tuple[int | None, int | None]:
    """Return exit code and signal of a wait status: 768 is 3 and 0."""
    number = _whole(status, 0xFFFF)
    return (None, None) if number is None else (number >> 8, number & 0x7F)
