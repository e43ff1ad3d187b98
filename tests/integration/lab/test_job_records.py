"""Each run of each job is on record once, as sacct has it, with what only the hooks and the agents know."""

from __future__ import annotations

from typing import Any

from tests.integration.lab.job_records import wait_until_equal
from tests.integration.lab.support import Jobs, JobService, Lab, wait_until


def test_every_way_that_a_job_ends_is_on_record(lab: Lab, jobs: Jobs, job_service: JobService) -> None:
    since = int(lab.run("head", "date +%s"))
    # A time limit counts in minutes: the one that times out comes first and is waited for last.
    times_out = jobs.submit("--partition=htc --constraint=static --time=1")
    completes = jobs.submit("--partition=hpc --gres=gpu:2", script="sleep 1")
    fails = jobs.submit("--partition=hpc", script="exit 3")
    killed = jobs.submit("--partition=hpc", script="kill -9 $$")
    array = jobs.submit("--partition=hpc --array=0-3", script="exit $SLURM_ARRAY_TASK_ID")
    wide = jobs.submit("--partition=hpc --nodes=2", script="srun true")
    het = jobs.submit("--partition=hpc --ntasks=1 : --partition=hpc --ntasks=1", script="true")
    cancelled = jobs.submit("--partition=hpc")
    never_began = jobs.submit("--partition=hpc --hold")
    requeued = jobs.submit("--partition=hpc --requeue", script="test ${SLURM_RESTART_COUNT:-0} -gt 0 || sleep 600")
    jobs.submit(r"--partition=hpc --job-name=$'|\nCOMPLETED|'", script="true")
    jobs.wait_for_state(requeued, "RUNNING")
    jobs.wait_for_state(cancelled, "RUNNING")
    lab.run("head", f"scancel {cancelled} {never_began}; scontrol requeue {requeued}")
    jobs.wait_for_state(cancelled, "CANCELLED")
    # Slurm lets a requeued job wait for two minutes; a test need not.
    lab.run("head", f"scontrol update jobid={requeued} StartTime=now")
    jobs.wait_for_state(requeued, "COMPLETED", seconds=120)
    jobs.wait_for_state(times_out, "TIMEOUT", seconds=150)
    wait_until("the queue is empty", lambda: not lab.run("head", "squeue -h").strip(), 60)

    comparison = wait_until_equal(lab, job_service, since, 150)
    assert comparison.equal, comparison

    def run(name: str) -> Any:
        return job_service.get(f"/v1/jobs/{name}")

    assert (run(f"slurm-{fails}")["exit_code"], run(f"slurm-{killed}")["exit_signal"]) == (3, 9)
    gpus = run(f"slurm-{completes}")
    assert gpus["gpus"] == 2
    assert [len(node["gpus"]) for node in gpus["on_nodes"]] == [2]
    assert {run(f"slurm-{array}_{task}")["exit_code"] for task in range(4)} == {0, 1, 2, 3}
    assert [node["node"] for node in run(f"slurm-{wide}")["on_nodes"]] == ["node1", "node2"]
    assert [run(f"slurm-{het}+{offset}")["het_job_offset"] for offset in (0, 1)] == [0, 1]
    runs_of_requeued = [run(f"slurm-{requeued}{form}") for form in ("-r0", "-r1", "")]
    assert [each["state"] for each in runs_of_requeued] == ["requeued", "completed", "completed"]
    # The hooks told of all that began: Slurm did not have to be asked for them.
    assert comparison.untold == []
