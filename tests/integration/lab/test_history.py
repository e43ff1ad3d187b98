"""The totals are what the specification's sacct commands count, however the jobs ended."""

from __future__ import annotations

from tests.integration.lab.support import PARTITIONS, Exporter, Jobs, Lab

STATES = {
    "completed": "COMPLETED",
    "failed": "FAILED",
    "timeout": "TIMEOUT",
    "node_failed": "NODE_FAIL",
    "cancelled": "CANCELLED",
    "preempted": "PREEMPTED",
    "out_of_memory": "OUT_OF_MEMORY",
}


def commands(reset: str) -> dict[str, str]:
    """For every total the specification's command. "-o jobid" prints one line per job, whatever its name."""
    sacct = f"sacct -a -X -n -S {reset} -E now -o jobid"
    total = {"slurm_jobs_total_submitted": sacct}
    total |= {f"slurm_jobs_total_{name}": f"{sacct} -s {state}" for name, state in STATES.items()}
    for partition in PARTITIONS:
        label = f'{{partition="{partition}"}}'
        total[f"slurm_partition_jobs_total_submitted{label}"] = f"{sacct} -r {partition}"
        for name, state in STATES.items():
            total[f"slurm_partition_jobs_total_{name}{label}"] = f"{sacct} -r {partition} -s {state}"
    return total


def test_totals_equal_sacct(lab: Lab, jobs: Jobs, exporter: Exporter) -> None:
    reset = lab.run("head", "cat /opt/azurehpc/slurm/cluster_deploy_time").strip()
    before = exporter.metrics()

    # A time limit counts in minutes: the one that times out comes first and is waited for last.
    times_out = jobs.submit("--partition=htc --time=1")
    jobs.submit("--partition=hpc --array=0-3", script="true")
    jobs.submit("--partition=hpc,htc", script="exit 3")
    cancelled = jobs.submit("--partition=hpc")
    cancelled_unstarted = jobs.submit("--partition=hpc,htc --hold")
    requeued = jobs.submit("--partition=hpc --requeue", script="test ${SLURM_RESTART_COUNT:-0} -gt 0 || sleep 600")
    jobs.submit(r"--partition=hpc --job-name=$'|\nCOMPLETED|'", script="true")
    jobs.wait_for_state(requeued, "RUNNING")
    jobs.wait_for_state(cancelled, "RUNNING")
    lab.run("head", f"scancel {cancelled} {cancelled_unstarted}; scontrol requeue {requeued}")
    jobs.wait_for_state(cancelled, "CANCELLED")
    # Slurm lets a requeued job wait for two minutes; a test need not.
    lab.run("head", f"scontrol update jobid={requeued} StartTime=now")
    jobs.wait_for_state(requeued, "COMPLETED", seconds=120)
    jobs.wait_for_state(times_out, "TIMEOUT", seconds=150)
    exporter.wait_until_equal(lambda: lab.counts(commands(reset)))

    after = exporter.metrics()
    grown = {name: after[f"slurm_jobs_total_{name}"] - before[f"slurm_jobs_total_{name}"] for name in STATES}
    assert grown == {
        "completed": 6,  # four array tasks, the requeued job, the hostile name
        "failed": 1,
        "timeout": 1,
        "node_failed": 0,
        "cancelled": 2,
        "preempted": 0,
        "out_of_memory": 0,
    }
