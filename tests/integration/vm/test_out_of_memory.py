"""Jobs that take more memory than they may are killed by the kernel, and that is seen and on record."""

from __future__ import annotations

import json

from tests.integration.lab.job_records import compare
from tests.integration.lab.support import Jobs, JobService, Lab, wait_until
from tests.integration.vm.agent import Agent

LIMIT = 64 << 20
OPTIONS = "--partition=vm --mem=64M"
TOO_MUCH = "python3 -c 'b\"x\" * (256 << 20)'"
OOM_KILLS = "hpc_job_oom_kills_total"


def test_jobs_out_of_memory(lab: Lab, jobs: Jobs, job_service: JobService, agent: Agent) -> None:
    since = int(lab.run("head", "date +%s"))
    # The script of one goes on, so that the agent sees the kill while the job runs. The other ends with it, and its
    # control group is gone a moment later.
    goes_on = jobs.submit(OPTIONS, script=f"{TOO_MUCH}; sleep 20; true")
    ends_with_it = jobs.submit(OPTIONS, script=f"exec {TOO_MUCH}")

    read = wait_until("the agent sees the kill", lambda: (seen := agent.job(goes_on)).get(OOM_KILLS) and seen, 60)
    print(json.dumps(read, indent=1))
    assert read[OOM_KILLS] == 1
    assert read["hpc_job_memory_limit_bytes"] == LIMIT
    assert 0.98 * LIMIT < read["hpc_job_memory_peak_bytes"] <= LIMIT

    for job in (goes_on, ends_with_it):
        jobs.wait_for_state(job, "OUT_OF_MEMORY")
    for job in (goes_on, ends_with_it):
        summary = job_service.summary(f"slurm-{job}")
        print(json.dumps(summary, indent=1))
        assert summary["memory"]["oom_kills"] == 1
        assert 0.98 * LIMIT < summary["memory"]["peak_bytes"] <= LIMIT
        assert summary["ended_because"] == "out of memory on vm1 at 64.0 MiB of 64.0 MiB"
        assert job_service.get(f"/v1/jobs/slurm-{job}")["state"] == "out_of_memory"
    comparison = compare(lab, job_service, since)
    assert comparison.equal and comparison.runs == 2 and not comparison.untold, comparison
