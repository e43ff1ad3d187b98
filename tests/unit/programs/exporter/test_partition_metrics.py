"""The metrics of the partitions topic."""

from __future__ import annotations

import math

from slurm_observability.exporter.topic import Scene
from slurm_observability.exporter.topics import partitions
from slurm_observability.metrics.exposition import render
from slurm_observability.slurm.partitions import Partition, Partitions

from tests.unit.programs.exporter.conftest import samples

FREE = Partition("hpc", "UP", math.inf, math.inf, 1, 4, 32)
LIMITED = Partition("empty", "DRAIN", 86400, 3600, 7, 0, 0, "normal", "research", "root")


def shown(*found):
    return samples(render(partitions.families(Partitions(found), Scene(0, ()))).decode())


def test_every_number():
    assert shown(LIMITED) == {
        "slurm_partitions": 1,
        'slurm_partition_state{partition="empty",state="up"}': 0,
        'slurm_partition_state{partition="empty",state="down"}': 0,
        'slurm_partition_state{partition="empty",state="drain"}': 1,
        'slurm_partition_state{partition="empty",state="inactive"}': 0,
        'slurm_partition_info{accounts="research",groups="root",partition="empty",qos="normal"}': 1,
        'slurm_partition_max_time_seconds{partition="empty"}': 86400,
        'slurm_partition_default_time_seconds{partition="empty"}': 3600,
        'slurm_partition_priority_tier{partition="empty"}': 7,
        'slurm_partition_configured_nodes{partition="empty"}': 0,
        'slurm_partition_configured_cpus{partition="empty"}': 0,
    }


def test_no_limit_is_infinite():
    metrics = shown(FREE)
    assert metrics['slurm_partition_max_time_seconds{partition="hpc"}'] == math.inf
    assert metrics['slurm_partition_configured_cpus{partition="hpc"}'] == 32


def test_long_lists_are_cut_and_names_are_escaped():
    text = render(
        partitions.families(Partitions((LIMITED._replace(name='a"b', accounts="a" * 500),)), Scene(0, ()))
    ).decode()
    assert "slurm_partitions 1" in text and 'partition="a\\"b"' in text
    assert "a" * 125 + '..."' in text and "a" * 126 not in text


def test_every_metric_has_a_query():
    assert all(metric.query and metric.help.endswith(".") for metric in partitions.METRICS)
