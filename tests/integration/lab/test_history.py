"""The totals are what the specification's sacct commands count, however the jobs ended."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

from tests.integration.lab.support import PARTITIONS, Exporter, Jobs, Lab, wait_until

ENDED = "BF,CA,CD,DL,F,NF,OOM,PR,RQ,RS,RV,TO"
RUNS = "slurm_job_runs_ended_total"
CURSOR = "slurm_exporter_history_cursor_timestamp_seconds"

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


def ended_runs(lab: Lab, until: float) -> dict[str, float]:
    """What a full sacct says: the runs that ended until then, by the name of their counter."""
    reset = lab.run("head", "cat /opt/azurehpc/slurm/cluster_deploy_time").strip()
    sacct = f"SLURM_TIME_FORMAT=%s sacct -a -X -D -n -P -S {reset} -E now -s {ENDED} -o end,state,partition"
    counts: Counter[str] = Counter()
    for line in lab.run("head", sacct).splitlines():
        end, state, partition = line.split("|")
        if end.isdigit() and int(end) <= until:
            name = "" if "," in partition else partition
            counts[f'{RUNS}{{partition="{name}",state="{state.split()[0]}"}}'] += 1
    return dict(counts)


def counters(metrics: dict[str, float]) -> dict[str, float]:
    """The counters of ended runs that are not zero."""
    return {name: value for name, value in metrics.items() if name.startswith(RUNS) and value}


def kill_the_exporter(lab: Lab) -> None:
    """Kill it with SIGKILL, and wait until systemd has started it again and it has read what it missed."""
    lab.run("head", "systemctl reset-failed azslurm-exporter; systemctl kill --signal=SIGKILL azslurm-exporter")
    complete = "curl -sf http://localhost:9500/metrics | grep '^slurm_exporter_history_complete 1' || true"
    wait_until("the exporter has caught up", lambda: lab.run("head", complete).strip(), 60)


def test_runs_equal_sacct_with_duplicates_though_the_exporter_is_killed(
    lab: Lab, jobs: Jobs, exporter: Exporter
) -> None:
    before = counters(exporter.metrics())
    twice_requeued = jobs.submit("--partition=hpc --requeue")
    resized = jobs.submit("--partition=hpc --nodes=2")
    jobs.submit("--partition=htc --array=0-2", script="exit 1")
    nowhere = jobs.submit("--partition=hpc,htc --hold")
    jobs.wait_for_state(resized, "RUNNING", seconds=120)
    lab.run("head", f"scontrol update jobid={resized} NumNodes=1; scancel {nowhere}")
    for _ in range(2):
        jobs.wait_for_state(twice_requeued, "RUNNING", seconds=120)
        lab.run("head", f"scontrol requeue {twice_requeued}")
        kill_the_exporter(lab)
        jobs.wait_for_state(twice_requeued, "PENDING")
        lab.run("head", f"scontrol update jobid={twice_requeued} StartTime=now")
    jobs.wait_for_state(twice_requeued, "RUNNING", seconds=120)
    lab.run("head", f"scancel {twice_requeued} {resized}")
    jobs.wait_for_state(twice_requeued, "CANCELLED")
    # Its earlier piece stays RESIZING.
    wait_until(
        "the resized job has ended", lambda: "CANCELLED" in lab.run("head", f"sacct -nXPo state -j {resized}"), 60
    )
    ended = float(lab.run("head", "date +%s")) + 1
    kill_the_exporter(lab)

    seen = [before]

    def counted() -> bool:
        metrics = exporter.metrics()
        seen.append(counters(metrics))
        # The cursor is that of a cycle for ended runs; what the cycle between two of them adds ended after it.
        return metrics[CURSOR] > ended and seen[-1] == ended_runs(lab, metrics[CURSOR])

    wait_until("the counters are those of sacct", counted, 90, pause=2)
    for earlier, later in pairwise(seen):
        assert all(later.get(name, 0) >= value for name, value in earlier.items())
    grown = Counter(seen[-1])
    grown.subtract(before)
    assert {name[len(RUNS) :]: count for name, count in grown.items() if count} == {
        '{partition="hpc",state="REQUEUED"}': 2,
        '{partition="hpc",state="RESIZING"}': 1,
        '{partition="hpc",state="CANCELLED"}': 2,
        '{partition="htc",state="FAILED"}': 3,
        '{partition="",state="CANCELLED"}': 1,
    }
