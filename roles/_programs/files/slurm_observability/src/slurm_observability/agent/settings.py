"""What the agent is told."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

# Where the agent runs: on a node, with jobs to observe, or on a controller, whose hooks it only forwards.
NODE, CONTROLLER = "node", "controller"
MODES = (NODE, CONTROLLER)

DEFAULT_URL = "http://localhost:8080"
DEFAULT_SPOOL = Path("/run/slurm-observability/spool")
DEFAULT_GPU_MAP = Path("/run/slurm-observability/gpu-jobs")
DEFAULT_GPU_NAMES = Path("/run/slurm-observability/gpu-names")
MAX_SPOOL_EVENTS = 50_000
MAX_SPOOL_BYTES = 256 << 20


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What the agent is told. Times in seconds.

    ``url`` is that of the service. ``cluster`` is for events that do not name theirs, ``node`` Slurm's name of this
    node. ``max_spool_bytes`` counts the blocks that the files take.
    """

    node: str
    cluster: str = ""
    mode: str = NODE
    url: str = DEFAULT_URL
    token_file: Path | None = None
    ca_file: Path | None = None
    timeout: float = 30.0
    spool: Path = DEFAULT_SPOOL
    max_spool_events: int = MAX_SPOOL_EVENTS
    max_spool_bytes: int = MAX_SPOOL_BYTES
    state_directory: Path | None = None
    interval: float = 15.0
    sample_interval: float = 60.0
    step_metrics: bool = False
    gpus: str = "auto"
    gpu_order: str = "device-file"
    gpu_map: Path = DEFAULT_GPU_MAP
    gpu_names: Path = DEFAULT_GPU_NAMES
