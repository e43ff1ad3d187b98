"""Fair shares as metrics."""

from __future__ import annotations

import math

from slurm_observability.exporter.cap import Cap
from slurm_observability.exporter.topics.fairshare import families
from slurm_observability.slurm.fairshare import Association, FairShares

from tests.unit.programs.exporter.shown import SCENE, shown

ANSWER = FairShares(
    (
        Association("physics", "", "", 30, 0.9, 99, None, 0.0, None, 0.0),
        Association("physics", "alice", "", 5, 1.0, 99, 0.5, 0.25, 0.75, math.inf),
        Association("physics", "alice", "hpc", 5, 1.0, 9, 0.5, 0.25, 0.5, 2.0),
        Association("physics", "bob", "", None, 1.0, 100, 0.5, 0.25, 0.125, 1.0),
    )
)


def test_accounts_and_users():
    samples = shown(families(ANSWER, SCENE, Cap(10)))
    assert samples['slurm_association_raw_shares{account="physics"}'] == 30
    assert samples['slurm_association_raw_usage_seconds{account="physics"}'] == 99
    assert samples['slurm_association_fairshare{account="physics",username="alice"}'] == 0.75
    assert samples['slurm_association_fairshare{account="physics",partition="hpc",username="alice"}'] == 0.5
    assert samples['slurm_association_level_fairshare{account="physics",username="alice"}'] == math.inf
    assert samples['slurm_association_norm_usage{account="physics",username="bob"}'] == 0.5


def test_what_slurm_leaves_out_is_absent():
    samples = shown(families(ANSWER, SCENE, Cap(10)))
    assert 'slurm_association_fairshare{account="physics"}' not in samples
    assert 'slurm_association_norm_usage{account="physics"}' not in samples
    assert 'slurm_association_raw_shares{account="physics",username="bob"}' not in samples
    assert len(samples) == 4 * 7 - 3


def test_users_that_used_most_stay():
    cap = Cap(1)
    samples = shown(families(ANSWER, SCENE, cap))
    assert {name for name in samples if "bob" in name} == set()
    assert 'slurm_association_fairshare{account="physics",partition="hpc",username="alice"}' in samples
    assert shown(cap.families()) == {'slurm_exporter_cut_label_values{metric="slurm_association_raw_shares"}': 1}
