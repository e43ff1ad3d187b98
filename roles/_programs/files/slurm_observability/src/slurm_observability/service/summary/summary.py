"""The summary of a run: what it held, what it used of it, and why it ended.

What is not known is None, and said in words under ``missing``; a part that is missing never makes a sum smaller.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, TypeVar

from ...jobs.sample import GpuSample, JobSample
from ...slurm.hostlist import node_names
from ..run import Run
from .reason import why_ended

Number = TypeVar("Number", int, float)

# As many are named one by one, of whatever there may be thousands of.
MAX_NAMED = 64


@dataclass(frozen=True, kw_only=True)
class Cpu:
    """CPU seconds: allocated CPUs times elapsed time, and what the processes used. ``efficiency`` is the ratio."""

    held_seconds: float | None
    used_seconds: float | None
    efficiency: float | None
    pressure_seconds: float | None


@dataclass(frozen=True, kw_only=True)
class Memory:
    """Bytes: requested in all, and the peaks of the nodes added up. They need not have come at the same moment."""

    requested_bytes: int | None
    peak_bytes: int | None
    efficiency: float | None
    oom_kills: int | None
    pressure_seconds: float | None


@dataclass(frozen=True, kw_only=True)
class IdleGpu:
    """A GPU that was held and never busy."""

    node: str
    gpu_id: str


@dataclass(frozen=True, kw_only=True)
class Gpu:
    """GPU seconds: held, and busy by utilization. ``count`` is what Slurm allocated; ``idle`` were never busy."""

    count: int | None
    held_seconds: float | None
    busy_seconds: float | None
    efficiency: float | None
    memory_peak_bytes: int | None
    idle: tuple[IdleGpu, ...]


@dataclass(frozen=True, kw_only=True)
class Io:
    """Bytes read from and written to disks, and the seconds for which some process waited for them."""

    read_bytes: int | None
    write_bytes: int | None
    pressure_seconds: float | None


@dataclass(frozen=True, kw_only=True)
class Energy:
    """Joules: those of the nodes as Slurm gathers them, and those of the GPUs as their driver counts them."""

    slurm_joules: float | None
    gpu_joules: float | None


@dataclass(frozen=True, kw_only=True)
class Node:
    """A node of the run: its last sample, at ``sampled_at``. ``final`` is whether it was taken at the end."""

    node: str
    sampled_at: float
    final: bool
    cpu_seconds: float | None
    memory_peak_bytes: int | None
    memory_limit_bytes: int | None
    oom_kills: int | None


@dataclass(frozen=True, kw_only=True)
class Summary:
    """A run that has ended. Times in seconds; ``ended_because`` is a sentence."""

    ended_because: str
    elapsed_seconds: float | None
    cpu: Cpu
    memory: Memory
    gpu: Gpu
    io: Io
    energy: Energy
    nodes: tuple[Node, ...]
    missing: tuple[str, ...]

    def document(self) -> dict[str, Any]:
        """Return it as JSON has it, what is not known as null."""
        return asdict(self)


def summarise(run: Run, newest: Sequence[JobSample]) -> Summary:
    """Return the summary of a run. ``newest`` are the last samples of it, one for each node that sent any."""
    newest = sorted(newest, key=lambda sample: sample.node)
    expected = _expected_nodes(run)
    everywhere = expected is not None and len(newest) >= expected
    gpus = [gpu for sample in newest for gpu in sample.gpus]

    def total(field: Callable[[JobSample], Number | None]) -> Number | None:
        return add(map(field, newest)) if everywhere else None

    def gpu_total(field: Callable[[GpuSample], Number | None]) -> Number | None:
        return add(map(field, gpus)) if everywhere and gpus and len(gpus) >= (run.gpus or 0) else None

    began = run.started_at is not None
    elapsed = None if run.started_at is None or run.ended_at is None else max(0.0, run.ended_at - run.started_at)
    cpu_held = None if run.cpus is None or elapsed is None else run.cpus * elapsed
    cpu_used = total(lambda sample: sample.cpu_seconds)
    peak = total(lambda sample: sample.memory_peak_bytes)
    gpu_held = gpu_total(lambda gpu: gpu.held_seconds)
    gpu_busy = gpu_total(lambda gpu: gpu.busy_seconds)
    return Summary(
        ended_because=why_ended(run, newest),
        elapsed_seconds=elapsed,
        cpu=Cpu(
            held_seconds=cpu_held,
            used_seconds=cpu_used,
            efficiency=ratio(cpu_used, cpu_held),
            pressure_seconds=total(lambda sample: sample.cpu_pressure_seconds),
        ),
        memory=Memory(
            requested_bytes=run.memory_bytes,
            peak_bytes=peak,
            efficiency=ratio(peak, run.memory_bytes),
            oom_kills=total(lambda sample: sample.oom_kills),
            pressure_seconds=total(lambda sample: sample.memory_pressure_seconds),
        ),
        gpu=Gpu(
            count=run.gpus,
            held_seconds=gpu_held,
            busy_seconds=gpu_busy,
            efficiency=ratio(gpu_busy, gpu_held),
            memory_peak_bytes=gpu_total(lambda gpu: gpu.memory_peak_bytes),
            idle=tuple(_idle(newest))[:MAX_NAMED],
        ),
        io=Io(
            read_bytes=total(lambda sample: sample.io_read_bytes),
            write_bytes=total(lambda sample: sample.io_write_bytes),
            pressure_seconds=total(lambda sample: sample.io_pressure_seconds),
        ),
        energy=Energy(slurm_joules=run.energy_joules, gpu_joules=gpu_total(lambda gpu: gpu.energy_joules)),
        nodes=tuple(map(_node, newest)),
        missing=tuple(_missing(run, newest, expected, len(gpus)) if began else ["it never began"]),
    )


def add(values: Iterable[Number | None]) -> Number | None:
    """Return the sum of values that are all known; None where one is not, or there is none."""
    known = list(values)
    return sum(known) if known and None not in known else None  # type: ignore[arg-type]


def ratio(part: float | None, whole: float | None) -> float | None:
    """Return part of a whole, with four digits; None where either is not known, or the whole is nothing."""
    return None if part is None or not whole else round(part / whole, 4)


def _expected_nodes(run: Run) -> int | None:
    return run.node_count or len(node_names(run.nodes)) or len(run.on_nodes) or None


def _node(sample: JobSample) -> Node:
    return Node(
        node=sample.node,
        sampled_at=sample.time,
        final=sample.final,
        cpu_seconds=sample.cpu_seconds,
        memory_peak_bytes=sample.memory_peak_bytes,
        memory_limit_bytes=sample.memory_limit_bytes,
        oom_kills=sample.oom_kills,
    )


def _idle(newest: Iterable[JobSample]) -> Iterable[IdleGpu]:
    for sample in newest:
        for gpu in sample.gpus:
            if gpu.held_seconds and gpu.busy_seconds == 0:
                yield IdleGpu(node=sample.node, gpu_id=gpu.gpu_id)


def _missing(run: Run, newest: Sequence[JobSample], expected: int | None, gpus: int) -> Iterable[str]:
    if run.started_at is None or run.ended_at is None:
        yield "when it began or ended"
    if not newest:
        yield "samples: no agent saw it"
        return
    if expected is None:
        yield "on how many nodes it ran"
    elif len(newest) < expected:
        yield f"samples of {expected - len(newest)} of {expected} nodes"
    if early := [sample.node for sample in newest if not sample.final]:
        yield f"the last sample of {', '.join(early[:MAX_NAMED])}: what was used after it is not counted"
    if run.gpus and gpus < run.gpus:
        yield f"samples of {run.gpus - gpus} of {run.gpus} GPUs"
    for what, values in (
        ("CPU time", [sample.cpu_seconds for sample in newest]),
        ("peak memory", [sample.memory_peak_bytes for sample in newest]),
    ):
        if None in values:
            yield f"{what}: it could not be read"
    if not run.memory_bytes:
        yield "how much memory it asked for"
