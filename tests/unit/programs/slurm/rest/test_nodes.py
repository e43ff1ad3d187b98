"""Reading nodes from slurmrestd: all versions, states, and what is no node."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from slurm_observability.slurm.command import SlurmError
from slurm_observability.slurm.rest.nodes import parse_node, read_nodes

VERSION = "v0.0.41"


def node(name="n1", **more):
    return {"name": name, "state": ["IDLE"], "partitions": ["hpc"], **more}


def read(slurmrestd, *records, version=VERSION):
    slurmrestd.answers(f"/slurm/{version}/nodes", {"nodes": list(records), "errors": []})
    return read_nodes(slurmrestd.client(api_version=version))


def test_future_nodes_do_not_exist_yet(slurmrestd):
    nodes = read(slurmrestd, node("n1"), node("f1", state=["FUTURE"]), node("n2"))
    assert [one.name for one in nodes.nodes] == ["n1", "n2"]
    assert nodes.rejected_lines == 0


@pytest.mark.parametrize("record", [None, 4, {}, node(""), node(state=[]), node(name=None)])
def test_what_is_no_node_is_rejected(slurmrestd, record):
    nodes = read(slurmrestd, node(), record)
    assert len(nodes.nodes) == 1
    assert nodes.rejected_lines == 1
    with pytest.raises(SlurmError, match="slurmrestd listed 1 nodes, and none of them can be read"):
        read(slurmrestd, record)


def test_a_second_node_of_the_same_name_is_rejected(slurmrestd):
    nodes = read(slurmrestd, node(), node(state=["DOWN"]), node(state=["DOWN"]))
    assert [one.base for one in nodes.nodes] == ["IDLE"]
    assert nodes.rejected_lines == 2


def test_what_a_node_does_not_say_is_nothing():
    one = parse_node(node())
    assert (one.cpus, one.cpus_effective, one.memory_bytes, one.instance_type) == (0, 0, 0, "")
    assert parse_node(node(cpus=4)).cpus_effective == 4
    assert parse_node(node(effective_cpus=None)).cpus_effective == 0


def test_who_set_no_reason_and_when_is_not_told():
    one = parse_node(node(reason="", reason_set_by_user="root", reason_changed_at=1795266687))
    assert (one.reason, one.reason_user, one.reason_set) == ("", "", None)


def test_the_cloud_says_what_machine_a_node_is():
    assert parse_node(node(instance_type="Standard_ND96")).instance_type == "Standard_ND96"


def test_no_node_is_an_answer(slurmrestd):
    assert read(slurmrestd).nodes == ()


def test_a_version_without_flags_is_refused(slurmrestd):
    with pytest.raises(
        SlurmError, match=r"v0\.0\.36 of slurmrestd's API does not tell the flags of nodes; use v0\.0\.37"
    ):
        read(slurmrestd, node(), version="v0.0.36")


@pytest.mark.parametrize(
    ("record", "base", "flags"),
    [
        ({"state": "idle", "state_flags": ["CLOUD", "POWERED_DOWN"]}, "IDLE", {"CLOUD", "POWERED_DOWN"}),
        ({"state": "mixed", "state_flags": []}, "MIXED", set()),
        ({"state": ["DOWN", "DRAIN", "NOT_RESPONDING"]}, "DOWN", {"DRAIN", "NOT_RESPONDING"}),
        ({"state": ["IDLE", "POWER_DOWN", "POWER_DRAIN", "POWER_DOWN_ASAP"]}, "IDLE", {"POWER_DOWN"}),
    ],
)
def test_base_and_flags_are_separate(record, base, flags):
    one = parse_node({"name": "n1", **record})
    assert (one.base, one.flags) == (base, flags)


def test_what_is_kept_for_the_system_is_not_for_jobs():
    one = parse_node(node(cpus=8, effective_cpus=6, real_memory=8000, specialized_memory=1000, alloc_memory=3000))
    assert (one.cpus, one.cpus_effective) == (8, 6)
    mib = 1 << 20
    assert (one.memory_bytes, one.memory_effective_bytes, one.memory_allocated_bytes) == (
        8000 * mib,
        7000 * mib,
        3000 * mib,
    )


@pytest.mark.parametrize(
    ("record", "free"),
    [
        ({"free_mem": {"set": True, "infinite": False, "number": 5}}, 5 << 20),
        ({"free_mem": {"set": False, "infinite": False, "number": 0}}, None),
        ({"free_memory": 7}, 7 << 20),
        ({"free_memory": -2}, None),
        ({}, None),
    ],
)
def test_free_memory_is_known_once_a_node_has_told_it(record, free):
    assert parse_node(node(**record)).memory_free_bytes == free


@given(
    st.dictionaries(
        st.sampled_from(["name", "state", "state_flags", "partitions", "cpus", "real_memory", "tres", "boot_time"]),
        st.none()
        | st.integers()
        | st.floats()
        | st.text()
        | st.lists(st.text())
        | st.dictionaries(st.text(), st.text()),
    )
)
def test_any_record_is_a_node_or_none(record):
    parse_node(record)
