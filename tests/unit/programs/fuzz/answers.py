"""A good answer to everything that the exporter asks: what the fuzz run mangles.

Each is recorded from real Slurm or in its exact shape. A parser is only fuzzed well from an answer that it can read:
test_topics.py fails for a command or a page that is asked for and not in here.
"""

from __future__ import annotations

import json
import re
import time

from tests.unit.programs.exporter.conftest import NODES, PARTITIONS, QUEUE, RUNNING
from tests.unit.programs.slurm import (
    test_efficiency,
    test_fairshare,
    test_federation,
    test_licenses,
    test_limits,
    test_reservations,
    test_scheduler,
)
from tests.unit.programs.slurm.rest import test_partitions
from tests.unit.programs.squeue import MARK, mark_in

_NOW = int(time.time())

COMMANDS = {
    "squeue": QUEUE,
    "squeue --states=RUNNING": RUNNING,
    "scontrol show nodes": NODES,
    "scontrol ping": "Slurmctld(primary) at head is UP\nSlurmctld(backup1) at node1 is DOWN\n",
    "scontrol show config": (
        "Configuration data as of 1795167926\nClusterName             = lab\n"
        "JobAcctGatherType       = jobacct_gather/linux\nPriorityType            = priority/multifactor\n"
    ),
    "scontrol show partitions": PARTITIONS,
    "scontrol show federation": test_federation.LINES,
    "scontrol show licenses": test_licenses.LINES,
    "scontrol show reservations": "\n".join(
        [test_reservations.OLD, test_reservations.CORES, test_reservations.LICENSES, ""]
    ),
    "scontrol show assoc_mgr": "\n".join(
        [*test_limits.HEAD, test_limits.ACCOUNT, test_limits.USER + test_limits.COMMENT, test_limits.QOS, ""]
    ),
    "sdiag": test_scheduler.NEW,
    "sshare": test_fairshare.LINES,
    # Jobs that ended just now: no older ones are asked for.
    "sacct": re.sub(r"1795\d{6}", lambda match: str(_NOW - 1795266400 + int(match[0])), test_efficiency.LINES),
    "sacct --allocations": "".join(
        "\x1f".join(map(str, fields)) + "\n"
        for fields in (
            # job, submit, eligible, start, end, elapsed, state, allocated, partition
            (1, _NOW - 600, _NOW - 600, _NOW - 500, _NOW - 400, 100, "COMPLETED", "cpu=4,gres/gpu=2,node=1", "hpc"),
            (2, _NOW - 500, _NOW - 500, "Unknown", _NOW - 300, 0, "CANCELLED by 1000", "", "htc"),
            (3, _NOW - 200, _NOW - 200, _NOW - 100, "Unknown", 100, "RUNNING", "cpu=8,node=2", "hpc"),
        )
    ),
}
"""What a command prints, by words that are all among its arguments; the most words that fit decide."""


def _set(number: int) -> dict[str, object]:
    return {"set": True, "infinite": False, "number": number}


PAGES = {
    "/ping": {"pings": [{"hostname": "head", "pinged": "UP"}], "errors": []},
    "/jobs": {
        "jobs": [
            {"job_id": 1, "job_state": ["RUNNING"], "partition": "hpc", "array_task_string": "", "cpus": _set(4)},
            {"job_id": 2, "job_state": ["PENDING"], "partition": "hpc,htc", "array_task_string": "0-9%2"},
            {"job_id": 3, "job_state": "FAILED", "partition": "htc", "user_name": "alice", "account": "research"},
        ],
        "errors": [],
    },
    "/nodes": {
        "nodes": [
            {
                "name": "n1",
                "state": ["IDLE", "DRAIN"],
                "partitions": ["hpc", "htc"],
                "address": "10.0.0.11",
                "gres": "gpu:4",
                "reason": 'disk | "q"',
                "active_features": ["static"],
                "architecture": "x86_64",
                "cpus": 8,
                "alloc_cpus": 4,
                "real_memory": 8000,
                "alloc_memory": 2000,
                "boot_time": _set(1795167926),
            },
            {"name": "n2", "state": "mixed", "state_flags": ["CLOUD"], "partitions": []},
        ],
        "errors": [],
    },
    "/partitions": {"partitions": [test_partitions.V38, test_partitions.V42], "errors": []},
    "/diag": {
        "statistics": {
            "req_time": _set(1795266062),
            "jobs_started": 1,
            "bf_active": False,
            "bf_cycle_counter": 3,
            "bf_table_size_sum": 6,
            "bf_exit": {"end_job_queue": 3},
            "schedule_exit": {"end_job_queue": 7},
            "rpcs_by_message_type": [
                {"type_id": 2003, "message_type": "REQUEST_JOB_INFO", "count": 2, "total_time": 9}
            ],
            "rpcs_by_user": [{"user_id": 0, "user": "root", "count": 25, "total_time": 11608}],
            "pending_rpcs": [{"type_id": 1008, "message_type": "REQUEST_PING", "count": 1}],
        },
        "errors": [],
    },
    "/reservations": {
        "reservations": [
            {"name": "weekly", "start_time": _set(1795274407), "end_time": _set(1795278007), "flags": ["DAILY"]},
            {"name": "old", "start_time": 1795274407, "node_count": 1, "core_count": 8, "partition": "hpc"},
        ],
        "errors": [],
    },
    "/licenses": {
        "licenses": [{"LicenseName": "matlab", "Total": 5, "Used": 2, "Free": 3, "Reserved": 0, "Remote": False}],
        "errors": [],
    },
    "/config": {"clusters": [], "meta": {"slurm": {"cluster": "lab"}}, "errors": []},
}
"""What slurmrestd answers, by the end of the path."""


def command_answer(argv: list[str]) -> bytes:
    """Return what the command prints. Raises LookupError when there is no answer for it."""
    fitting = [words for words in COMMANDS if set(words.split()) <= set(argv)]
    if not fitting:
        raise LookupError(f"add a good answer of '{' '.join(argv)}' to COMMANDS in {__file__}")
    answer = COMMANDS[max(fitting, key=lambda words: len(words.split()))].encode()
    return answer.replace(MARK, mark_in(argv[-1])) if argv[0] == "squeue" else answer


def page_answer(path: str) -> bytes:
    """Return a page of slurmrestd. Raises LookupError when there is none."""
    for end, answer in PAGES.items():
        if path.endswith(end):
            return json.dumps(answer).encode()
    raise LookupError(f"add a good answer of '{path}' to PAGES in {__file__}")
