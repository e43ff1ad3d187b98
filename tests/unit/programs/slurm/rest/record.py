"""Record what one real Slurm says by command line and by each version of slurmrestd's API.

    export LAB_NAME=x LAB_SUITE=sid PYTHONPATH=.:roles/_programs/files/slurm_observability/src
    bin/lab up && python tests/unit/programs/slurm/rest/record.py

writes ``recorded/<version of Slurm>.json``: the output of the commands, and by API version the answers, of which only
the keys that a program could read are kept. It fills the queue itself.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path

from slurm_observability.slurm.jobs import FACTS, SQUEUE, TEXTS
from slurm_observability.slurm.licenses import SCONTROL_LICENSES
from slurm_observability.slurm.marks import Mark
from slurm_observability.slurm.nodes import SCONTROL_NODES
from slurm_observability.slurm.reservations import SCONTROL_RESERVATIONS
from slurm_observability.slurm.rest.client import API_VERSIONS
from slurm_observability.slurm.scheduler import SDIAG

from tests.integration.lab.support import Jobs, Lab, lab_name
from tests.unit.programs.squeue import MARK, mark_in

FOLDER = Path(__file__).parent / "recorded"
FORMAT = Mark().option(FACTS, TEXTS)
COMMANDS = {
    "jobs": (*SQUEUE, FORMAT),
    "nodes": SCONTROL_NODES,
    "reservations": SCONTROL_RESERVATIONS,
    "licenses": SCONTROL_LICENSES,
    "diag": SDIAG,
}
# What the readers look at, in any version.
KEPT = {
    "jobs": {
        *("job_state", "partition", "array_task_string", "tres_alloc_str", "tres_req_str", "user_name", "account"),
        *("state_description", "state_reason", "max_nodes", "node_count", "eligible_time", "nodes"),
    },
    "nodes": {
        *("name", "address", "state", "state_flags", "partitions", "active_features", "gres", "gres_used"),
        *("architecture", "instance_type", "cpus", "effective_cpus", "alloc_cpus", "real_memory", "alloc_memory"),
        *("specialized_memory", "free_mem", "free_memory", "version", "slurmd_version", "boot_time"),
        *("reason", "reason_set_by_user", "reason_changed_at"),
    },
}


def fill(lab: Lab) -> None:
    """Jobs of all kinds, hostile texts, nodes in several states, a reservation, licenses."""
    lab.run(
        "head", "grep -q ^Licenses /etc/slurm/slurm.conf || echo 'Licenses=matlab:5,fluent:2' >> /etc/slurm/slurm.conf"
    )
    lab.run("head", "scontrol reconfigure; sleep 2")
    jobs = Jobs(lab)
    running = jobs.submit("--partition=hpc --cpus-per-task=2 --gres=gpu:1 --mem=100 --licenses=matlab:2")
    jobs.submit("--partition=hpc --hold --array=0-9,12-20:4%3")
    jobs.submit("--partition=hpc,htc --array=1-5%1 --gres=gpu:2 --nodes=1 --constraint=static --hold")
    jobs.submit(r"--partition=hpc --job-name=$'a|b\nc' --comment='x\"y' --hold --nodes=1-2 --account=research")
    failed = jobs.submit("--partition=hpc", script="exit 3")
    jobs.submit("--partition=hpc --begin=now+1hour")
    cancelled = jobs.submit("--partition=hpc --hold")
    lab.run("head", f"scancel {cancelled}")
    suspended = jobs.submit("--partition=htc --constraint=static")
    jobs.wait_for_state(running, "RUNNING")
    jobs.wait_for_state(suspended, "RUNNING")
    jobs.wait_for_state(failed, "FAILED")
    lab.run("head", f"scontrol suspend {suspended}")
    lab.run(
        "head",
        "scontrol create reservation reservationname=weekly starttime=now+2hours duration=60 users=alice nodes=cloud1 "
        "flags=DAILY; scontrol update nodename=node2 state=drain reason='disk | fail \"q\" é'; "
        "scontrol update nodename=cloud5 state=down reason=$'why\\nnot'; sleep 12",
    )


def main() -> None:
    """Record one lab."""
    lab = Lab(lab_name())
    fill(lab)
    version = lab.run("head", "scontrol --version").split()[1]
    token = lab.run("head", "scontrol token username=slurm lifespan=600").strip().removeprefix("SLURM_JWT=")
    curl = f"curl --silent --fail -H X-SLURM-USER-NAME:slurm -H X-SLURM-USER-TOKEN:{token} http://head:6820/slurm"
    questions = {("commands", name): " ".join(f"'{word}'" for word in command) for name, command in COMMANDS.items()}
    questions |= {(api, name): f"{curl}/{api}/{name}" for api in API_VERSIONS for name in COMMANDS}
    # All in one go, before anything changes.
    script = "export SLURM_TIME_FORMAT=%s\n" + "\n".join(
        f"{{ {line} || true; }} | base64 -w0; echo" for line in questions.values()
    )
    answers = dict(zip(questions, map(base64.b64decode, lab.run("head", script).split("\n")), strict=False))
    recorded = {
        "commands": {name: answers["commands", name].replace(mark_in(FORMAT), MARK).decode() for name in COMMANDS},
        "answers": {
            api: {name: trimmed(name, json.loads(answers[api, name])) for name in COMMANDS if answers[api, name]}
            for api in reversed(API_VERSIONS)
            if answers[api, "jobs"]
        },
    }
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / f"{version}.json").write_text(json.dumps(recorded) + "\n")


def trimmed(page: str, answer: dict) -> dict:
    """Leave out what nobody reads."""
    key = "statistics" if page == "diag" else page
    value = answer[key]
    if page in KEPT:
        value = [{name: record[name] for name in record if name in KEPT[page]} for record in value]
    return {key: value, "errors": answer["errors"]}


if __name__ == "__main__":
    main()
