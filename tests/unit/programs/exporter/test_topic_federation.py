"""What slurmctld is, and its federation, as metrics."""

from __future__ import annotations

from slurm_observability.exporter.topics.federation import Identity, families
from slurm_observability.slurm.federation import Cluster, Federation

from tests.unit.programs.exporter.shown import SCENE, shown


def test_a_cluster_of_its_own():
    configuration = {"ClusterName": "lab", "SLURM_VERSION": "24.11.5", "BOOT_TIME": "1795266368"}
    assert shown(families(Identity(configuration, Federation()), SCENE)) == {
        'slurm_info{cluster="lab",version="24.11.5"}': 1,
        "slurm_boot_timestamp_seconds": 1795266368,
    }


def test_a_federation():
    clusters = (Cluster("lab", "ACTIVE"), Cluster("far", "DRAIN", True, False, False))
    configuration = {"ClusterName": "lab", "BOOT_TIME": "2026-11-21T13:06:08"}
    assert shown(families(Identity(configuration, Federation("fed", clusters)), SCENE)) == {
        'slurm_info{cluster="lab"}': 1,
        'slurm_federation_info{cluster="lab",federation="fed",state="ACTIVE"}': 1,
        'slurm_federation_info{cluster="far",federation="fed",state="DRAIN"}': 1,
        'slurm_federation_cluster_active{cluster="lab"}': 1,
        'slurm_federation_cluster_active{cluster="far"}': 0,
        'slurm_federation_sibling_send_up{cluster="far"}': 1,
        'slurm_federation_sibling_receive_up{cluster="far"}': 0,
        'slurm_federation_sibling_synced{cluster="far"}': 0,
    }
