"""Events behind the records of hooks."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from slurm_observability.jobs import hook_event
from slurm_observability.jobs.document import document
from slurm_observability.jobs.event import (
    EPILOG,
    EPILOG_SLURMCTLD,
    FINISHED,
    PROLOG,
    PROLOG_SLURMCTLD,
    STARTED,
    JobEvent,
)
from slurm_observability.jobs.hook_event import event_of, record_of
from slurm_observability.jobs.hook_record import RecordError, read_record, write_record
from slurm_observability.service.api.bodies import EVENT

from tests.unit.programs.jobs.events import events, record


def test_the_prolog_of_a_recorded_job():
    assert event_of(record()) == JobEvent(
        event_id="n2-20205-job-started-1795280000250000-77",
        kind=STARTED,
        origin=PROLOG,
        time=1795280000.25,
        job_id=20205,
        cluster="bench",
        node="n2",
        restart=0,
        user="root",
        uid=0,
        gid=0,
        account="root",
        partition="hpc",
        nodes="n[2-3]",
        node_count=2,
        cpus_per_node="1(x2)",
        work_dir="/tmp",
        stdout="/dev/null",
    )


def test_the_epilog_of_a_recorded_job():
    found = event_of(record(EPILOG, FINISHED))
    assert (found.kind, found.origin) == (FINISHED, EPILOG)
    assert (found.exit_code, found.exit_signal, found.derived_exit_code) == (3, 0, 0)


@given(events())
def test_an_event_that_is_written_is_read_and_taken_by_the_service(event):
    assert vars(EVENT.validate_python(json.loads(json.dumps(document(event))))) == vars(event)
    assert event_of(read_record(write_record(record_of(event)))) == event


@pytest.mark.parametrize(
    ("more", "ended"),
    [
        ({"SLURM_JOB_EXIT_CODE2": "3:0"}, (3, 0)),
        ({"SLURM_JOB_EXIT_CODE2": "0:9"}, (0, 9)),
        ({"SLURM_JOB_EXIT_CODE2": "0:125"}, (0, 125)),
        ({"SLURM_JOB_EXIT_CODE2": "0:0", "SLURM_JOB_EXIT_CODE": "768"}, (0, 0)),
        ({"SLURM_JOB_EXIT_CODE2": "", "SLURM_JOB_EXIT_CODE": "768"}, (3, 0)),
        ({"SLURM_JOB_EXIT_CODE2": "3", "SLURM_JOB_EXIT_CODE": "9"}, (0, 9)),
        ({"SLURM_JOB_EXIT_CODE2": "-1:0", "SLURM_JOB_EXIT_CODE": "137"}, (0, 9)),
        ({"SLURM_JOB_EXIT_CODE2": "", "SLURM_JOB_EXIT_CODE": "4294967294"}, (None, None)),
        ({"SLURM_JOB_EXIT_CODE2": "", "SLURM_JOB_EXIT_CODE": ""}, (None, None)),
    ],
)
def test_how_a_job_ended(more, ended):
    found = event_of(record(EPILOG, FINISHED, **more))
    assert (found.exit_code, found.exit_signal) == ended


def test_an_exit_code_in_the_environment_of_a_prolog_is_of_no_job():
    assert event_of(record(SLURM_JOB_EXIT_CODE2="3:0")).exit_code is None


def test_the_highest_exit_code_of_the_steps():
    assert event_of(record(EPILOG, FINISHED, SLURM_JOB_DERIVED_EC="512")).derived_exit_code == 2


def test_the_end_that_is_set_before_the_job_begins_is_its_limit():
    times = {"SLURM_JOB_START_TIME": "1795280001", "SLURM_JOB_END_TIME": "1795283601"}
    begun = event_of(record(**times))
    assert (begun.start_time, begun.end_time_limit) == (1795280001.0, 1795283601.0)
    ended = event_of(record(EPILOG, FINISHED, **times))
    assert (ended.start_time, ended.end_time_limit) == (1795280001.0, None)
    assert event_of(record(SLURM_JOB_START_TIME="0")).start_time is None


def test_gpus():
    found = event_of(record(SLURM_JOB_GPUS="0,1,1", CUDA_VISIBLE_DEVICES="GPU-a, MIG-b,", ROCR_VISIBLE_DEVICES="7"))
    assert (found.gpus, found.gpu_devices) == (("0", "1"), ("GPU-a", "MIG-b"))
    assert event_of(record(CUDA_VISIBLE_DEVICES="NoDevFiles")).gpu_devices == ()
    assert event_of(record(ROCR_VISIBLE_DEVICES="0")).gpu_devices == ("0",)
    many = ",".join(map(str, range(1000)))
    assert len(event_of(record(SLURM_JOB_GPUS=many)).gpus) == hook_event.MAX_GPUS


def test_a_task_of_an_array_and_a_component_of_a_het_job():
    task = event_of(record(PROLOG_SLURMCTLD, SLURM_ARRAY_JOB_ID="20212", SLURM_ARRAY_TASK_ID="0"))
    assert (task.array_job_id, task.array_task_id) == (20212, 0)
    component = event_of(record(PROLOG_SLURMCTLD, SLURM_HET_JOB_ID="20210", SLURM_HET_JOB_OFFSET="0"))
    assert (component.het_job_id, component.het_job_offset) == (20210, 0)
    neither = event_of(record(SLURM_HET_JOB_ID="0", SLURM_ARRAY_TASK_ID="4294967294"))
    assert (neither.het_job_id, neither.array_task_id) == (None, None)


def test_the_newer_name_of_a_variable_counts():
    found = event_of(record(SLURM_JOB_NODELIST="n[4-5]", SLURM_JOB_UID="1000"))
    assert (found.nodes, found.uid) == ("n[4-5]", 1000)


def test_what_a_hook_does_not_say_the_agent_knows():
    found = event_of(record(NODE="", SLURM_CLUSTER_NAME=""), node="n9", cluster="lab")
    assert (found.node, found.cluster) == ("n9", "lab")
    said = event_of(record(), node="n9", cluster="lab")
    assert (said.node, said.cluster) == ("n2", "bench")


@pytest.mark.parametrize(("hook", "kind"), [(PROLOG_SLURMCTLD, STARTED), (EPILOG_SLURMCTLD, FINISHED)])
def test_a_controller_is_no_node_of_the_job(hook, kind):
    assert event_of(record(hook, kind), node="head").node == ""


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"HOOK": "epilog"}, "hook and kind do not fit together"),
        ({"HOOK": "task_prolog"}, "hook and kind do not fit together"),
        ({"HOOK": "cgroup", "KIND": "job-paused"}, "hook and kind do not fit together"),
        ({"EVENT_ID": ""}, "the event has no id"),
        ({"EVENT_ID": "a b"}, "the event has no id"),
        ({"EVENT_ID": "x" * 256}, "the event has no id"),
        ({"TIME": "soon"}, "the event has no time"),
        ({"TIME": "0"}, "the event has no time"),
        ({"TIME": "9" * 19}, "the event has no time"),
        ({"SLURM_JOB_ID": "0"}, "the event names no job"),
        ({"SLURM_JOB_ID": "4294967294"}, "the event names no job"),
        ({"SLURM_JOB_ID": "٣"}, "the event names no job"),
        ({"SLURM_JOB_ID": "9" * 5000}, "the event names no job"),
        ({"SLURM_JOB_ID": "", "SLURM_JOBID": ""}, "the event names no job"),
    ],
)
def test_what_is_no_event_is_refused_with_a_reason(more, reason):
    with pytest.raises(RecordError, match=reason):
        event_of(record(**more))


VARIABLES = [
    *record(EPILOG, FINISHED),
    "SLURM_JOB_NAME",
    "SLURM_JOB_GPUS",
    "CUDA_VISIBLE_DEVICES",
    "SLURM_JOB_END_TIME",
]


@given(st.dictionaries(st.sampled_from(VARIABLES), st.text() | st.integers().map(str)))
def test_whatever_the_environment_holds_there_is_a_reason_or_an_event_that_the_service_takes(more):
    try:
        found = event_of(read_record(write_record(record(EPILOG, FINISHED, **more))))
    except RecordError as error:
        assert str(error)
    else:
        assert vars(EVENT.validate_python(json.loads(json.dumps(document(found))))) == vars(found)


def test_long_texts_are_cut():
    found = event_of(record(SLURM_JOB_NAME="n" * 100_000, SLURM_JOB_WORK_DIR="/" * 100_000, SLURM_JOB_USER="u" * 1000))
    assert (len(found.name), len(found.work_dir), len(found.user)) == (1024, 4096, 256)
