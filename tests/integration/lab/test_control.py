"""Limits, reservations, licenses, fair shares, statistics and efficiency are those of Slurm's own commands."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from slurm_observability.slurm.command import SlurmRunner
from slurm_observability.slurm.efficiency import EndedJobReader

from tests.integration.lab.exporter_here import Samples, ask
from tests.integration.lab.support import Jobs, Lab, wait_until

QOS, ACCOUNT, RESERVATION, LICENSE = "gold", "research", "gold State=ACTIVE work", "fluent@vendor"
HOUR = 3600
# With the queue and the nodes, which no exporter can do without.
TOPICS = ("jobs", "nodes", "scheduler", "reservations", "licenses", "limits", "fairshare", "federation")


@pytest.fixture(scope="module")
def start(lab: Lab) -> Iterator[int]:
    """A QOS and an account with limits, a license, and a reservation that starts at this time."""
    start = int(time.time()) // 60 * 60 + HOUR
    lab.run(
        "head",
        f"""
        sacctmgr -iQ add qos {QOS} GrpTRES=cpu=12,gres/gpu=3,mem=4G GrpWall=120 MaxTRESPA=cpu=10 Description='a|b "c"'
        sacctmgr -iQ modify account {ACCOUNT} set GrpTRES=cpu=128 GrpSubmitJobs=1000
        sacctmgr -iQ add resource name=fluent server=vendor servertype=flexlm count=20 type=license cluster=lab \
            allowed=50 || sacctmgr -iQ add resource name=fluent server=vendor servertype=flexlm count=20 type=license \
            cluster=lab percentallowed=50
        scontrol create reservation reservationname='{RESERVATION}' users=root nodes=cloud9,cloud10 flags=maint \
            starttime=$(date -d @{start} +%FT%T) duration=90
        """,
    )
    wait_until("slurmctld knows the license", lambda: "fluent" in lab.run("head", "scontrol -o show licenses"), 30)
    yield start
    lab.run(
        "head",
        f"""
        scontrol delete reservationname='{RESERVATION}'
        sacctmgr -iQ delete qos {QOS}
        sacctmgr -iQ modify account {ACCOUNT} set GrpTRES=cpu=-1 GrpSubmitJobs=-1
        sacctmgr -iQ delete resource name=fluent server=vendor
        """,
    )


@pytest.fixture(scope="module")
def metrics(commands_on_head: None, start: int) -> Samples:
    return ask(TOPICS)


def test_limits(lab: Lab, metrics: Samples) -> None:
    limits = {name: value for name, value in metrics.items() if name.startswith("slurm_qos_limit") and QOS in name}
    assert limits == {
        f'slurm_qos_limit{{account="",limit="GrpTRES",qos="{QOS}",resource="cpu",username=""}}': 12,
        f'slurm_qos_limit{{account="",limit="GrpTRES",qos="{QOS}",resource="gres/gpu",username=""}}': 3,
        f'slurm_qos_limit{{account="",limit="GrpTRES",qos="{QOS}",resource="mem",username=""}}': 4 * 2**30,
        f'slurm_qos_limit{{account="",limit="GrpWall",qos="{QOS}",resource="wall",username=""}}': 120 * 60,
    }
    account = f'account="{ACCOUNT}",limit="%s",partition="",resource="%s",username=""'
    assert metrics[f"slurm_association_limit{{{account % ('GrpTRES', 'cpu')}}}"] == 128
    assert metrics[f"slurm_association_limit{{{account % ('GrpSubmitJobs', 'jobs')}}}"] == 1000
    assert f"slurm_association_usage{{{account % ('GrpTRES', 'cpu')}}}" in metrics


def test_a_reservation_starts_when_it_starts_whatever_its_name_holds(metrics: Samples, start: int) -> None:
    label = f'{{reservation="{RESERVATION}"}}'
    assert {
        name: metrics[f"slurm_reservation_{name}{label}"]
        for name in ("start_timestamp_seconds", "end_timestamp_seconds", "active", "nodes", "cores")
    } == {
        "start_timestamp_seconds": start,
        "end_timestamp_seconds": start + 90 * 60,
        "active": 0,
        "nodes": 2,
        "cores": 16,
    }
    assert f'slurm_reservation_info{{flags=",MAINT,SPEC_NODES,",partition="",reservation="{RESERVATION}"}}' in metrics


def test_licenses(metrics: Samples) -> None:
    label = f'{{license="{LICENSE}",nodes=""}}'
    assert metrics[f"slurm_licenses{label}"] == 10
    assert metrics[f"slurm_licenses_free{label}"] == 10
    assert metrics[f"slurm_license_remote{label}"] == 1


def test_fair_shares_are_those_of_sshare(lab: Lab, metrics: Samples) -> None:
    """There are none where priorities do not depend on them, which is for the configuration to say."""
    weighed = "priority/multifactor" in lab.run("head", "scontrol show config | grep ^PriorityType")
    lines = lab.run("head", "sshare -a -n -P -o Account,User,RawShares,FairShare").splitlines() if weighed else []
    expected = {}
    for account, user, shares, factor in (line.split("|") for line in lines):
        labels = f'{{account="{account.strip()}",partition="",username="{user}"}}'
        if shares:
            expected[f"slurm_association_raw_shares{labels}"] = float(shares)
        if factor:
            expected[f"slurm_association_fairshare{labels}"] = float(factor)
    names = ("slurm_association_raw_shares", "slurm_association_fairshare{")
    assert {name: value for name, value in metrics.items() if name.startswith(names)} == expected


def test_statistics_are_those_of_sdiag(lab: Lab, metrics: Samples) -> None:
    text = lab.run("head", "sdiag")
    since = int(text.split("Data since")[1].split("(")[1].split(")")[0])
    assert metrics["slurm_last_proc_req_start"] == since
    for label, name in (("Jobs submitted:", "slurm_sdiag_jobs_submitted"), ("Jobs failed:", "slurm_sdiag_jobs_failed")):
        assert metrics[name] == int(text.split(label)[1].split()[0])
    assert metrics["slurm_schedule_cycle_cnt"] <= int(text.split("Total cycles:")[1].split()[0])
    assert metrics['slurm_rpcs_total{rpc="REQUEST_CREATE_RESERVATION"}'] == _count(text, "REQUEST_CREATE_RESERVATION")
    assert metrics['slurm_user_rpcs_total{username="root"}'] <= _count(text, "root")


def _count(text: str, name: str) -> int:
    line = next(line for line in text.splitlines() if line.strip().startswith(name))
    return int(line.split("count:")[1].split()[0])


def test_the_version_is_that_of_slurmctld(lab: Lab, metrics: Samples) -> None:
    version = lab.run("head", "scontrol --version").split()[-1]
    assert f'slurm_info{{cluster="lab",version="{version}"}}' in metrics


def test_what_a_job_used_is_what_sacct_says(lab: Lab, commands_on_head: None, jobs: Jobs) -> None:
    began = int(time.time())
    job = jobs.submit("-n 2", "timeout 3 sh -c 'while :; do :; done'; true")
    jobs.wait_for_state(job, "COMPLETED")
    runs = {run.job_id: run for run in EndedJobReader(SlurmRunner(30)).ended(began, int(time.time()))}
    # Without -X, which makes TotalCPU 0; the first line is the job's.
    line = (
        lab.run("head", f"sacct -n -P -j {job} -o ElapsedRaw,AllocCPUS,CPUTimeRAW,TotalCPU").splitlines()[0].split("|")
    )
    run = runs[int(job)]
    assert [run.elapsed_seconds, run.cpus, run.elapsed_seconds * run.cpus] == [int(field) for field in line[:3]]
    assert run.cpu_seconds
    assert run.cpu_seconds == pytest.approx(float(line[3].split(":")[-1]))
