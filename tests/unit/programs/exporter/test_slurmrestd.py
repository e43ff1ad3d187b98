"""The exporter as a whole, over slurmrestd."""

from __future__ import annotations

import json
import time

import pytest
from slurm_observability.exporter import wiring
from slurm_observability.exporter.exporter import Exporter
from slurm_observability.exporter.settings import Settings
from slurm_observability.slurm.rest.cluster import read_cluster_name

JOBS = [
    {"job_state": ["PENDING"], "partition": "hpc,htc", "array_task_string": "0-4%2"},
    {"job_state": ["RUNNING"], "partition": "hpc"},
]
NODES = [
    {"name": "n1", "address": "n1.example", "state": ["IDLE"], "partitions": ["hpc"]},
    {"name": "n2", "address": "n2.example", "state": ["DOWN", "DRAIN"], "partitions": ["hpc", "htc"]},
]
PINGS = {"pings": [{"hostname": "head", "responding": True, "primary": True}]}
META = {"slurm": {"cluster": "lab"}}


@pytest.fixture
def slurmrestd(web_server):
    def serve(version, meta):
        for page, answer in {"ping": PINGS, "jobs": {"jobs": JOBS}, "nodes": {"nodes": NODES}}.items():
            web_server.pages[f"/slurm/{version}/{page}"] = (200, json.dumps({**answer, "meta": meta}).encode())

    web_server.serve = serve
    return web_server


def refreshed(server, tmp_path, **settings):
    token = tmp_path / "token"
    token.write_text("SLURM_JWT=aGVhZGVy.e30.c2lnbmF0dXJl\n")
    exporter = Exporter(
        Settings(
            reset_time=int(time.time()),
            accounting=False,
            intervals=dict.fromkeys(wiring.WAITING),
            source="slurmrestd",
            slurmrestd_url=server.url,
            slurm_jwt_file=token,
            **settings,
        )
    )
    exporter.refresh()
    return exporter


def test_queue_nodes_and_targets_without_a_command(slurmrestd, fake_slurm, tmp_path):
    slurmrestd.serve("v0.0.41", META)
    exporter = refreshed(slurmrestd, tmp_path)
    text = b"".join(exporter.metrics()).decode()
    for sample in (
        "slurm_jobs 6",
        "slurm_jobs_pending 5",
        'slurm_partition_jobs_pending{partition="htc"} 5',
        "slurm_nodes_idle 1",
        "slurm_nodes_down 1",
        'slurm_partition_nodes_drain_total{partition="htc"} 1',
        'slurm_controller_up{controller="head",role="primary"} 1',
    ):
        assert f"\n{sample}\n" in text
    targets = json.loads(exporter.discovery.document("node_exporter"))
    assert {target["labels"]["__meta_slurm_cluster"] for target in targets} == {"lab"}
    assert not fake_slurm.calls("squeue") + fake_slurm.calls("scontrol")


def test_an_old_slurmrestd_does_not_tell_the_name_of_the_cluster(slurmrestd, fake_slurm, tmp_path):
    slurmrestd.serve("v0.0.38", {})
    fake_slurm.answers("scontrol", "ClusterName = old\n")
    exporter = refreshed(slurmrestd, tmp_path)
    targets = json.loads(exporter.discovery.document("node_exporter"))
    assert {target["labels"]["__meta_slurm_cluster"] for target in targets} == {"old"}
    assert fake_slurm.calls("scontrol") == ["show config"]


def test_a_name_that_is_given_is_not_asked_for(slurmrestd, fake_slurm, tmp_path):
    slurmrestd.serve("v0.0.38", {})
    assert refreshed(slurmrestd, tmp_path, cluster="mine").sources["nodes"].health.up
    assert not fake_slurm.calls("scontrol")


@pytest.mark.parametrize("meta", [None, 4, {}, {"slurm": None}, {"slurm": {}}, {"slurm": {"cluster": 4}}])
def test_a_name_that_is_not_told(meta):
    class Client:
        def document(self, page):
            return {"meta": meta}

    assert read_cluster_name(Client()) == ""


def test_a_slurmrestd_that_is_down_is_one_source_that_is_down(slurmrestd, fake_slurm, tmp_path):
    exporter = refreshed(slurmrestd, tmp_path)
    assert not exporter.sources["jobs"].health.up
    assert 'slurm_exporter_source_up{source="jobs"} 0' in b"".join(exporter.metrics()).decode()
