"""Partitions from slurmrestd's answers, as two versions of its API write them."""

from __future__ import annotations

import math

import pytest
from slurm_observability.slurm.command import SlurmError
from slurm_observability.slurm.partitions import Partition
from slurm_observability.slurm.rest.partitions import parse_partition, read_partitions


def limit(number=None, infinite=False):
    return {"set": number is not None, "infinite": infinite, "number": number or 0}


# Recorded from Slurm 22.05.8 and 26.05.5; what is not read is left out.
V38 = {
    "flags": ["hidden"],
    "allowed_accounts": "research",
    "allowed_groups": "root",
    "default_time_limit": 60,
    "max_time_limit": 1440,
    "name": "empty",
    "nodes": "",
    "priority_tier": 7,
    "qos": "normal",
    "state": "DRAIN",
    "total_cpus": 0,
    "total_nodes": 0,
}
V38_WITHOUT_LIMITS = {
    **V38,
    "name": "hpc",
    "default_time_limit": None,
    "max_time_limit": -1,
    "total_cpus": 16,
    "total_nodes": 4,
}
V42 = {
    "nodes": {"allowed_allocation": "", "configured": "later[1-2],node[1-2]", "total": 4},
    "accounts": {"allowed": "", "deny": ""},
    "groups": {"allowed": ""},
    "qos": {"allowed": "", "deny": "", "assigned": ""},
    "cpus": {"task_binding": 0, "total": 32},
    "defaults": {"time": limit()},
    "maximums": {"time": limit(infinite=True)},
    "name": "hpc",
    "priority": {"job_factor": 1, "tier": 1},
    "partition": {"state": ["UP"]},
}
V42_WITH_LIMITS = {
    **V42,
    "name": "empty",
    "nodes": {"configured": "", "total": 0},
    "cpus": {"total": 0},
    "groups": {"allowed": "root"},
    "accounts": {"allowed": "research", "deny": ""},
    "qos": {"assigned": "normal"},
    "defaults": {"time": limit(60)},
    "maximums": {"time": limit(1440)},
    "priority": {"tier": 7},
    "partition": {"state": ["DRAIN"]},
}
# The same partition, as scontrol printed it: see the tests of its parser.
EMPTY = Partition("empty", "DRAIN", 86400, 3600, 7, 0, 0, "normal", "research", "root")


@pytest.mark.parametrize("record", [V38, V42_WITH_LIMITS])
def test_a_partition_with_limits(record):
    assert parse_partition(record) == EMPTY


def test_a_partition_without_limits():
    assert parse_partition(V42) == Partition("hpc", "UP", math.inf, math.inf, 1, 4, 32)
    found = parse_partition(V38_WITHOUT_LIMITS)
    assert (found.max_time, found.default_time, found.cpus, found.nodes) == (math.inf, math.inf, 16, 4)


def test_what_a_partition_does_not_say_is_nothing():
    found = parse_partition({"name": "hpc", "state": "UP"})
    assert (found.priority_tier, found.nodes, found.cpus) == (0, 0, 0)


def test_a_job_that_asks_for_no_time_gets_the_longest():
    assert parse_partition({**V38, "default_time_limit": None}).default_time == 86400


@pytest.mark.parametrize("record", [None, [], {}, {**V42, "name": ""}, {**V42, "partition": {}}, {**V42, "name": 5}])
def test_what_is_no_partition(record):
    assert parse_partition(record) is None


def test_all_partitions_each_once(slurmrestd):
    slurmrestd.serves("v0.0.42")
    slurmrestd.answers("/slurm/v0.0.42/partitions", {"partitions": [V42, V42_WITH_LIMITS, V42, {}]})
    partitions = read_partitions(slurmrestd.client(api_version="v0.0.42"))
    assert [one.name for one in partitions.partitions] == ["hpc", "empty"]
    assert partitions.rejected_lines == 2


def test_an_answer_without_one_good_partition_is_a_failure(slurmrestd):
    slurmrestd.serves("v0.0.42")
    slurmrestd.answers("/slurm/v0.0.42/partitions", {"partitions": [{}]})
    with pytest.raises(SlurmError, match="none of them can be read"):
        read_partitions(slurmrestd.client(api_version="v0.0.42"))
