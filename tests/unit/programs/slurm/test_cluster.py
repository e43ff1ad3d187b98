"""The name of the cluster."""

from __future__ import annotations

import pytest
from slurm_observability.slurm.cluster import read_cluster_name
from slurm_observability.slurm.command import SlurmError, SlurmRunner


def test_the_name_is_read(fake_slurm):
    fake_slurm.answers(
        "scontrol", "Configuration data as of 2026\nCliFilterPlugins = x\nClusterName             = lab\n"
    )
    assert read_cluster_name(SlurmRunner(10)) == "lab"
    assert fake_slurm.calls("scontrol") == ["show config"]


def test_no_name_is_an_error(fake_slurm):
    fake_slurm.answers("scontrol", "Slurmctld(primary) at head is UP\n")
    with pytest.raises(SlurmError, match="name of the cluster"):
        read_cluster_name(SlurmRunner(10))
