"""Ask slurmrestd for the name of the cluster."""

from __future__ import annotations

from collections.abc import Mapping

from .client import RestClient
from .values import text


def read_cluster_name(client: RestClient) -> str:
    """Return ClusterName of slurm.conf; empty before v0.0.40, which does not tell it. Raises SlurmError."""
    meta = client.document("/ping").get("meta")
    slurm = meta.get("slurm") if isinstance(meta, Mapping) else None
    return text(slurm.get("cluster")) if isinstance(slurm, Mapping) else ""
