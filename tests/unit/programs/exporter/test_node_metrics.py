"""The metrics of the nodes topic, from nodes of every kind."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from slurm_observability.exporter.topic import Scene
from slurm_observability.exporter.topics import node_capacity, node_counts, nodes
from slurm_observability.exporter.topics.single_nodes import ALL, LABEL_LENGTH, NONE, UP
from slurm_observability.metrics.exposition import render
from slurm_observability.slurm.gpus import Gpus
from slurm_observability.slurm.nodes import Node, Nodes

from tests.unit.programs.exporter.conftest import samples

BASES = ("IDLE", "MIXED", "ALLOCATED", "DOWN", "UNKNOWN")
FLAGS = (
    *("BLOCKED", "CLOUD", "COMPLETING", "DRAIN", "DYNAMIC_FUTURE", "DYNAMIC_NORM", "EXTERNAL", "FAIL", "INVALID_REG"),
    *("MAINTENANCE", "NOT_RESPONDING", "PLANNED", "POWERED_DOWN", "POWERING_DOWN", "POWERING_UP", "POWER_DOWN"),
    *("POWER_UP", "REBOOT_ISSUED", "REBOOT_REQUESTED", "RESERVED"),
)
GPUS = Gpus(8, 3, (("a100", 4, 3), ("h100", 4, 0)))


def make(state="IDLE", partitions=("hpc",), name="n1", **more):
    base, *flags = state.split("+")
    values = {
        "cpus": 16,
        "cpus_effective": 14,
        "cpus_allocated": 4 if base == "MIXED" else 14 if base == "ALLOCATED" else 0,
        "memory_bytes": 1000,
        "memory_effective_bytes": 900,
        "memory_allocated_bytes": 300,
        "memory_free_bytes": 500,
        **more,
    }
    return Node(name, "", base, frozenset(flags), partitions, (), "", "x86_64", "", **values)


def shown(*found, future=(), partitions=(), choice=UP):
    return samples(render(nodes.families(Nodes(found, future), Scene(0, partitions), choice)).decode())


def picked(metrics, prefix):
    return {name.removeprefix(prefix): value for name, value in metrics.items() if name.startswith(prefix) and value}


@pytest.mark.parametrize(
    ("state", "counted"),
    [
        ("IDLE", {"idle"}),
        ("MIXED", {"mixed"}),
        ("ALLOCATED", {"alloc"}),
        ("DOWN", {"down"}),
        ("UNKNOWN", {"unknown"}),
        ("IDLE+CLOUD+POWERED_DOWN", {"cloud", "powered_down"}),
        ("IDLE+CLOUD+NOT_RESPONDING+POWERING_UP", {"cloud", "noresp", "powering_up"}),
        ("MIXED+DRAIN", {"mixed", "drain", "draining", "drain_total"}),
        ("IDLE+DRAIN+MAINTENANCE+RESERVED", {"drain", "drained", "drain_total", "maint", "resv"}),
        ("DOWN+DRAIN+FAIL+INVALID_REG", {"down", "drain", "drained", "drain_total", "fail", "invalid_reg"}),
        ("IDLE+PLANNED+COMPLETING+DYNAMIC_NORM+EXTERNAL", {"idle", "planned", "completing", "dyn_normal", "external"}),
        ("IDLE+POWER_DOWN+POWERING_DOWN+POWER_UP", {"power_down", "powering_down", "power_up"}),
        ("IDLE+REBOOT_REQUESTED+DYNAMIC_FUTURE", {"idle", "reboot_req", "dyn_future"}),
        ("IDLE+REBOOT_ISSUED+BLOCKED", {"reboot_issued", "blocked"}),
    ],
)
def test_each_state_and_flag_is_counted_in_the_cluster_and_in_the_partition(state, counted):
    metrics = shown(make(state))
    assert picked(metrics, "slurm_nodes_").keys() == counted
    names = {"noresp": "no_resp", "completing": "cg", "reboot_req": "reboot_requested"}
    in_partition = picked(metrics, "slurm_partition_nodes_").keys()
    resources = {f'{each.name}{{partition="hpc"}}' for each in node_capacity.SUMS}
    assert in_partition - resources == {f'{names.get(name, name)}{{partition="hpc"}}' for name in counted}


def test_every_flag_of_slurm_has_a_count():
    counted = set()
    for flag in FLAGS:
        counted |= {each.name for each in node_counts.COUNTS if each.applies(make(f"DOWN+{flag}"))} - {"down"}
    assert counted == {each.name for each in node_counts.COUNTS} - {
        *("alloc", "idle", "mixed", "down", "unknown", "draining")
    }


def test_a_node_counts_once_in_the_cluster_and_once_in_each_of_its_partitions():
    both, one = make(partitions=("hpc", "htc")), make(partitions=("htc",), name="n2")
    metrics = shown(both, one, partitions=("hpc", "htc", "void"))
    assert metrics["slurm_nodes"] == 2
    expected = {"hpc": 1, "htc": 2, "void": 0}
    assert picked(metrics, "slurm_partition_nodes{") == {f'partition="{n}"}}': v for n, v in expected.items() if v}
    assert metrics['slurm_partition_nodes{partition="void"}'] == 0
    assert metrics['slurm_partition_cpus_idle{partition="void"}'] == 0
    assert metrics['slurm_partition_gpus{partition="void"}'] == 0


def test_foreseen_nodes_are_in_no_other_count():
    metrics = shown(make(), future=(make("FUTURE", ("hpc", "new")),), partitions=("hpc", "new"))
    assert metrics["slurm_nodes"] == 1
    assert metrics["slurm_nodes_future"] == 1
    assert metrics['slurm_partition_nodes_future{partition="new"}'] == 1
    assert metrics['slurm_partition_nodes{partition="new"}'] == 0
    assert metrics["slurm_cpus"] == 16


def test_versions_of_slurmd():
    versions = ("24.11.5", "24.11.5", "26.05.5", "")
    metrics = shown(*(make(name=f"n{i}", slurmd_version=version) for i, version in enumerate(versions)))
    assert picked(metrics, "slurm_nodes_slurmd_version") == {'{version="24.11.5"}': 2, '{version="26.05.5"}': 1}


@pytest.mark.parametrize(
    ("state", "rest"),
    [
        ("IDLE", "idle"),
        ("IDLE+CLOUD+PLANNED+RESERVED", "idle"),
        ("MIXED", "idle"),
        ("MIXED+COMPLETING", "idle"),
        ("MIXED+DRAIN", "drain"),
        ("IDLE+FAIL", "drain"),
        ("IDLE+MAINTENANCE", "drain"),
        ("IDLE+BLOCKED", "drain"),
        ("IDLE+CLOUD+DRAIN+POWERED_DOWN", "drain"),
        ("DOWN", "down"),
        ("DOWN+CLOUD+DRAIN+POWERED_DOWN", "down"),
        ("UNKNOWN", "down"),
        ("MIXED+NOT_RESPONDING", "down"),
        ("IDLE+CLOUD+POWERED_DOWN", "powered_down"),
        ("MIXED+CLOUD+NOT_RESPONDING+POWERING_UP", "powered_down"),
        ("IDLE+CLOUD+POWERING_DOWN", "powered_down"),
        ("IDLE+CLOUD+POWER_DOWN", "powered_down"),
    ],
)
def test_what_is_not_allocated_is_idle_or_out_of_reach(state, rest):
    metrics = shown(make(state, gpus=GPUS))
    allocated = 4 if state.startswith("MIXED") else 0
    assert picked(metrics, "slurm_cpus_") == {**({"alloc": 4} if allocated else {}), rest: 14 - allocated}
    assert picked(metrics, "slurm_gpus_by_type") == {
        '{type="a100",use="alloc"}': 3,
        f'{{type="a100",use="{rest}"}}': 1,
        f'{{type="h100",use="{rest}"}}': 4,
    }
    assert metrics[f'slurm_partition_gpus_{rest}{{partition="hpc"}}'] == 5


STATES = st.tuples(st.sampled_from(BASES), st.sets(st.sampled_from(FLAGS), max_size=3))
TYPES = st.dictionaries(st.sampled_from(["", "a100", "1g.5gb"]), st.tuples(st.integers(0, 8), st.integers(0, 8)))
CPUS = st.tuples(st.integers(0, 256), st.integers(0, 8), st.integers(0, 256))
MEMBERSHIP = st.sampled_from([(), ("hpc",), ("hpc", "htc"), ('a"b\\c', "htc")])


def any_node(state, types, cpus, partitions):
    total, reserved, allocated = cpus
    usable = max(0, total - reserved)
    counts = tuple((name, number, min(number, used)) for name, (number, used) in types.items())
    gpus = Gpus(sum(number for _n, number, _u in counts), sum(used for _n, _t, used in counts), counts)
    base, flags = state
    more = {"cpus": total, "cpus_effective": usable, "cpus_allocated": min(allocated, usable), "gpus": gpus}
    return make("+".join([base, *sorted(flags)]), partitions, **more)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.lists(st.builds(any_node, STATES, TYPES, CPUS, MEMBERSHIP), max_size=6))
def test_the_uses_add_up(found):
    metrics = {
        family.metric.name: {tuple(labels): value for labels, value in family.samples}
        for family in nodes.families(Nodes(tuple(found)), Scene(0, ("hpc",)))
    }
    uses = node_capacity.USES
    assert sum(metrics[f"slurm_cpus_{use}"][()] for use in uses) == sum(node.cpus_effective for node in found)
    assert sum(metrics[f"slurm_gpus_{use}"][()] for use in uses) == metrics["slurm_gpus"][()]
    assert sum(metrics["slurm_gpus_by_type"].values()) == metrics["slurm_gpus"][()]
    assert sum(metrics[f"slurm_nodes_{base}"][()] for base in ("alloc", "mixed", "down", "unknown")) <= len(found)
    assert metrics["slurm_nodes_drain"] == metrics["slurm_nodes_drain_total"]
    assert metrics["slurm_nodes_drain"][()] == metrics["slurm_nodes_draining"][()] + metrics["slurm_nodes_drained"][()]
    for partition, total in metrics["slurm_partition_gpus"].items():
        assert sum(metrics[f"slurm_partition_gpus_{use}"][partition] for use in uses) == total
        typed = metrics["slurm_partition_gpus_by_type"].items()
        assert sum(value for labels, value in typed if labels[:1] == partition) == total
        usable = metrics["slurm_partition_nodes_cpus_efctv"][partition]
        assert sum(metrics[f"slurm_partition_cpus_{use}"][partition] for use in uses) == usable


def test_sums_of_a_partition():
    metrics = shown(make("MIXED"), make("DOWN+CLOUD", name="n2", memory_free_bytes=None))
    assert {each.name: metrics[f'{each.metric.name}{{partition="hpc"}}'] for each in node_capacity.SUMS} == {
        "cpus_efctv": 28,
        "cpus_alloc": 4,
        "cpus_idle": 24,
        "mem_tot": 2000,
        "mem_avail": 1800,
        "mem_alloc": 600,
        "mem_free": 500,
    }


def test_a_node_by_itself():
    found = make(
        "MIXED+DRAIN",
        ("hpc", "htc"),
        gpus=GPUS,
        booted=1795253412,
        slurmd_version="26.05.5",
        reason="it is a test",
        reason_user="root",
        reason_set=1795266687,
    )._replace(gres="gpu:8", features=("a", "b"), instance_type="Standard_ND96")
    metrics = shown(found)
    assert {name: value for name, value in metrics.items() if name.startswith("slurm_node_")} == {
        'slurm_node_down{node="n1"}': 0,
        'slurm_node_drain{node="n1"}': 1,
        'slurm_node_cpus{node="n1"}': 16,
        'slurm_node_cpus_effective{node="n1"}': 14,
        'slurm_node_cpus_alloc{node="n1"}': 4,
        'slurm_node_cpus_idle{node="n1"}': 10,
        'slurm_node_gpus{node="n1"}': 8,
        'slurm_node_gpus_alloc{node="n1"}': 3,
        'slurm_node_memory_bytes{node="n1"}': 1000,
        'slurm_node_memory_effective_bytes{node="n1"}': 900,
        'slurm_node_memory_alloc_bytes{node="n1"}': 300,
        'slurm_node_memory_free_bytes{node="n1"}': 500,
        'slurm_node_boot_time_seconds{node="n1"}': 1795253412,
        'slurm_node_state{node="n1",state="idle"}': 0,
        'slurm_node_state{node="n1",state="mixed"}': 1,
        'slurm_node_state{node="n1",state="allocated"}': 0,
        'slurm_node_state{node="n1",state="down"}': 0,
        'slurm_node_state{node="n1",state="unknown"}': 0,
        'slurm_node_info{arch="x86_64",features="a,b",gres="gpu:8",instance_type="Standard_ND96",node="n1",'
        'partitions="hpc,htc",slurmd_version="26.05.5"}': 1,
        'slurm_node_reason_info{node="n1",reason="it is a test",user="root"}': 1,
        'slurm_node_reason_set_timestamp_seconds{node="n1"}': 1795266687,
    }


def test_a_number_that_is_not_known_is_absent():
    metrics = shown(make(memory_free_bytes=None))
    assert not {"slurm_node_memory_free_bytes", "slurm_node_boot_time_seconds"} & {n.partition("{")[0] for n in metrics}


@pytest.mark.parametrize(
    ("choice", "named"), [(UP, {"up", "drained"}), (ALL, {"up", "drained", "off", "failed"}), (NONE, set())]
)
def test_which_nodes_have_series_of_their_own(choice, named):
    found = (
        make(name="up"),
        make("IDLE+DRAIN", name="drained"),
        make("IDLE+CLOUD+POWERED_DOWN", name="off"),
        make("DOWN+CLOUD+POWERED_DOWN", name="failed", reason="ResumeTimeout reached", reason_set=5),
    )
    metrics = shown(*found, choice=choice)
    assert {name.split('"')[1] for name in metrics if name.startswith("slurm_node_down{")} == named
    assert metrics["slurm_nodes"] == 4
    # Why a node could not be powered up is to be seen although it has no power.
    assert ('slurm_node_reason_set_timestamp_seconds{node="failed"}' in metrics) == (choice != NONE)
    assert bool([name for name in metrics if name.startswith("slurm_node_")]) == (choice != NONE)


def test_texts_of_people_are_escaped_and_short():
    reason = 'quote " backslash \\ tab\t' + "x" * 500
    text = render(nodes.families(Nodes((make(reason=reason, reason_user='ro"ot'),)), Scene(0, ()))).decode()
    (line,) = (line for line in text.splitlines() if line.startswith("slurm_node_reason_info{"))
    label = line.split('reason="')[1].split('",user="')[0]
    assert label.startswith('quote \\" backslash \\\\ tab x') and label.endswith("...")
    assert len(label) == LABEL_LENGTH + 2  # two characters have a backslash before them
    assert line.endswith('user="ro\\"ot"} 1')


def test_every_metric_has_a_query_and_a_name_of_its_own():
    assert len({metric.name for metric in nodes.METRICS}) == len(nodes.METRICS)
    assert all(metric.query and metric.help.endswith(".") for metric in nodes.METRICS)
