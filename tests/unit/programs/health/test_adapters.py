"""What the checkers print, and what it means."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from slurm_observability.health.adapters import dcgm, healthagent, nhc, script
from slurm_observability.health.answers import Answer
from slurm_observability.health.check import Check, NotInUse, Status, Unreadable

SAMPLES = Path(__file__).parent / "samples"


def sample(name: str) -> str:
    return (SAMPLES / name).read_text()


def statuses(checks: object) -> dict[str, int]:
    """Return the verdicts, as MODULE/CHECK; of several on one check the last."""
    return {f"{check.module}/{check.name}": int(check.status) for check in checks}  # type: ignore[attr-defined]


def test_healthagent_tells_of_each_check():
    checks = list(healthagent.read(Answer(sample("healthagent.json"), 0)))
    assert statuses(checks) == {
        "gpu/GpuCountCheck": 0,
        "gpu/GpuHealthCheck": 2,
        "gpu/GpuMemoryCheck": 3,
        "network/NetworkInterfaceCheck": 1,
    }
    assert [check.message for check in checks if check.status is not Status.OK] == [
        "GpuHealthCheck reports errors",
        "",
        "ib2 went down twice",
    ]


@pytest.mark.parametrize(
    "answer",
    [
        Answer(sample("healthagent.json"), 255),
        Answer("", 0),
        Answer("{}", 0),
        Answer("[]", 0),
        Answer("null", 0),
        Answer('{"gpu": {"GpuHealthCheck": {"status": "OK"', 0),
        Answer('{"gpu": "OK"}', 0),
        Answer('{"gpu": {"GpuHealthCheck": "OK"}}', 0),
        Answer("[" * 100_000, 0),
        Answer('{"a":' * 100_000, 0),
    ],
    ids=range(10),
)
def test_what_is_no_answer_of_healthagent_is_not_taken_for_health(answer: Answer):
    with pytest.raises(Unreadable):
        list(healthagent.read(answer))


@pytest.mark.parametrize("status", [None, 0, "ok", "", "Healthy", ["OK"], {"OK": 1}, True])
def test_a_status_that_healthagent_does_not_have_is_unknown(status: object):
    [check] = healthagent.read(Answer(json.dumps({"gpu": {"x": {"status": status}}}), 0))
    assert check.status is Status.UNKNOWN


def test_nhc_tells_of_each_check_that_it_ran():
    checks = list(nhc.read(Answer(sample("nhc.txt"), 2)))
    failed = [(check.name, check.message) for check in checks if check.status is Status.CRITICAL]
    assert failed == [
        ("check_fs_free", "check_fs_free:  / has only 2% free (1016MB), minimum is 5%"),
        (
            "check_hw_physmem",
            "check_hw_physmem:  Actual RAM size (503316480 kB) less than minimum allowed (510027366 kB).",
        ),
    ]
    assert {check.name for check in checks} == {
        "check_fs_mount_rw",
        "check_fs_free",
        "check_hw_physmem",
        "check_ps_daemon",
    }


def test_a_failure_belongs_to_the_check_that_runs_whatever_its_message_says():
    said = (
        'Running check:  "check_fs_mount_rw /x"\nERROR:  nhc:  Health check failed:  check_fs_mount:  /x not mounted\n'
    )
    assert statuses(nhc.read(Answer(said, 1))) == {"nhc/check_fs_mount_rw": 2}


def test_nhc_without_names_of_checks_names_what_failed():
    said = "ERROR:  nhc:  Health check failed:  check_cmd_output:  no\n[3] - ERROR:  nhc:  Health check failed:  (what)"
    assert statuses(nhc.read(Answer(said, 2))) == {"nhc/check_cmd_output": 2, "nhc/unnamed": 2}


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (Answer("", 0), "has it an /etc/nhc/nhc.conf?"),
        (Answer('Running check:  "export A=b"\n', 0), "ran no check"),
        (Answer('Running check:  "check_x"\n', 142), "exit status 142"),
        (Answer("bash: nhc: syntax error", 2), "exit status 2"),
    ],
)
def test_an_nhc_that_checked_nothing_is_not_taken_for_health(answer: Answer, message: str):
    with pytest.raises(Unreadable, match=message.replace("?", r"\?")):
        list(nhc.read(answer))


def test_of_aznhc_the_last_run_counts():
    assert statuses(nhc.read_aznhc(sample("aznhc.log"))) == {
        "aznhc/check_gpu_count": 0,
        "aznhc/check_nccl_allreduce": 0,
        "aznhc/check_gpu_ecc": 1,
        "aznhc/check_ib_bw_gdr": 2,
    }


def test_a_run_of_aznhc_that_has_not_ended_says_nothing():
    begun = sample("aznhc.log").rpartition("ERROR:  nhc:  1 health")[0]
    with pytest.raises(Unreadable, match="has no end"):
        list(nhc.read_aznhc(begun))


@pytest.mark.parametrize(
    "log",
    [
        "",
        "Health checks completed with exit code: 0.\n",
        "Health checks completed with exit code: 1.\n",
        "SUCCESS:  nhc:  Health check passed:  check_x: y\nHealth checks completed with exit code: 2.\n",
        "ERROR:  nhc:  Health check failed:  check_x: y\nHealth checks completed with exit code: 0.\n",
    ],
)
def test_a_log_that_does_not_say_what_the_exit_code_says_is_not_read(log: str):
    with pytest.raises(Unreadable):
        list(nhc.read_aznhc(log))


def test_dcgm_tells_of_each_system_that_is_at_fault():
    checks = list(dcgm.read(Answer(sample("dcgm_health.json"), 0)))
    assert statuses(checks) == {"GPU 3/Memory": 2, "GPU 3/PCIe": 1, "all/overall": 2}
    assert "A pending row remap has been detected." in {check.message for check in checks}


def test_a_dcgm_that_finds_nothing_is_well():
    healthy = json.dumps({"body": {"Overall Health": {"value": "Healthy"}}, "header": ["Health Monitor Report"]})
    assert statuses(dcgm.read(Answer(healthy, 0))) == {"all/overall": 0}


def test_a_dcgm_without_watches_is_not_in_use():
    with pytest.raises(NotInUse, match="node_health_dcgm_watches"):
        list(dcgm.read(Answer("Error: Health watches not enabled. Please enable watches. \n", 255)))


@pytest.mark.parametrize(
    "answer",
    [
        Answer("Error: unable to establish a connection to the specified host: localhost", 255),
        Answer(sample("dcgm_health.json"), 1),
        Answer("{}", 0),
        Answer('{"body": {}}', 0),
        Answer('{"body": {"Overall Health": "Healthy"}}', 0),
        Answer('{"body": {"Overall Health": {"value": "Healthy"}, "GPU": {"children": []}}}', 0),
        Answer('{"body": {"Overall Health": {"value": "Healthy"}, "GPU": {"children": {"0": 1}}}}', 0),
    ],
    ids=range(7),
)
def test_what_is_no_answer_of_dcgm_is_not_taken_for_health(answer: Answer):
    with pytest.raises(Unreadable):
        list(dcgm.read(answer))


def test_a_verdict_that_dcgm_does_not_have_is_unknown():
    assert statuses(dcgm.read(Answer('{"body": {"Overall Health": {"value": "Internal error"}}}', 0))) == {
        "all/overall": 3
    }


@pytest.mark.parametrize(
    ("exit_status", "status"), [(0, 0), (1, 1), (2, 2), (3, 3), (4, 3), (127, 3), (255, 3), (-9, 3), (-1, 3)]
)
def test_a_script_says_it_with_its_exit_status(exit_status: int, status: int):
    assert list(script.read("disks", Answer("DISK OK - fine | a=1\nmore", exit_status))) == [
        Check("script", "disks", Status(status), "DISK OK - fine ")
    ]
