"""Every metric of slurmctld 26.05 says what it says here, or differs as exporter/native.py tells."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from slurm_observability.exporter.catalogue import groups
from slurm_observability.exporter.native import COMPLETING, LARGE, SEVERAL, UNKNOWN, relation
from slurm_observability.slurm.openmetrics import PAGES

from tests.integration.lab.exporter_here import Samples, ask, samples
from tests.integration.lab.support import Jobs, Lab, wait_until

Asked = tuple[Samples, Samples]


@pytest.fixture(scope="module")
def both(lab: Lab, commands_on_head: None) -> Callable[[], Asked]:
    """Ask slurmctld and ourselves about one and the same state of the cluster."""

    def native() -> Samples:
        pages = (f"curl --silent --fail http://localhost:6817/metrics/{page}" for page in PAGES)
        return samples(lab.run("head", ";".join(pages)))

    def asked() -> Asked | None:
        before = native()
        ours = ask(("jobs", "nodes", "partitions", "scheduler"), cluster="lab", node_metrics="all")
        after = native()
        return (after, ours) if settled(before) == settled(after) else None

    return lambda: wait_until("nothing changes in the cluster while it is asked", asked, 120)


def settled(native: Samples) -> Samples:
    """What must not have changed from one question to the next: all but what is about the moment itself."""
    return {name: value for name, value in native.items() if relation(name.partition("{")[0]).terms}


def differences(native: Samples, ours: Samples, conditions: set[str]) -> list[str]:
    """What neither agrees nor is said to differ under one of the conditions."""
    found = []
    for sample, value in native.items():
        name, brace, label = sample.partition("{")
        terms, factor, unless = relation(name)
        if not terms or unless in conditions:
            continue
        mine = sum(sign * ours.get(term + brace + label, 0.0) for sign, term in terms)
        if mine != value * factor:
            found.append(f"{sample}: slurmctld says {value}, {terms} are {mine}")
    return found


def check(asked: Asked, *conditions: str) -> None:
    native, ours = asked
    assert len(native) > 250
    wrong = differences(native, ours, {LARGE, UNKNOWN, *conditions})
    assert not wrong, "\n".join(wrong)


def test_every_name_is_known(both: Callable[[], Asked]) -> None:
    native, _ours = both()
    catalogue = {metric.name for metrics in groups().values() for metric in metrics}
    unknown = {
        f"{name} -> {term}"
        for name in {sample.partition("{")[0] for sample in native}
        for _sign, term in relation(name).terms
        if term not in catalogue
    }
    assert not unknown


def test_an_empty_queue(both: Callable[[], Asked]) -> None:
    check(both())


def test_jobs_in_all_states_and_nodes_too(lab: Lab, jobs: Jobs, both: Callable[[], Asked]) -> None:
    running = jobs.submit("--partition=hpc --nodelist=node1 --cpus-per-task=2 --gres=gpu:1 --mem=100")
    jobs.submit("--partition=htc --nodelist=node2 --gres=gpu:2 --cpus-per-task=3")
    jobs.submit("--partition=hpc --hold --array=0-9,12-20:4%3 --nodes=1-3")
    jobs.submit("--partition=htc --hold --nodes=3")
    jobs.submit("--partition=hpc --begin=now+1hour --nodes=2")
    failed = jobs.submit("--partition=hpc", script="exit 3")
    completed = jobs.submit("--partition=hpc --array=1-3", script="true")
    cancelled = jobs.submit("--partition=hpc --hold")
    suspended = jobs.submit("--partition=hpc --nodelist=node1 --mem=50")
    requeued = jobs.submit("--partition=hpc --nodelist=node1 --requeue")
    for job in (running, suspended, requeued):
        jobs.wait_for_state(job, "RUNNING")
    lab.run("head", f"scancel {cancelled}; scontrol suspend {suspended}; scontrol requeue {requeued}")
    jobs.wait_for_state(failed, "FAILED")
    jobs.wait_for_state(completed, "COMPLETED")
    lab.run(
        "head",
        "scontrol update nodename=node2 state=drain reason='disk | fail \"q\" é'; "
        "scontrol update nodename=cloud5 state=down reason=broken; "
        "scontrol update nodename=cloud6 state=drain reason=old; "
        "scontrol create reservation reservationname=now starttime=now duration=9 users=alice nodes=cloud7 flags=maint",
    )
    wait_until("the reservation has begun", lambda: "MAINTENANCE" in lab.node_states("cloud7"), 60)
    wait_until("no job is completing", lambda: not lab.run("head", "squeue --noheader --states=COMPLETING"), 60)
    asked = both()
    check(asked)
    native, _ours = asked
    for name in (
        *("slurm_jobs_running", "slurm_jobs_suspended", "slurm_jobs_hold", "slurm_jobs_failed", "slurm_jobs_completed"),
        *("slurm_jobs_cancelled", "slurm_jobs_gpus_alloc", "slurm_jobs_cpus_alloc", "slurm_nodes_draining"),
        *("slurm_nodes_drained", "slurm_nodes_down", "slurm_nodes_maint", "slurm_nodes_powered_down"),
    ):
        assert native[name] > 0, f"nothing was compared of {name}"


def test_a_job_that_waits_in_several_partitions(jobs: Jobs, both: Callable[[], Asked]) -> None:
    jobs.submit("--partition=hpc,htc --hold --array=1-4")
    native, ours = both()
    check((native, ours), SEVERAL)
    assert ours['slurm_partition_jobs_pending{partition="hpc"}'] > native[
        'slurm_partition_jobs_pending{partition="hpc"}'
    ] or (
        ours['slurm_partition_jobs_pending{partition="htc"}'] > native['slurm_partition_jobs_pending{partition="htc"}']
    )


def test_nodes_on_their_way_up_and_down(lab: Lab, jobs: Jobs, both: Callable[[], Asked]) -> None:
    """cloud1 boots for a job, cloud3 never does, and cloud2 is sent down."""
    jobs.submit("--partition=htc --nodelist=cloud3")

    def asked_while(flag: str) -> Asked | None:
        native, ours = both()
        return (native, ours) if ours[f"slurm_nodes_{flag}"] else None

    up = wait_until("a node is powering up", lambda: asked_while("powering_up"), 60)
    check(up, COMPLETING, SEVERAL)
    assert up[0]["slurm_jobs_configuring"] == up[1]["slurm_jobs_configuring"] == 1
    lab.run("head", "scontrol update nodename=cloud8 state=power_down_force")
    down = wait_until("a node is powering down", lambda: asked_while("powering_down"), 60)
    check(down, COMPLETING, SEVERAL)
