"""The queue metrics are what squeue counts, whatever users call their jobs."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.lab.exporter_here import ask, commands_of
from tests.integration.lab.support import PARTITIONS, Exporter, Jobs, Lab

STATES = ("running", "pending", "configuring", "completing", "suspended", "failed")
# The specification's commands, with -r: array tasks count one each. "-o x" prints one line per job, whatever its name.
SQUEUE = "squeue -r -h -o x"


def commands() -> dict[str, str]:
    """For every queue metric the command whose lines it counts."""
    total = {"slurm_jobs": SQUEUE} | {f"slurm_jobs_{state}": f"{SQUEUE} -t {state}" for state in STATES}
    for partition in PARTITIONS:
        label = f'{{partition="{partition}"}}'
        total[f"slurm_partition_jobs{label}"] = f"{SQUEUE} -p {partition}"
        for state in STATES:
            total[f"slurm_partition_jobs_{state}{label}"] = f"{SQUEUE} -p {partition} -t {state}"
    return total


def test_queue_metrics_equal_squeue(lab: Lab, jobs: Jobs, exporter: Exporter) -> None:
    jobs.submit("--partition=hpc --cpus-per-task=2")
    suspended = jobs.submit("--partition=hpc")
    jobs.submit("--partition=htc --gpus=1")
    jobs.submit("--partition=hpc --hold")
    jobs.submit("--partition=hpc --hold --array=0-9")
    jobs.submit("--partition=hpc --array=0-2")
    jobs.submit("--partition=hpc,htc --hold")
    jobs.wait_for_state(suspended, "RUNNING")
    lab.run("head", f"scontrol suspend {suspended}")
    exporter.wait_until_equal(lambda: lab.counts(commands()))

    metrics = exporter.metrics()
    assert metrics["slurm_jobs_pending"] == 12
    assert metrics["slurm_jobs_suspended"] == 1
    assert metrics["slurm_jobs_running"] == 5
    assert metrics['slurm_partition_jobs_pending{partition="hpc"}'] == 12
    assert metrics['slurm_partition_jobs_pending{partition="htc"}'] == 1


def test_hostile_names_change_no_number(lab: Lab, jobs: Jobs, exporter: Exporter) -> None:
    before = exporter.metrics()["slurm_jobs_pending"]
    for name in (r"'a|b'", r"$'line\nbreak|RUNNING|hpc'", r"$'\xff\xfe'", r"$'tab\there'", "'{\"state\": 1}'"):
        jobs.submit(f"--partition=hpc --hold --job-name={name} --comment={name}")
    exporter.wait_until_equal(lambda: lab.counts(commands()))
    assert exporter.metrics()["slurm_jobs_pending"] == before + 5


@pytest.fixture
def bob(lab: Lab) -> Iterator[Jobs]:
    """Submits jobs as another user."""
    yield Jobs(lab, "bob")
    lab.run("head", "scancel --user=bob")


def amounts(lab: Lab) -> dict[str, int]:
    """What jobs hold and ask for, who has them, and why they wait, added up from what squeue prints of each task."""
    fields = "State:|,UserName:|,NumCPUs:|,tres-alloc:|,Reason:"
    totals: Counter[str] = Counter()
    for line in lab.run("head", f"squeue -r -h -O '{fields}'").splitlines():
        state, user, cpus, resources, reason = line.split("|", 4)
        gpus = sum(int(item.partition("=")[2]) for item in resources.split(",") if item.startswith("gres/gpu="))
        kind = {"PENDING": "pending", "RUNNING": "alloc", "SUSPENDED": "alloc"}[state]
        for prefix, label in (("slurm_jobs", ""), ("slurm_user_jobs", f'{{username="{user}"}}')):
            totals[prefix + label] += 1
            totals[f"{prefix}_cpus_{kind}{label}"] += int(cpus)
            totals[f"{prefix}_gpus_{kind}{label}"] += gpus
        if state == "PENDING":
            totals[f'slurm_jobs_pending_reason{{reason="{reason.split(",")[0]}"}}'] += 1
    return dict(totals)


def test_what_jobs_hold_ask_for_and_wait_for(lab: Lab, jobs: Jobs, bob: Jobs, exporter: Exporter) -> None:
    jobs.clear()
    running = bob.submit("--partition=hpc --nodelist=node1 --cpus-per-task=3 --gpus=2")
    jobs.submit("--partition=hpc --hold --array=0-4 --cpus-per-task=2 --gpus=1")
    jobs.submit("--partition=hpc --begin=now+1hour")
    waiting = jobs.submit("--partition=hpc --nodes=2 --exclusive")
    bob.submit(f"--partition=htc --dependency=afterok:{running}")
    bob.wait_for_state(running, "RUNNING")
    exporter.wait_until_equal(lambda: amounts(lab))

    metrics = exporter.metrics()
    assert metrics["slurm_jobs_gpus_alloc"] == 2 and metrics["slurm_jobs_gpus_pending"] == 5
    assert metrics["slurm_jobs_nodes_alloc"] == 1
    assert {name for name in metrics if name.startswith("slurm_jobs_pending_reason")} == {
        f'slurm_jobs_pending_reason{{reason="{reason}"}}'
        for reason in ("BeginTime", "Dependency", "JobHeldUser", "Resources")
    }
    # Of the jobs that wait only the one that nobody holds, and that waits for no other and no time, could have started.
    eligible = int(lab.run("head", f"SLURM_TIME_FORMAT=%s squeue -h -O EligibleTime: -j {waiting}"))
    now = float(lab.run("head", "date +%s"))
    wait = exporter.metrics()["slurm_jobs_longest_wait_seconds"]
    assert now - eligible - 20 <= wait <= time.time() - eligible + 1
    assert metrics['slurm_user_jobs_longest_wait_seconds{username="bob"}'] == 0


def test_running_jobs_can_be_joined_with_their_nodes(lab: Lab, jobs: Jobs, tmp_path: Path) -> None:
    jobs.clear()
    forged = r"$'x\n999|0123abcd|9|N/A|root|hpc|node2|'"
    job = jobs.submit(f"--partition=hpc --nodes=2 --job-name={forged}")
    jobs.wait_for_state(job, "RUNNING")
    with commands_of(lab, tmp_path):
        metrics = ask(("jobs", "nodes"), intervals={"running_jobs": 30.0}, job_names=True)
    assert {name for name in metrics if name.startswith(("slurm_job_info", "slurm_node_job"))} == {
        f'slurm_job_info{{account="research",array_job_id="",array_task_id="",job_id="{job}",name="x",partition="hpc",'
        'qos="normal",username="alice"}',
        f'slurm_node_job{{job_id="{job}",node="node1"}}',
        f'slurm_node_job{{job_id="{job}",node="node2"}}',
    }
    assert metrics["slurm_exporter_cut_running_jobs"] == 0
