"""A node with the agent's watch of its jobs on it: a tree of files, GPUs that do as told, and an outbox that keeps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from slurm_observability.agent.gpus.reading import GpuError, GpuReading
from slurm_observability.agent.job_watch import JobWatch
from slurm_observability.agent.settings import Settings
from slurm_observability.agent.wiring import job_watch
from slurm_observability.jobs.event import EPILOG, FINISHED, PROLOG, STARTED, JobEvent
from slurm_observability.jobs.sample import JobSample, NodeSample
from slurm_observability.metrics.exposition import render
from slurm_observability.moment import Moment

from tests.unit.programs.agent.node_tree import BOOTED, Proc, TreeV2

INTERVAL = 15.0
NODE = "node1"
# The processes of the tests begin at the boot, and the agent some time later.
BEGIN = BOOTED + 1000.0


class KeptOutbox:
    """Keeps what it is given."""

    def __init__(self) -> None:
        self.events: list[JobEvent] = []
        self.samples: list[JobSample] = []
        self.nodes: list[NodeSample] = []

    def put_event(self, event: JobEvent) -> None:
        self.events.append(event)

    def put_samples(self, samples: Sequence[JobSample], nodes: Sequence[NodeSample]) -> None:
        self.samples += samples
        self.nodes += nodes

    @property
    def finals(self) -> list[JobSample]:
        return [sample for sample in self.samples if sample.final]


class ToldGpus:
    """GPUs that do what a test says."""

    def __init__(self) -> None:
        self.readings: list[GpuReading] = []
        self.broken = False

    def read(self) -> Sequence[GpuReading]:
        if self.broken:
            raise GpuError("the driver hangs")
        return self.readings

    def change(self, place: int, **values: object) -> None:
        self.readings[place] = replace(self.readings[place], **values)  # type: ignore[arg-type]


class ObservedNode:
    """A node. ``watch`` is the part of the agent; :meth:`look` lets time go by and makes it look.

    ``set_by`` is by how many seconds its wall clock was set, forward or back.
    """

    def __init__(self, directory: Path, **options: object) -> None:
        self.proc = Proc(directory / "proc")
        self.tree = TreeV2(directory / "cgroup", self.proc)
        self.gpus = ToldGpus()
        self.time = BEGIN
        self.set_by = 0.0
        self.settings = Settings(
            **{  # type: ignore[arg-type]
                "node": NODE,
                "cluster": "c1",
                "interval": INTERVAL,
                "sample_interval": 60.0,
                "state_directory": directory,
                "gpu_map": directory / "gpu-jobs",
                **options,
            }
        )
        self.restart()

    def restart(self) -> None:
        """Start the agent anew."""
        self.outbox = KeptOutbox()
        self.watch: JobWatch = job_watch(
            self.settings, self.outbox, self.gpus, self.tree.root, self.proc.root, clock=self.clock
        )
        self.watch.restore()

    def clock(self) -> Moment:
        return Moment(self.time + self.set_by, self.time - BEGIN)

    def look(self, seconds: float = INTERVAL, times: int = 1) -> None:
        """Let the time go by, and look."""
        for _ in range(times):
            self.time += seconds
            self.watch.look()

    def prolog(self, job_id: int, **more: object) -> JobEvent:
        """Tell of the beginning of a job."""
        return self._tell(STARTED, PROLOG, job_id, more)

    def epilog(self, job_id: int, **more: object) -> JobEvent:
        """Tell of the end of a job."""
        return self._tell(FINISHED, EPILOG, job_id, more)

    def shown(self) -> dict[str, float]:
        """Return what the page of metrics shows, by name and labels."""
        lines = render(self.watch.families()).decode().splitlines()
        pairs = (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
        return {name: float(value) for name, value in pairs}

    def value(self, metric: str, job_id: int = 7) -> float | None:
        """Return what a metric shows of a job."""
        return self.shown().get(f'{metric}{{job_id="{job_id}",user="ann",node="{NODE}"}}')

    def _tell(self, kind: str, origin: str, job_id: int, more: dict[str, object]) -> JobEvent:
        event = JobEvent(
            **{  # type: ignore[arg-type]
                "event_id": f"{NODE}-{job_id}-{kind}-{self.time}",
                "kind": kind,
                "origin": origin,
                "time": self.time,
                "job_id": job_id,
                "cluster": "c1",
                "node": NODE,
                "restart": 0,
                "user": "ann",
                **more,
            }
        )
        self.watch.on_event(event)
        return event


def gpu(index: int, **values: object) -> GpuReading:
    """Return a GPU that can be read in full."""
    return GpuReading(
        **{  # type: ignore[arg-type]
            "vendor": "nvidia",
            "index": index,
            "minor": index,
            "uuid": f"GPU-{index}",
            "utilization_percent": 50.0,
            "memory_used_bytes": 1000,
            "memory_total_bytes": 8000,
            "power_watts": 200.0,
            "energy_joules": 5000.0,
            "temperature_celsius": 40.0,
            "processes": {},
            **values,
        }
    )
