"""Each run of each job is on record once, as sacct has it, with what only the hooks and the agents know."""

from __future__ import annotations

import time
from typing import Any

from tests.integration.lab.support import Jobs, JobService, Lab, wait_until

# What the record and sacct have to agree on, in the order of _of_sacct.
FIELDS = ("job_id", "submitted_at", "state", "exit_code", "exit_signal", "nodes", "started_at", "ended_at", "user")


def _of_sacct(lab: Lab, since: int) -> set[tuple[Any, ...]]:
    """The runs that sacct knows and that ended, by FIELDS."""
    columns = "JobIDRaw,Submit,State,ExitCode,NodeList,Start,End,User"
    # By the states that end a run: asked for none, sacct leaves out what was held until it was cancelled.
    ended = f"-S uts{since} -E now -s BF,CA,CD,DL,F,NF,OOM,PR,RQ,RS,RV,TO"
    lines = lab.run("head", f"SLURM_TIME_FORMAT=%s sacct -a -D -X -n -P {ended} -o {columns}").splitlines()
    runs = set()
    for line in lines:
        job_id, submit, state, exit_code, nodes, start, end, user = line.split("|")
        assert end.isdigit(), f"this one has not ended: {line}"
        code, signal = exit_code.split(":")
        nodes = "" if nodes == "None assigned" else nodes
        began = int(start) if start.isdigit() and int(start) and nodes else None
        runs.add(
            (int(job_id), int(submit), state.split()[0].lower(), int(code), int(signal), nodes, began, int(end), user)
        )
    return runs


def _of_service(job_service: JobService, since: int) -> set[tuple[Any, ...]]:
    """The runs on record, by FIELDS. A run that stands there twice makes a list of another length than the set."""
    runs = [tuple(run.get(name) for name in FIELDS) for run in job_service.runs(submitted_after=str(since))]
    assert len(runs) == len({run[:2] for run in runs}), f"a run is on record more than once: {sorted(runs)}"
    return set(runs)


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

    truth = _of_sacct(lab, since)
    deadline = time.monotonic() + 150
    while (recorded := _of_service(job_service, since)) != truth and time.monotonic() < deadline:
        time.sleep(3)
    assert (recorded - truth, truth - recorded) == (set(), set())

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
    began = [each for each in job_service.runs(submitted_after=str(since)) if each.get("started_at")]
    assert [each["id"] for each in began if not each["reported"]] == []
