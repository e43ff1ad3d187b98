"""slurmrestd and Slurm's commands give the same numbers, in every version of the API that slurmrestd serves."""

from __future__ import annotations

from pathlib import Path

import pytest
from slurm_observability.slurm.rest.client import API_VERSIONS

from tests.integration.lab.exporter_here import Samples, ask
from tests.integration.lab.support import Jobs, Lab

# About the exporter itself and the moment of asking, or changed by the asking.
OF_THE_MOMENT = (
    *("process_", "python_", "slurm_exporter_", "slurm_sd_last_success_", "slurm_rpc", "slurm_user_rpc"),
    *("slurm_sched_stats_timestamp", "slurm_server_thread_cnt", "slurm_agent_"),
    *(f"slurm_{whose}jobs_longest_wait" for whose in ("", "partition_", "user_", "account_")),
)
TOPICS = ("jobs", "nodes", "partitions", "scheduler", "reservations", "licenses")
# What some versions do not tell.
UNTOLD = {
    "v0.0.38": {"slurm_bf_last_depth", "slurm_bf_last_depth_try"},
    "v0.0.40": {
        *("slurm_bf_cycle_max", "slurm_bf_mean_table_sz", "slurm_bf_table_size_tot"),
        *("slurm_schedule_cycle_tot", "slurm_schedule_cycle_depth"),
    },
}
# The oldest version that tells the flags of nodes and the statistics of all calls.
OLDEST = "v0.0.38"


@pytest.fixture
def token(lab: Lab, tmp_path: Path) -> Path:
    path = tmp_path / "token"
    path.write_text(lab.run("head", "scontrol token username=slurm lifespan=600"))
    return path


def served_versions(lab: Lab, token: Path) -> list[str]:
    header = f"-H X-SLURM-USER-NAME:slurm -H X-SLURM-USER-TOKEN:{token.read_text().strip().removeprefix('SLURM_JWT=')}"
    return [
        version
        for version in API_VERSIONS
        if version >= OLDEST
        and lab.run("head", f"curl -s {header} -o /dev/null -w '%{{http_code}}' head:6820/slurm/{version}/ping")
        == "200"
    ]


def differences(before: Samples, rest: Samples, after: Samples, untold: set[str]) -> list[str]:
    """What slurmrestd says otherwise than the commands, which said the same before and after it was asked."""
    return [
        f"{name}: the commands say {before.get(name)}, slurmrestd {rest.get(name)}"
        for name in sorted({*before, *rest} - untold)
        if not name.startswith(OF_THE_MOMENT) and before.get(name) == after.get(name) != rest.get(name)
    ]


def test_slurmrestd_says_what_the_commands_say(
    lab: Lab, jobs: Jobs, addresses: dict[str, str], token: Path, commands_on_head: None
) -> None:
    running = jobs.submit("--partition=hpc --cpus-per-task=2 --gres=gpu:1")
    jobs.submit("--partition=hpc --hold --array=0-9,12-20:4%3 --nodes=1-2")
    jobs.submit("--partition=hpc,htc --hold --array=1-4 --gres=gpu:2 --nodes=1")
    jobs.submit("--partition=hpc --begin=now+1hour")
    failed = jobs.submit("--partition=hpc", script="exit 3")
    jobs.wait_for_state(running, "RUNNING")
    jobs.wait_for_state(failed, "FAILED")
    versions = served_versions(lab, token)
    assert versions

    for version in versions:
        slurmrestd = {
            "source": "slurmrestd",
            "slurmrestd_url": f"http://{addresses['head']}:6820",
            "slurmrestd_api_version": version,
            "slurm_jwt_file": token,
        }
        # What changes meanwhile may be seen in between too, so it is asked for again.
        for _turn in range(5):
            before = ask(TOPICS, cluster="lab", node_metrics="all")
            rest = ask(TOPICS, cluster="lab", node_metrics="all", **slurmrestd)
            after = ask(TOPICS, cluster="lab", node_metrics="all")
            wrong = differences(before, rest, after, UNTOLD.get(version, set()))
            if not wrong:
                break
        assert not wrong, "\n".join([version, *wrong])
        assert (rest["slurm_jobs_running"], rest["slurm_jobs_pending"]) == (1, 18)
