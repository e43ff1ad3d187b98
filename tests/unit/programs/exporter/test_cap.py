"""The cap on label values keeps the largest and says how many it held back."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from slurm_observability.exporter.cap import Cap
from slurm_observability.metrics.exposition import render


@given(st.dictionaries(st.text(max_size=3), st.integers(0, 5)), st.integers(0, 8))
def test_the_largest_pass(weights, limit):
    kept = Cap(limit).largest("m", weights)
    assert len(kept) == min(limit, len(weights))
    ranked = sorted(weights, key=lambda value: (-weights[value], value))
    assert kept == set(ranked[:limit])


def test_it_says_how_many_it_held_back():
    cap = Cap(2)
    assert not list(cap.families())
    cap.largest("slurm_user_jobs", {"alice": 1, "bob": 3, "carol": 2})
    cap.largest("slurm_account_jobs", {"research": 1})
    cut = [line for line in render(cap.families()).decode().splitlines() if not line.startswith("#")]
    assert cut == [
        'slurm_exporter_cut_label_values{metric="slurm_account_jobs"} 0',
        'slurm_exporter_cut_label_values{metric="slurm_user_jobs"} 1',
    ]
    cap.largest("slurm_user_jobs", {"alice": 1})
    assert b'{metric="slurm_user_jobs"} 0' in render(cap.families())
