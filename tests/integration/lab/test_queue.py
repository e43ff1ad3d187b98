"""The queue metrics are what squeue counts, whatever users call their jobs."""

from __future__ import annotations

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
