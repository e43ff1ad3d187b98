"""The environment of a job, from slurmctld's file of it to the lines of the archive."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator, Mapping, Sequence

from ..jobs.event import JobEvent
from .masking import Masks

# How many variables follow, in the byte order of the host; then each ends in a NUL.
_COUNT = struct.Struct("=I")
# Backslashes, control characters, what some readers take for the end of a line, and bytes that are no UTF-8.
_SPECIAL = re.compile(r"[\\\x00-\x1f\x7f-\x9f\u2028\u2029\udc80-\udcff]")
_SHORT_ESCAPES = {"\t": "\\t", "\n": "\\n", "\r": "\\r", "\\": "\\\\"}
CUT_SHORT = "# job-archive: the file of the environment was cut short"


def read_environment(content: bytes) -> tuple[list[bytes], bool]:
    """Return ``NAME=VALUE`` of each variable in the ``environment`` file, and whether all that it counts are there."""
    if len(content) < _COUNT.size:
        return [], False
    (count,) = _COUNT.unpack_from(content)
    *variables, rest = content[_COUNT.size :].split(b"\0")
    return variables[:count], len(variables) >= count and not (rest and len(variables) < count)


def as_text(variables: Sequence[bytes], added: Mapping[str, str], masks: Masks, complete: bool = True) -> bytes:
    """Return a line for each variable, with what must not be seen masked.

    A backslash, a control character and a byte that is no UTF-8 are written as in C, so that a value has one line and
    can be read back. Variables of ``added`` come last, and only those that the job does not have.
    """
    named = [variable.partition(b"=")[::2] for variable in variables]
    present = {name for name, _value in named}
    named += [(name, text) for name, text in _encoded(added) if name not in present]
    lines = [f"{escape(name)}={escape(masks.mask(name, value))}" for name, value in named]
    return "".join(f"{line}\n" for line in (*lines, *([] if complete else [CUT_SHORT]))).encode()


def escape(value: bytes) -> str:
    """Return a value as it stands in its line."""
    return _SPECIAL.sub(_escaped, value.decode("utf-8", "surrogateescape"))


def of_run(event: JobEvent) -> dict[str, str]:
    """Return what Slurm puts into the environment of a job when it starts it, as far as the event tells."""
    known = {
        "SLURM_CLUSTER_NAME": event.cluster,
        "SLURM_JOB_ID": event.job_id,
        "SLURM_JOBID": event.job_id,
        "SLURM_JOB_NAME": event.name,
        "SLURM_JOB_USER": event.user,
        "SLURM_JOB_UID": event.uid,
        "SLURM_JOB_GID": event.gid,
        "SLURM_JOB_ACCOUNT": event.account,
        "SLURM_JOB_PARTITION": event.partition,
        "SLURM_JOB_QOS": event.qos,
        "SLURM_JOB_RESERVATION": event.reservation,
        "SLURM_JOB_NODELIST": event.nodes,
        "SLURM_NODELIST": event.nodes,
        "SLURM_JOB_NUM_NODES": event.node_count,
        "SLURM_NNODES": event.node_count,
        "SLURM_JOB_CPUS_PER_NODE": event.cpus_per_node,
        "SLURM_JOB_START_TIME": None if event.start_time is None else int(event.start_time),
        "SLURM_RESTART_COUNT": event.restart or None,
        "SLURM_ARRAY_JOB_ID": event.array_job_id,
        "SLURM_ARRAY_TASK_ID": event.array_task_id,
        "SLURM_HET_JOB_ID": event.het_job_id,
    }
    return {name: str(value) for name, value in known.items() if value is not None and value != ""}


def _encoded(variables: Mapping[str, str]) -> Iterator[tuple[bytes, bytes]]:
    for name, value in variables.items():
        yield name.encode(), value.encode("utf-8", "surrogateescape")


def _escaped(match: re.Match[str]) -> str:
    character = match[0]
    code = ord(character)
    if character in _SHORT_ESCAPES:
        return _SHORT_ESCAPES[character]
    if code < 0x80:
        return f"\\x{code:02x}"
    return f"\\x{code - 0xDC00:02x}" if code >= 0xDC80 else f"\\u{code:04x}"
