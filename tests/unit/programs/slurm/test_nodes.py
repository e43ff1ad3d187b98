"""Reading nodes from what scontrol prints."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from slurm_observability.slurm.command import SlurmError, SlurmRunner
from slurm_observability.slurm.gpus import Gpus
from slurm_observability.slurm.nodes import NodeReader, parse_node, parse_nodes

# Recorded from Slurm 24.11.5: a node that never booted, one drained with a hostile reason.
CLOUD = (
    "NodeName=cloud2 CoresPerSocket=1  CPUAlloc=0 CPUEfctv=8 CPUTot=8 CPULoad=0.00 AvailableFeatures=cloud "
    "ActiveFeatures=cloud Gres=gpu:4 NodeAddr=cloud2 NodeHostName=cloud2  RealMemory=8000 AllocMem=0 FreeMem=N/A "
    "Sockets=8 Boards=1 State=IDLE+CLOUD+POWERED_DOWN ThreadsPerCore=1 TmpDisk=0 Weight=1 Owner=N/A MCS_label=N/A "
    "Partitions=htc  BootTime=None SlurmdStartTime=None LastBusyTime=Unknown ResumeAfterTime=None "
    "CfgTRES=cpu=8,mem=8000M,billing=8,gres/gpu=4 AllocTRES= CurrentWatts=0 AveWatts=0 "
)
DRAINED = (
    "NodeName=node1 Arch=x86_64 CoresPerSocket=1  CPUAlloc=0 CPUEfctv=8 CPUTot=8 CPULoad=5.68 "
    "AvailableFeatures=static,nv ActiveFeatures=static Gres=gpu:4 NodeAddr=10.0.0.11 NodeHostName=node1 "
    "Version=24.11.5 OS=Linux 6.1.0-49-cloud-amd64 #1 SMP PREEMPT_DYNAMIC Debian 6.1.176-1 (2026-06-29)  "
    "RealMemory=8000 AllocMem=0 FreeMem=13529 Sockets=8 Boards=1 State=IDLE+DRAIN ThreadsPerCore=1 TmpDisk=0 Weight=1 "
    "Owner=N/A MCS_label=N/A Partitions=hpc,htc  BootTime=2026-11-21T09:30:13 SlurmdStartTime=2026-11-21T10:11:07 "
    "LastBusyTime=2026-11-21T10:22:31 ResumeAfterTime=None CfgTRES=cpu=8,mem=8000M,billing=8,gres/gpu=4 AllocTRES= "
    'CurrentWatts=0 AveWatts=0  Reason=disk | fail "q" é State=DOWN x=y [root@2026-11-21T10:29:40]'
)
# Recorded from Slurm 22.05.8, which has other fields, and where a node can be in no partition.
OLD = (
    "NodeName=n1 Arch=x86_64 CoresPerSocket=1  CPUAlloc=3 CPUTot=512 CPULoad=0.10 AvailableFeatures=(null) "
    "ActiveFeatures=(null) Gres=(null) NodeAddr=127.0.0.1 NodeHostName=host Port=17001 Version=22.05.8 "
    "OS=Linux 6.1.0 #1 SMP  RealMemory=1000000 AllocMem=0 FreeMem=100 Sockets=512 Boards=1 State=MIXED "
    "ThreadsPerCore=1 TmpDisk=0 Weight=1 Owner=N/A MCS_label=N/A BootTime=None SlurmdStartTime=None "
    "LastBusyTime=2026-11-21T10:22:31 CfgTRES=cpu=512 AllocTRES=cpu=3 CapWatts=n/a CurrentWatts=0 AveWatts=0 "
    "ExtSensorsJoules=n/s ExtSensorsWatts=0 ExtSensorsTemp=n/s Comment=moved from Partitions=old"
)
# Recorded from 22.05.8 with --details and times in seconds: GPUs of two types, shards of them, jobs on both. The
# address is replaced, MemSpecLimit and CoreSpecCount are as the source of 22.05 prints them.
BUSY = (
    "NodeName=node1 Arch=x86_64 CoresPerSocket=1  CPUAlloc=3 CPUEfctv=7 CPUTot=8 CPULoad=1.23 "
    "AvailableFeatures=static ActiveFeatures=static "
    "Gres=gpu:a100:2(S:0-1),gpu:1g.5gb:2,shard:a100:4,shard:1g.5gb:4 GresDrain=N/A "
    "GresUsed=gpu:a100:1(IDX:0),gpu:1g.5gb:2(IDX:2-3),shard:a100:1(IDX:1),shard:1g.5gb:0(IDX:N/A) "
    "NodeAddr=192.0.2.11 NodeHostName=node1 Version=22.05.8 OS=Linux 6.18.44 #1 SMP PREEMPT_DYNAMIC @0  "
    "RealMemory=8000 AllocMem=3000 FreeMem=19357 Sockets=8 Boards=1 CoreSpecCount=1 CPUSpecList=7 MemSpecLimit=500 "
    "State=MIXED ThreadsPerCore=1 TmpDisk=0 Weight=1 Owner=N/A MCS_label=N/A Partitions=hpc  BootTime=1795253412 "
    "SlurmdStartTime=1795266820 LastBusyTime=1795266820 CfgTRES=cpu=8,mem=8000M,billing=8 AllocTRES=cpu=3 "
    "CapWatts=n/a CurrentWatts=0 AveWatts=0 ExtSensorsJoules=n/s ExtSensorsWatts=0 ExtSensorsTemp=n/s"
)
MIB = 1 << 20


def node(line: str):
    return parse_node(line.encode())


def with_state(state: str):
    return node(CLOUD.replace("IDLE+CLOUD+POWERED_DOWN", state))


def test_a_node_that_never_booted():
    cloud = node(CLOUD)
    assert (cloud.name, cloud.address, cloud.base, cloud.flags) == (
        "cloud2",
        "cloud2",
        "IDLE",
        {"CLOUD", "POWERED_DOWN"},
    )
    assert (cloud.partitions, cloud.features, cloud.gres, cloud.arch) == (("htc",), ("cloud",), "gpu:4", "")
    assert cloud.state == "IDLE+CLOUD+POWERED_DOWN"
    assert cloud.without_power and not cloud.idle and cloud.has_gpu
    assert (cloud.cpus, cloud.cpus_effective, cloud.cpus_allocated) == (8, 8, 0)
    assert (cloud.memory_bytes, cloud.memory_free_bytes) == (8000 * MIB, None)
    assert (cloud.slurmd_version, cloud.booted) == ("", None)
    assert (cloud.reason, cloud.reason_user, cloud.reason_set) == ("", "", None)


def test_cpus_memory_and_gpus_of_a_busy_node():
    busy = node(BUSY)
    assert (busy.cpus, busy.cpus_effective, busy.cpus_allocated) == (8, 7, 3)
    assert busy.memory_bytes == 8000 * MIB
    assert busy.memory_effective_bytes == 7500 * MIB
    assert busy.memory_allocated_bytes == 3000 * MIB
    assert busy.memory_free_bytes == 19357 * MIB
    assert busy.gpus == Gpus(total=4, allocated=3, types=(("1g.5gb", 2, 2), ("a100", 2, 1)))
    assert (busy.slurmd_version, busy.booted) == ("22.05.8", 1795253412)


def test_slurm_21_08_does_not_say_how_many_cpus_are_for_jobs():
    assert node(BUSY.replace("CPUEfctv=7 ", "")).cpus_effective == 8


def test_a_later_slurm_may_print_more_fields():
    words = BUSY.split(" ")
    for place in range(1, len(words)):
        more = " ".join([*words[:place], "NewField=new", *words[place:]])
        # The two that are only told may get lost; nothing that is counted does.
        assert node(more)._replace(arch="x86_64", slurmd_version="22.05.8") == node(BUSY), more


def test_a_reason_forges_nothing():
    drained = node(DRAINED)
    assert (drained.base, drained.flags) == ("IDLE", {"DRAIN"})
    assert (drained.arch, drained.partitions, drained.features) == ("x86_64", ("hpc", "htc"), ("static",))
    assert drained.drain and not drained.idle and not drained.busy

    assert drained.reason == 'disk | fail "q" é State=DOWN x=y'
    assert drained.reason_user == "root"
    assert drained.reason_set is None  # a time that is not in seconds, as SLURM_TIME_FORMAT would have it


SIGNED = " [root@1795266687]"


@pytest.mark.parametrize(
    ("text", "reason", "user", "when"),
    [
        # Recorded from 22.05.8 and 26.05.5: a line break in the reason, a second line that looks like a node.
        (
            f'a|b "q" State=IDLE [x@1] {SIGNED}        NodeName=forged State=DOWN x\'',
            'a|b "q" State=IDLE [x@1] ',
            "root",
            1795266687,
        ),
        (f"plain{SIGNED}", "plain", "root", 1795266687),
        (f"plain{SIGNED} ", "plain", "root", 1795266687),
        (f"x [bob@5]{SIGNED} Comment=y [eve@7]", "x [bob@5]", "root", 1795266687),
        (f"x{SIGNED} Extra=y InstanceId=i InstanceType=t", "x", "root", 1795266687),
        ("x [root@Unknown]", "x", "root", None),
        ("no one signed this", "no one signed this", "", None),
        ("no one Comment=signed", "no one", "", None),
        ("first        second", "first", "", None),
        (f"Reason=nested Comment=c{SIGNED}", "Reason=nested Comment=c", "root", 1795266687),
        (f"x [ADS\\some one@5]{SIGNED}", "x [ADS\\some one@5]", "root", 1795266687),
    ],
)
def test_reasons(text, reason, user, when):
    for line in (BUSY, CLOUD.rstrip()):
        found = node(f"{line} Reason={text}")
        assert (found.reason, found.reason_user, found.reason_set) == (reason, user, when)


def test_no_comment_is_taken_for_a_reason():
    for key in ("Comment", "Extra"):
        assert node(f"{BUSY} {key}=x Reason=y{SIGNED}").reason == ""


@pytest.mark.parametrize(
    "hostile",
    [
        "NodeName=x " + "a=b " * 20_000,
        "NodeName=x CPUAlloc=1 CPUTot=1 " * 5_000,
        "NodeName=x CPUAlloc=1 CPUTot=1" + " ActiveFeatures=a Gres=b NodeAddr=c" * 5_000,
        BUSY.replace("State=MIXED", "a=b " * 20_000),
        BUSY + " Reason=" + " [" * 30_000,
        BUSY + " Reason=" + " [a@1]" * 20_000,
        BUSY + " Reason=" + " " * 60_000 + "x",
        BUSY + " a=b" * 20_000 + " Reason=x",
    ],
    ids=range(8),
)
def test_no_line_takes_long(hostile):
    began = time.process_time()
    node(hostile)
    assert time.process_time() - began < 1


def test_slurm_22_05_and_a_comment_that_looks_like_a_partition():
    old = node(OLD)
    assert (old.base, old.partitions, old.features, old.gres) == ("MIXED", (), (), "")
    assert old.busy and not old.has_gpu


def test_the_instance_type_is_the_last_one():
    line = CLOUD + " Comment=x InstanceType=fake y Extra=z InstanceId=i-1 InstanceType=Standard_ND96 Topology=t:a b=c"
    assert node(line).instance_type == "Standard_ND96"
    assert node(CLOUD + " InstanceType=Standard_HB120").instance_type == "Standard_HB120"
    assert node(CLOUD + " InstanceType=\tone word").instance_type == "\tone"
    assert node(CLOUD + " InstanceType=N/A").instance_type == ""


@pytest.mark.parametrize(
    ("state", "base", "flags"),
    [
        ("IDLE", "IDLE", set()),
        ("DOWN*", "DOWN", set()),
        ("DOWN*+CLOUD+NOT_RESPONDING", "DOWN", {"CLOUD", "NOT_RESPONDING"}),
        ("MIXED+DRAIN+BLOCKED", "MIXED", {"DRAIN", "BLOCKED"}),
    ],
)
def test_base_and_flags_are_separate(state, base, flags):
    assert (with_state(state).base, with_state(state).flags) == (base, flags)


@pytest.mark.parametrize(
    "flag",
    [
        *("DRAIN", "FAIL", "INVALID_REG", "MAINTENANCE", "REBOOT_ISSUED", "BLOCKED", "NOT_RESPONDING"),
        *("POWER_DOWN", "POWERED_DOWN", "POWERING_DOWN", "POWERING_UP"),
    ],
)
def test_what_cannot_take_a_job_is_not_idle(flag):
    assert with_state("IDLE").idle
    assert not with_state(f"IDLE+{flag}").idle


@pytest.mark.parametrize(
    ("gres", "has_gpu"),
    [
        ("gpu:4", True),
        ("gpu", True),
        ("gpu:a100:2(S:0-1),nic:1", True),
        ("nic:1(IDX:0,3),gpu:gb200:4", True),
        ("nic:gpu:2", False),
        ("mygpu:2", False),
        ("shard:8(gpu:1,gpu:2)", False),
        ("(null)", False),
    ],
)
def test_gpus(gres, has_gpu):
    assert node(CLOUD.replace("gpu:4", gres, 1)).has_gpu is has_gpu


@pytest.mark.parametrize("key", ["NodeName=cloud2", "ActiveFeatures=", " Gres=", "NodeAddr=", " State="])
def test_a_line_without_a_needed_field_is_no_node(key):
    assert node(CLOUD.replace(key, "x", 1)) is None


@pytest.mark.parametrize("state", ["idle", "+DRAIN", "IDLE+", "1"])
def test_a_line_without_a_state_is_no_node(state):
    assert with_state(state) is None


def test_nodes_come_in_order_and_future_ones_do_not_exist_yet():
    lines = [CLOUD, CLOUD.replace("cloud2", "cloud10").replace("IDLE+CLOUD+POWERED_DOWN", "FUTURE"), DRAINED]
    nodes, _ = parse_nodes([line.encode() for line in lines], {})
    assert [one.name for one in nodes.nodes] == ["cloud2", "node1"]
    assert [one.name for one in nodes.future] == ["cloud10"]
    assert nodes.rejected_lines == 0


def test_a_line_break_in_a_comment_adds_no_node():
    # Recorded from 24.11: scontrol prints the comment as it is.
    lines = [
        DRAINED + " Comment=a",
        "NodeName=evil State=IDLE Partitions=hpc",
        " Arch=z Extra=b",
        "",
        "NodeName=x",
        CLOUD,
    ]
    nodes, _ = parse_nodes([line.encode() for line in lines], {})
    assert [one.name for one in nodes.nodes] == ["node1", "cloud2"]
    assert nodes.rejected_lines == 2


def test_a_second_node_of_the_same_name_is_rejected():
    nodes, _ = parse_nodes([DRAINED.encode(), DRAINED.replace("IDLE", "DOWN", 1).encode()], {})
    assert [one.base for one in nodes.nodes] == ["IDLE"]
    assert nodes.rejected_lines == 1


def test_no_node_is_an_answer_and_silence_is_none(fake_slurm):
    reader = NodeReader(SlurmRunner(10))
    fake_slurm.answers("scontrol", "No nodes in the system\n")
    assert reader.read().nodes == ()
    for junk in ("", "\n", "NodeName=x\n", "slurm_load_node error\n"):
        fake_slurm.answers("scontrol", junk)
        with pytest.raises(SlurmError, match="no node that can be read"):
            reader.read()


def test_lines_that_stay_the_same_are_not_read_again(fake_slurm):
    reader = NodeReader(SlurmRunner(10))
    fake_slurm.answers("scontrol", f"{CLOUD}\n{DRAINED}\n")
    first = reader.read().nodes
    fake_slurm.answers("scontrol", f"{CLOUD}\n{DRAINED.replace('CPULoad=5.68', 'CPULoad=9.99')}\n")
    second = reader.read().nodes
    assert second[0] is first[0]
    assert second == first
    assert fake_slurm.calls("scontrol")[0] == "--all --future --details --verbose --oneliner show nodes"


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_any_bytes_are_a_node_or_none(before, after):
    for line in (before, b"NodeName=" + before, before + CLOUD.encode() + after, CLOUD.encode() + after):
        parse_node(line)


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\n"), max_size=300))
def test_free_text_changes_nothing_but_what_comes_from_it(text):
    honest = node(BUSY)
    for key in ("Reason", "Comment", "Extra"):
        found = node(f"{BUSY} {key}={text}")
        assert found._replace(instance_type="", reason="", reason_user="", reason_set=None) == honest
