"""What is said about slurmctld's own metrics: the table, the page, and what the source openmetrics makes of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from slurm_observability.exporter.catalogue import groups
from slurm_observability.exporter.native import DIFFERENCES, MIB, relation
from slurm_observability.exporter.native_reference import reference
from slurm_observability.exporter.native_source import NativeAnswer, families, shown
from slurm_observability.exporter.topic import Scene
from slurm_observability.metrics.metric import Metric
from slurm_observability.slurm.openmetrics import parse

PAGE = Path(__file__).parents[4] / "docs" / "exporter-native.md"
# Of a cluster with running, suspended, held, requeued and ended jobs, a drained node, one that is down, some without
# power. Without its comments, and with some of the nodes and users.
SCENE = Scene(0.0, [])
RECORDED = parse(Path(__file__).with_name("slurmctld-26.05.5.metrics").read_text())


def test_the_page_is_that_of_the_program():
    assert PAGE.read_text() == reference(), (
        "run: python -m slurm_observability.exporter.native_reference > docs/exporter-native.md"
    )


def test_every_name_of_slurmctld_has_one_of_ours_or_a_reason():
    catalogue = {metric.name for metrics in groups().values() for metric in metrics}
    missing = {term for name in RECORDED for _sign, term in relation(name).terms} - catalogue
    assert not missing


def test_no_reason_is_given_for_what_slurmctld_does_not_have():
    names = [name for difference in DIFFERENCES for name in difference.names]
    assert set(names) <= RECORDED.keys()
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("name", "terms"),
    [
        ("slurm_jobs_pending", ((1, "slurm_jobs_pending"),)),
        ("slurm_jobs_running", ((1, "slurm_jobs_running"), (1, "slurm_jobs_configuring"))),
        ("slurm_user_jobs_running", ((1, "slurm_user_jobs_running"), (1, "slurm_user_jobs_configuring"))),
        ("slurm_nodes_drain", ((1, "slurm_nodes_drain"), (-1, "slurm_nodes_draining"))),
        ("slurm_partition_jobs_memory_alloc", ((1, "slurm_partition_jobs_memory_alloc_bytes"),)),
        ("slurm_partition_jobs", ()),
    ],
)
def test_relations(name, terms):
    assert relation(name).terms == terms


def samples(**values):
    return {f"slurm_{name}": value if isinstance(value, dict) else {"": value} for name, value in values.items()}


@pytest.mark.parametrize(
    ("metric", "theirs", "ours"),
    [
        ("slurm_jobs_pending", samples(jobs_pending=4), {"": 4}),
        ("slurm_jobs_running", samples(jobs_running=5, jobs_configuring=2), {"": 3}),
        ("slurm_jobs", samples(jobs=9, jobs_finished=4), {"": 5}),
        ("slurm_nodes_drain", samples(nodes_drain=2, nodes_draining=3), {"": 5}),
        ("slurm_nodes_powering_down", samples(nodes_powering_up=1), {"": 1}),
        ("slurm_nodes_powering_up", samples(nodes_powering_up=1), None),
        ("slurm_nodes_idle", samples(nodes_idle=7, nodes=7), None),
        ("slurm_partition_jobs", samples(partition_jobs={"hpc": 1}), None),
        ("slurm_node_memory_bytes", samples(node_memory_bytes={"n1": 8000}), {"n1": 8000 * MIB}),
        ("slurm_user_jobs_memory_alloc_bytes", samples(user_jobs_memory_alloc={"alice": 2}), {"alice": 2 * MIB}),
        ("slurm_user_jobs_memory_alloc", samples(user_jobs_memory_alloc={"alice": 2}), None),
        ("slurm_jobs_longest_wait_seconds", samples(jobs=1), None),
        ("slurm_jobs_running", {}, None),
    ],
)
def test_what_the_source_makes_of_them(metric, theirs, ours):
    assert shown(metric, theirs) == ours


def test_a_number_that_may_have_begun_again_at_0_is_left_out():
    cpus = {"small": 65535, "large": 65536}
    theirs = samples(partition_cpus=cpus, partition_nodes_cpus_alloc={"small": 7, "large": 7}, jobs_cpus_alloc=7)
    assert shown("slurm_partition_nodes_cpus_alloc", theirs) == {"small": 7}
    assert shown("slurm_jobs_cpus_alloc", theirs) == {}
    theirs = samples(partition_cpus={"small": 65535}, jobs_cpus_alloc=7)
    assert shown("slurm_jobs_cpus_alloc", theirs) == {"": 7}


def test_families_have_our_names_and_labels():
    metrics = (
        Metric("slurm_jobs_pending", ""),
        Metric("slurm_partition_jobs_pending", "", ("partition",)),
        Metric("slurm_jobs_pending_reason", "", ("reason",)),
        Metric("slurm_partition_jobs_pending_reason", "", ("partition", "reason")),
    )
    found = {family.metric.name: list(family.samples) for family in families(NativeAnswer(RECORDED), SCENE, metrics)}
    assert found == {
        "slurm_jobs_pending": [((), RECORDED["slurm_jobs_pending"][""])],
        "slurm_partition_jobs_pending": [
            ((name,), count) for name, count in RECORDED["slurm_partition_jobs_pending"].items()
        ],
    }
