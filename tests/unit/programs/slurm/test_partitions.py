"""Reading partitions from what scontrol prints."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from slurm_observability.slurm.command import SlurmError, SlurmRunner
from slurm_observability.slurm.partitions import Partition, parse_partition, parse_partitions, read_partitions

# Recorded from Slurm 26.05.5 and 22.05.8.
DEFAULT = (
    "PartitionName=hpc AllowGroups=ALL AllowAccounts=ALL AllowQos=ALL AllocNodes=ALL Default=YES QoS=N/A "
    "DefaultTime=NONE DisableRootJobs=NO Exclusive=NO GraceTime=0 Hidden=NO MaxNodes=UNLIMITED MaxTime=UNLIMITED "
    "MinNodes=0 LLN=NO MaxCPUsPerNode=UNLIMITED MaxCPUsPerSocket=UNLIMITED Nodes=later[1-2],node[1-2] "
    "PriorityJobFactor=1 PriorityTier=1 RootOnly=NO ReqResv=NO OverSubscribe=NO OverTimeLimit=NONE PreemptMode=OFF "
    "State=UP TotalCPUs=32 TotalNodes=4 SelectTypeParameters=NONE JobDefaults=(null) DefMemPerNode=UNLIMITED "
    "MaxMemPerNode=UNLIMITED TRES=cpu=32,mem=32000M,node=4,billing=32,gres/gpu=8 ResumeTimeout=GLOBAL "
    "SuspendTimeout=GLOBAL SuspendTime=GLOBAL PowerDownOnIdle=NO"
)
EMPTY = (
    "PartitionName=empty AllowGroups=root AllowAccounts=research AllowQos=ALL AllocNodes=ALL Default=NO QoS=normal "
    "DefaultTime=01:00:00 DisableRootJobs=NO ExclusiveUser=NO GraceTime=0 Hidden=YES MaxNodes=UNLIMITED "
    "MaxTime=1-00:00:00 MinNodes=0 LLN=NO MaxCPUsPerNode=UNLIMITED Nodes=(null) PriorityJobFactor=1 PriorityTier=7 "
    "RootOnly=NO ReqResv=NO OverSubscribe=NO OverTimeLimit=NONE PreemptMode=OFF State=DRAIN TotalCPUs=0 TotalNodes=0 "
    "SelectTypeParameters=NONE JobDefaults=(null) DefMemPerNode=UNLIMITED MaxMemPerNode=UNLIMITED TRES=(null)"
)


def partition(line: str):
    return parse_partition(line.encode())


def test_a_partition_without_limits():
    assert partition(DEFAULT) == Partition("hpc", "UP", math.inf, math.inf, 1, 4, 32)


def test_a_partition_with_limits_and_without_nodes():
    assert partition(EMPTY) == Partition("empty", "DRAIN", 86400, 3600, 7, 0, 0, "normal", "research", "root")


def test_a_job_that_asks_for_no_time_gets_the_longest():
    assert partition(EMPTY.replace("DefaultTime=01:00:00", "DefaultTime=NONE")).default_time == 86400


@pytest.mark.parametrize(
    ("printed", "seconds"), [("00:00:30", 30), ("01:02:03", 3723), ("2-03:04:05", 183845), ("UNLIMITED", math.inf)]
)
def test_a_limit_in_seconds(printed, seconds):
    assert partition(EMPTY.replace("1-00:00:00", printed)).max_time == seconds


def test_what_is_not_said_of_a_partition():
    line = "PartitionName=p State=UP PriorityTier=1 TotalNodes=2 TotalCPUs=3 MaxTime=UNLIMITED JobDefaults=a=b"
    assert partition(line) == Partition("p", "UP", math.inf, math.inf, 1, 2, 3, "", "ALL", "ALL")


@pytest.mark.parametrize(
    "broken",
    ["PartitionName=empty", "State=DRAIN", "MaxTime=1-00:00:00", "PriorityTier=7", "TotalCPUs=0", "TotalNodes=0"],
)
def test_a_line_without_a_needed_field_is_no_partition(broken):
    assert partition(EMPTY.replace(broken, "x")) is None
    assert partition(EMPTY.replace(broken, broken.split("=")[0] + "=")) is None


def test_partitions_come_in_order_and_each_once():
    lines = [EMPTY, DEFAULT, "", "junk", EMPTY]
    partitions = parse_partitions(line.encode() for line in lines)
    assert [one.name for one in partitions.partitions] == ["empty", "hpc"]
    assert partitions.rejected_lines == 2


def test_no_partition_is_an_answer_and_silence_is_none(fake_slurm):
    fake_slurm.answers("scontrol", "No partitions in the system\n")
    assert read_partitions(SlurmRunner(10)).partitions == ()
    assert fake_slurm.calls("scontrol") == ["--all --oneliner show partitions"]
    for junk in ("", "\n", "PartitionName=x\n"):
        fake_slurm.answers("scontrol", junk)
        with pytest.raises(SlurmError, match="no partition that can be read"):
            read_partitions(SlurmRunner(10))


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_any_bytes_are_a_partition_or_none(before, after):
    for line in (before, b"PartitionName=" + before, EMPTY.encode() + b" " + after):
        parse_partition(line)
