"""Licenses as metrics."""

from __future__ import annotations

from slurm_observability.exporter.cap import Cap
from slurm_observability.exporter.topics.licenses import families
from slurm_observability.slurm.licenses import License, Licenses

from tests.unit.programs.exporter.shown import SCENE, shown

ANSWER = Licenses(
    (
        License("matlab", "", 10, 2, 8, 3, False),
        License("power", "node[1-2]", 30, 1, 29, 0, False),
        License("power", "node[3-4]", 20, 2, 18, 0, True),
    )
)


def test_licenses():
    samples = shown(families(ANSWER, SCENE, Cap(10)))
    assert {name: value for name, value in samples.items() if "matlab" in name} == {
        'slurm_licenses{license="matlab"}': 10,
        'slurm_licenses_used{license="matlab"}': 2,
        'slurm_licenses_free{license="matlab"}': 8,
        'slurm_licenses_reserved{license="matlab"}': 3,
        'slurm_license_remote{license="matlab"}': 0,
    }
    assert samples['slurm_license_remote{license="power",nodes="node[3-4]"}'] == 1
    assert len(samples) == 15


def test_the_licenses_of_which_most_are_used_stay():
    samples = shown(families(ANSWER, SCENE, Cap(1)))
    assert len(samples) == 10
    assert {name for name in samples if "matlab" in name} == set()
