"""Every panel of every dashboard shows something after jobs have run, or stands here with the reason.

The dashboard of dstack is tested with a dstack server (tests/unit/programs/dstack), the one that reads PostgreSQL with
PostgreSQL (tests/unit/dashboards/test_sql.py). Those of GPUs, nodes, jobs and links are asked of made-up series, too,
where nothing is excused (tests/unit/dashboards/test_answers.py).
"""

from __future__ import annotations

import json
import shlex
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping

import pytest

from dashboards.house import build, uids
from tests import dashboard_queries
from tests.integration.lab.recorded_hardware import textfile
from tests.integration.lab.support import ROOT, Jobs, Lab
from tests.prometheus import Prometheus
from tests.unit.dashboards.document import panels

NODES = ("node1", "node2")
RANGE_SECONDS = 900
TEXTFILE = "/var/lib/node_exporter/textfile_collector/recorded.prom"
# Something to see of the processor, of memory and of a disk, on both nodes.
WORK = "srun sh -c 'while :; do dd if=/dev/zero of=/var/tmp/work bs=1M count=20 conv=fsync; sleep 5; done'"
ACTIVE_CHECK = (ROOT / "tests/unit/programs/health/samples/nccl.txt").read_text()
GPU_FAULTS = {230: 31, 311: 1}  # an XID, an uncorrectable error
ELSEWHERE = {uids.DSTACK, uids.JOBS}
EXCUSED = {
    (uids.FABRIC, "NVLink recoveries in three hours"): "no link recovers in a lab",
    (uids.FABRIC, "Bit error ratio of NVLink 5"): "the GPUs of the lab are a generation older",
    (uids.HEALTH_CHECKS, "Checks that are not well now"): "all are well",
    (uids.NODE, "File systems"): "a container has none of its own",
    (uids.SCHEDULER, "Targets that do not answer"): "all answer",
    (uids.SCHEDULER, "Remote write: samples that wait"): "the lab sends nothing on",
    (uids.WASTE, "Worst jobs by idle GPU-hours"): "a GPU is idle after half an hour",
    (uids.WASTE, "CPU efficiency of ended jobs"): "without control groups Slurm gathers nothing",
}


@pytest.fixture(scope="module")
def chosen(lab: Lab) -> Iterator[Mapping[str, str]]:
    """What a reader chooses: the job that spans two nodes, and one of them, which has a fault."""
    jobs = Jobs(lab)
    jobs.clear()
    lab.run("head", "sacctmgr --immediate modify qos normal set GrpTRES=cpu=1000")
    job = jobs.submit("--partition=hpc --nodes=2 --gpus-per-node=2", WORK)
    jobs.wait_for_state(job, "RUNNING")
    jobs.wait_for_state(jobs.submit("--partition=hpc", "exit 3"), "FAILED")
    jobs.wait_for_state(jobs.submit("--partition=hpc"), "RUNNING")
    jobs.submit("--partition=hpc --nodes=2 --exclusive")
    jobs.submit("--partition=htc --hold")
    for field, value in GPU_FAULTS.items():
        lab.run("node2", f"dcgmi test --inject --gpuid 3 -f {field} -v {value}")
    lab.run("node1", f"printf %s {shlex.quote(ACTIVE_CHECK)} > /var/lib/node-health/results/nccl_all_reduce.nccl")
    for node in NODES:
        lab.run(node, "systemctl start node-health.service")
    lab.run("head", "scontrol update NodeName=node1 State=DRAIN Reason='looked at by a test'")
    yield {"job_id": job, "node": "node1"}
    lab.run("head", "scontrol update NodeName=node1 State=RESUME")
    lab.run("head", "sacctmgr --immediate modify qos normal set GrpTRES=cpu=-1")
    lab.run("node1", "rm /var/lib/node-health/results/nccl_all_reduce.nccl")
    lab.run("node2", "rm /var/lib/dcgm-stand-in/gpus.json; systemctl restart nvidia-dcgm")
    for node in NODES:
        lab.run(node, f"rm -f {TEXTFILE}; systemctl start node-health.service")
    jobs.clear()


def nothing(prometheus: Prometheus, chosen: Mapping[str, str]) -> dict[tuple[str, str], list[str]]:
    """The queries that find nothing in the last minutes, and variables without a value, by dashboard and panel."""
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    end = time.time()
    start = end - RANGE_SECONDS
    for uid, document in build.documents().items():
        if uid in ELSEWHERE:
            continue
        values = dashboard_queries.values(document, prometheus, start, end, chosen)
        for variable, value in values.items():
            if not value or value != chosen.get(variable, value):
                found[uid, f"variable {variable}"].append(value)
        for query in dashboard_queries.queries(document, values, start, end):
            if not query.ask(prometheus, start, end):
                found[uid, query.panel].append(query.expression)
    return found


def test_every_panel_shows_something(lab: Lab, addresses: Mapping[str, str], chosen: Mapping[str, str]) -> None:
    prometheus = Prometheus(f"http://{addresses['head']}:9090")
    titles = {(uid, panel["title"]) for uid, document in build.documents().items() for panel in panels(document)}
    assert EXCUSED.keys() <= titles
    assert len(EXCUSED) <= len(titles) * 5 / 100

    unexcused = {}
    for turn in range(1, 40):
        for node in NODES:
            text = shlex.quote(textfile(turn, chosen["job_id"]))
            lab.run(node, f"printf %s {text} > {TEXTFILE}.new && mv {TEXTFILE}.new {TEXTFILE}")
        time.sleep(20)
        unexcused = {panel: found for panel, found in nothing(prometheus, chosen).items() if panel not in EXCUSED}
        if not unexcused:
            return
    pytest.fail(
        "these show nothing:\n" + json.dumps([[*panel, *found] for panel, found in unexcused.items()], indent=1)
    )
