"""Slurm's words for what a RunRecord holds."""

from __future__ import annotations

import re
from typing import NamedTuple

from .. import states

_STATES = {state.upper(): state for state in (*states.ACTIVE, *states.FINAL)}
# "CANCELLED by 1000", and the sign of a state that was cut off.
_WORD = re.compile(r"([A-Z_]+)(?: by (\d{1,10}))?\+?", re.ASCII)
_STATUS = re.compile(r"(\d{1,3}):(\d{1,3})", re.ASCII)
_JOB_ID = re.compile(r"(\d{1,10})(?:_(\d{1,10})|_\[[^\]]*\]?|\+(\d{1,10}))?", re.ASCII)
_NUMBER = re.compile(r"\d{1,12}", re.ASCII)
_NO_REASON = frozenset({"", "None", "N/A", "(null)"})


class State(NamedTuple):
    """A state of states.STATES, and the user id of whoever cancelled the run."""

    state: str
    cancelled_by: int | None = None


class Exit(NamedTuple):
    """How a process ended: by an exit code and, if so, a signal."""

    code: int | None = None
    signal: int | None = None


class JobName(NamedTuple):
    """The parts of an id such as ``20_3`` or ``21+1``."""

    array_job_id: int | None = None
    array_task_id: int | None = None
    het_job_id: int | None = None
    het_job_offset: int | None = None


def state_of(text: str) -> State | None:
    """Return what a word such as ``COMPLETED`` or ``CANCELLED by 1000`` means, None where it means nothing."""
    match = _WORD.fullmatch(text)
    state = _STATES.get(match[1]) if match else None
    return State(state, int(match[2]) if match and match[2] else None) if state else None


def exit_of(text: str) -> Exit:
    """Return what ``3:0`` says, or a wait status such as ``768``, which is what squeue prints before 23.02."""
    if match := _STATUS.fullmatch(text):
        return Exit(int(match[1]), int(match[2]))
    status = number(text)
    return Exit() if status is None else exit_of_status(status)


def exit_of_status(status: int) -> Exit:
    """Return what a status of wait(2) says."""
    return Exit(status >> 8 & 0xFF, status & 0x7F)


def job_name(text: str) -> JobName | None:
    """Return what an id of sacct names beside its number; None where it is no id.

    ``20_[4-9]`` stands for the tasks of an array that have not begun: it has no task.
    """
    match = _JOB_ID.fullmatch(text)
    if match is None:
        return None
    job_id, task, component = (None if part is None else int(part) for part in match.groups())
    if component is not None:
        return JobName(het_job_id=job_id, het_job_offset=component)
    return JobName(array_job_id=job_id, array_task_id=task) if "_" in text else JobName()


def number(text: str) -> int | None:
    """Return a whole number; None for what Slurm writes where there is none: Unknown, N/A, UNLIMITED, nothing."""
    return int(text) if _NUMBER.fullmatch(text) else None


def time_of(text: str) -> int | None:
    """Return a time in seconds since 1970; Slurm also writes 0 for none."""
    return number(text) or None


def reason_of(text: str, state: State, failed_node: str = "") -> str:
    """Return why a run ended the way it did, as far as Slurm says; empty where there is nothing to say."""
    if state.cancelled_by is not None:
        return f"cancelled by uid {state.cancelled_by}"
    if failed_node and state.state == states.NODE_FAIL:
        return f"{failed_node} failed"
    return "" if text in _NO_REASON else text
