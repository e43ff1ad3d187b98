"""What slurmctld is, and the federation that its cluster belongs to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ...metrics.metric import Family, Metric
from ...slurm.federation import Federation
from ..topic import Scene

NAME = "federation"

_CLUSTER = ("cluster",)
_SIBLING = "Of the cluster that this exporter asks there is none."

INFO = Metric("slurm_info", "Always 1; the version of slurmctld and the name of its cluster.", ("version", "cluster"))
BOOT = Metric(
    "slurm_boot_timestamp_seconds",
    "When slurmctld started, or last read its configuration anew.",
    query="changes(slurm_boot_timestamp_seconds[1h])",
)
FEDERATION_INFO = Metric(
    "slurm_federation_info",
    "Always 1, for each cluster of the federation. Absent on a cluster that is in none.",
    ("federation", "cluster", "state"),
)
ACTIVE = Metric(
    "slurm_federation_cluster_active",
    "1 when the cluster takes jobs of the federation, 0 when it is inactive or draining.",
    _CLUSTER,
)
SENDS = Metric(
    "slurm_federation_sibling_send_up",
    f"1 when this cluster is connected to the sibling for sending, else 0. {_SIBLING}",
    _CLUSTER,
    query="slurm_federation_sibling_send_up == 0",
)
RECEIVES = Metric(
    "slurm_federation_sibling_receive_up",
    f"1 when the sibling is connected to this cluster, else 0. {_SIBLING}",
    _CLUSTER,
    query="slurm_federation_sibling_receive_up == 0",
)
SYNCED = Metric(
    "slurm_federation_sibling_synced", f"1 when the sibling has told its jobs, else 0. {_SIBLING}", _CLUSTER
)
METRICS = (INFO, BOOT, FEDERATION_INFO, ACTIVE, SENDS, RECEIVES, SYNCED)


@dataclass(frozen=True)
class Identity:
    """The configuration of slurmctld, by the names of slurm.conf, and its federation."""

    configuration: Mapping[str, str]
    federation: Federation


def families(answer: Identity, scene: Scene) -> Iterator[Family]:
    """Yield version and name, and the clusters of the federation where there is one."""
    parameters = answer.configuration
    yield Family(INFO, [((parameters.get("SLURM_VERSION", ""), parameters["ClusterName"]), 1)])
    booted = parameters.get("BOOT_TIME", "")
    yield Family(BOOT, [((), int(booted))] if booted.isdecimal() else ())
    name, clusters = answer.federation.name, answer.federation.clusters
    yield Family(FEDERATION_INFO, (((name, item.name, item.state), 1) for item in clusters))
    yield Family(ACTIVE, (((item.name,), item.state == "ACTIVE") for item in clusters))
    yield Family(SENDS, (((item.name,), item.sends) for item in clusters if item.sends is not None))
    yield Family(RECEIVES, (((item.name,), item.receives) for item in clusters if item.receives is not None))
    yield Family(SYNCED, (((item.name,), item.synced) for item in clusters if item.synced is not None))
