"""Reading the configuration of slurmctld."""

from __future__ import annotations

import pytest
from slurm_observability.slurm.command import SlurmError, SlurmRunner
from slurm_observability.slurm.config import KEPT_SECONDS, Configuration, measures_jobs, parse_config, weighs_shares

TEXT = """\
Configuration data as of 1795266388
AccountingStorageBackupHost = (null)
BOOT_TIME               = 1795266368
ClusterName             = lab
JobAcctGatherType       = jobacct_gather/linux
SchedulerParameters     = sched_interval=10,bf_interval=10
SlurmctldHost[0]        = head(10.213.1.10)
SLURM_VERSION           = 26.05.5

Cgroup Support Configuration:
ClusterName             = other

Slurmctld(primary) at head is UP
"""


def test_parameters():
    assert parse_config(TEXT.encode().splitlines()) == {
        "AccountingStorageBackupHost": "",
        "BOOT_TIME": "1795266368",
        "ClusterName": "lab",
        "JobAcctGatherType": "jobacct_gather/linux",
        "SchedulerParameters": "sched_interval=10,bf_interval=10",
        "SlurmctldHost[0]": "head(10.213.1.10)",
        "SLURM_VERSION": "26.05.5",
    }


def test_any_byte_can_be_in_a_value():
    assert parse_config([b"ClusterName = l\xff"]) == {"ClusterName": "l\ufffd"}


def test_text_without_a_cluster_is_an_error():
    with pytest.raises(SlurmError, match="name of the cluster"):
        parse_config([b"Slurmctld(primary) at head is UP"])


@pytest.mark.parametrize(
    ("parameters", "measures"),
    [
        ({"JobAcctGatherType": "jobacct_gather/cgroup"}, True),
        ({"JobAcctGatherType": "jobacct_gather/none"}, False),
        ({"JobAcctGatherType": ""}, False),
        ({}, False),
    ],
)
def test_whether_slurm_measures_jobs(parameters, measures):
    assert measures_jobs(parameters) is measures


def test_whether_priorities_depend_on_shares():
    assert weighs_shares({"PriorityType": "priority/multifactor"})
    assert not weighs_shares({"PriorityType": "priority/basic"}) and not weighs_shares({})


def test_slurm_is_asked_once_in_a_while(fake_slurm):
    now = 0.0
    fake_slurm.answers("scontrol", TEXT)
    configuration = Configuration(SlurmRunner(10), lambda: now)
    assert configuration.read()["ClusterName"] == "lab"
    fake_slurm.answers("scontrol", TEXT.replace("= lab", "= new"))
    now = KEPT_SECONDS - 1
    assert configuration.read()["ClusterName"] == "lab"
    now = KEPT_SECONDS
    assert configuration.read()["ClusterName"] == "new"
    assert fake_slurm.calls("scontrol") == ["show config"] * 2


def test_a_failure_is_not_kept(fake_slurm):
    fake_slurm.fails("scontrol", "Unable to contact slurm controller")
    configuration = Configuration(SlurmRunner(10))
    with pytest.raises(SlurmError, match="Unable to contact"):
        configuration.read()
    fake_slurm.answers("scontrol", TEXT)
    assert configuration.read()["SLURM_VERSION"] == "26.05.5"
