"""Record what one real Slurm says of runs, by command line and by each version of slurmrestd's API.

    export LAB_NAME=x LAB_SUITE=sid PYTHONPATH=.:roles/_programs/files/slurm_observability/src
    bin/lab up && python tests/unit/programs/service/scheduler/record.py

writes ``recorded/<version of Slurm>.json``. It runs the jobs itself, and takes four minutes. Rows of the commands have
MARK where the mark of the call stood; the records of slurmrestd are left with what a reader looks at.
"""

from __future__ import annotations

import base64
import json
import time
from pathlib import Path

from slurm_observability.service.scheduler import accounting, queue
from slurm_observability.service.scheduler.rest import window
from slurm_observability.slurm.accounting import ENDED_STATES
from slurm_observability.slurm.rest.client import API_VERSIONS

from tests.integration.lab.support import Jobs, Lab, lab_name

FOLDER = Path(__file__).parent / "recorded"
MARK = "|MARK|"
ONE = "--partition=hpc --ntasks=1"
JOBS = {
    "completed": (ONE, "true"),
    "exit3": (ONE, "exit 3"),
    "exit200": (ONE, "exit 200"),
    "signal9": (ONE, "kill -9 $$"),
    "derived": (ONE, "srun bash -c 'exit 5'; exit 0"),
    "timeout": (f"{ONE} --time=1", "sleep 600"),
    "held": (f"{ONE} --hold", "true"),
    "cancelled": (ONE, "sleep 600"),
    "requeued": (f"{ONE} --requeue", "sleep $((SLURM_RESTART_COUNT ? 5 : 600))"),
    "array": (f"{ONE} --array=1-3", "exit $SLURM_ARRAY_TASK_ID"),
    "two_nodes": ("--partition=hpc --nodes=2 --ntasks-per-node=2 --gres=gpu:2", "srun sleep 2"),
    "het": ("--partition=hpc --ntasks=1 : --ntasks=1 --gres=gpu:1", "sleep 2"),
}
# A text with everything in it that separates fields and rows.
HOSTILE = r"--partition=hpc --job-name=$'a|b\n7|x|\"q' --account=research"
KEPT = {
    "queue": {
        *("job_id", "array_job_id", "array_task_id", "het_job_id", "het_job_offset", "job_state", "restart_cnt"),
        *("sluid", "exit_code", "derived_exit_code", "submit_time", "eligible_time", "start_time", "end_time"),
        *("time_limit", "nodes", "node_count", "tres_alloc_str", "partition", "user_id", "user_name", "state_reason"),
        *("qos", "account", "name"),
    },
    "accounting": {
        *("job_id", "array", "het", "state", "restart_cnt", "sluid", "exit_code", "derived_exit_code", "time"),
        *("nodes", "allocation_nodes", "tres", "partition", "user", "qos", "account", "name", "cluster"),
        *("failed_node", "kill_request_user"),
    },
}


def fill(jobs: Jobs, lab: Lab) -> None:
    """Let one run of each kind happen."""
    ids = {name: jobs.submit(f"--job-name={name} {options}", script) for name, (options, script) in JOBS.items()}
    jobs.submit(HOSTILE, "true")
    jobs.wait_for_state(ids["requeued"], "RUNNING", 300)
    jobs.wait_for_state(ids["cancelled"], "RUNNING", 300)
    lab.run("head", f"scontrol requeue {ids['requeued']}; scancel {ids['held']} {ids['cancelled']}")
    jobs.wait_for_state(ids["timeout"], "TIMEOUT", 400)
    jobs.wait_for_state(ids["requeued"], "COMPLETED", 400)
    running = jobs.submit(f"--job-name=running {ONE} --gres=gpu:1", "sleep 600")
    jobs.wait_for_state(running, "RUNNING", 300)


def commands(since: int) -> dict[str, str]:
    """The commands, as pieces of shell."""
    newer = "$(sacct --helpformat | tr -s ' ' '\\n' | grep -xE 'FailedNode|Restarts|SLUID' | tr '\\n' ',')"
    sacct = f"{' '.join(accounting.SACCT)} --delimiter='{MARK}' --format=JobIDRaw,{newer}{','.join(accounting.FIELDS)}"
    sluid = f"$(squeue --helpFormat 2>/dev/null | grep -ow SLUID | sed 's/$/:{MARK},/')"
    fields = f"JobId:{MARK},{sluid}" + ",".join(f"{field}:{MARK}" for field in queue.FIELDS).removesuffix(MARK)
    return {
        "sacct_fields": "sacct --helpformat",
        "squeue_fields": "squeue --helpFormat",
        "accounting": f"{sacct} --starttime=uts{since} --endtime=now --state={','.join(ENDED_STATES)}",
        "queue": f'{" ".join(queue.SQUEUE)} --states=all --Format="{fields}"',
    }


def main() -> None:
    """Record one lab."""
    lab = Lab(lab_name())
    since = int(time.time()) - 5
    fill(Jobs(lab), lab)
    version = lab.run("head", "scontrol --version").split()[1]
    token = lab.run("head", "scontrol token username=slurm lifespan=600").strip().removeprefix("SLURM_JWT=")
    curl = f"curl --silent --fail -H X-SLURM-USER-NAME:slurm -H X-SLURM-USER-TOKEN:{token} http://head:6820"
    until = int(time.time()) + 60
    questions = {("commands", name): command for name, command in commands(since).items()}
    questions |= {(api, "queue"): f"{curl}/slurm/{api}/jobs" for api in API_VERSIONS}
    questions |= {
        (api, "accounting"): f"{curl}/slurmdb/{api}/jobs'?{window(since, until, api)}'" for api in API_VERSIONS
    }
    script = "export SLURM_TIME_FORMAT=%s\n" + "\n".join(
        f"{{ {line} || true; }} | base64 -w0; echo" for line in questions.values()
    )
    answers = dict(zip(questions, map(base64.b64decode, lab.run("head", script).split("\n")), strict=False))
    recorded = {
        "commands": {name: text.decode() for (who, name), text in answers.items() if who == "commands"},
        "answers": {
            api: {page: trimmed(page, json.loads(answers[api, page])) for page in KEPT}
            for api in reversed(API_VERSIONS)
            if answers[api, "queue"]
        },
    }
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / f"{version}.json").write_text(json.dumps(recorded) + "\n")


def trimmed(page: str, answer: dict) -> dict:
    """Leave out what nobody reads."""
    jobs = [{name: record[name] for name in record if name in KEPT[page]} for record in answer["jobs"]]
    return {"jobs": jobs, "errors": answer["errors"]}


if __name__ == "__main__":
    main()
