"""A job that uses known amounts reads back as it used them, on a kernel that counts them by control group."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

from tests.integration.lab.job_records import compare
from tests.integration.lab.support import Jobs, JobService, Lab, wait_until
from tests.integration.vm.agent import Agent

BURNER = Path(__file__).with_name("burner.py")
# The groups above those of the jobs, from the root down: each lets the next one count.
GROUPS = "/sys/fs/cgroup /sys/fs/cgroup/system.slice /sys/fs/cgroup/system.slice/*slurmstepd.scope"
MEMORY_LIMIT_MIB = 1500


def within_2_percent(known: float) -> object:
    return pytest.approx(known, rel=0.02)


@pytest.fixture
def io_controller(lab: Lab) -> None:
    """The kernel counts the IO of jobs, which Slurm does not ask it to do."""
    lab.run("vm1", f"for group in {GROUPS}; do echo +io >$group/cgroup.subtree_control; done")


def test_what_a_job_used_reads_back_within_2_percent(
    lab: Lab, jobs: Jobs, job_service: JobService, agent: Agent, io_controller: None
) -> None:
    since = int(lab.run("head", "date +%s"))
    script = f"exec python3 -c {shlex.quote(BURNER.read_text())}"
    job = jobs.submit(f"--partition=vm --cpus-per-task=2 --mem={MEMORY_LIMIT_MIB}", script=script)
    said = wait_until("the job has used it all", lambda: lab.run("vm1", f"cat /tmp/{job}.used || true"), 300, pause=3)
    used = json.loads(said)
    read = agent.looks_at(job)
    print(json.dumps({"used": used, "read": read}, indent=1))
    lab.run("vm1", f"touch /tmp/{job}.end")

    assert read["hpc_job_cpu_seconds_total"] == within_2_percent(used["cpu_seconds"])
    for name in ("anon", "usage", "working_set", "peak"):
        assert read[f"hpc_job_memory_{name}_bytes"] == within_2_percent(used["memory_bytes"]), name
    assert read["hpc_job_io_write_bytes_total"] == within_2_percent(used["written_bytes"])
    assert read["hpc_job_io_read_bytes_total"] == within_2_percent(used["read_bytes"])
    assert read["hpc_job_memory_limit_bytes"] == MEMORY_LIMIT_MIB << 20
    assert read["hpc_job_oom_kills_total"] == 0

    jobs.wait_for_state(job, "COMPLETED")
    summary = job_service.summary(f"slurm-{job}")
    print(json.dumps(summary, indent=1))
    assert summary["cpu"]["used_seconds"] == within_2_percent(float(lab.run("vm1", f"cat /tmp/{job}.ended")))
    assert summary["memory"]["oom_kills"] == 0
    assert summary["memory"]["peak_bytes"] == within_2_percent(used["memory_bytes"])
    comparison = compare(lab, job_service, since)
    assert comparison.equal and comparison.runs == 1 and not comparison.untold, comparison
