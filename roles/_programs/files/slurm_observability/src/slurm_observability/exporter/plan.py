"""What a topic is made with."""

from __future__ import annotations

from dataclasses import dataclass

from ..slurm.command import SlurmRunner
from ..slurm.config import Configuration
from ..slurm.endpoint import Endpoint
from ..slurm.rest import cluster as rest_cluster
from ..slurm.rest.client import RestClient
from .cap import Cap
from .discovery import Discovery
from .leadership import Leadership
from .settings import OPENMETRICS, SLURMRESTD, Settings


@dataclass(frozen=True)
class Plan:
    """What a topic is made with. ``interval`` and ``timeout`` are its own, in seconds; so is that of ``runner``."""

    settings: Settings
    interval: float
    timeout: float
    runner: SlurmRunner
    configuration: Configuration
    discovery: Discovery
    cap: Cap
    leadership: Leadership | None

    def rest_client(self) -> RestClient | None:
        """Return a client of slurmrestd when that is who is asked."""
        if self.settings.source != SLURMRESTD:
            return None
        endpoint = Endpoint("slurmrestd", self.settings.slurmrestd_url, self.timeout)
        return RestClient(endpoint, self.settings.slurm_jwt_file, self.settings.slurmrestd_api_version)

    def slurmctld(self) -> Endpoint | None:
        """Return where slurmctld shows metrics of its own when they are what is asked."""
        if self.settings.source != OPENMETRICS:
            return None
        return Endpoint("slurmctld", self.settings.openmetrics_url, self.timeout)

    def cluster_name(self) -> str:
        """Return ClusterName of slurm.conf. Raises SlurmError."""
        client = self.rest_client()
        return (client and rest_cluster.read_cluster_name(client)) or self.configuration.read()["ClusterName"]
