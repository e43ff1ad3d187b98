"""The compact set of job ids."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from slurm_observability.exporter.job_ids import JobIdSet

ids = st.one_of(st.integers(0, 200), st.integers(0, 2**32 - 1))


@given(st.lists(ids), st.lists(ids))
def test_it_is_a_set(added, asked):
    compact, plain = JobIdSet(), set()
    for job_id in added:
        compact.add(job_id)
        plain.add(job_id)
    assert len(compact) == len(plain)
    assert all((job_id in compact) == (job_id in plain) for job_id in added + asked)


def test_half_a_million_ids_in_a_row_take_about_80_kilobytes():
    compact = JobIdSet()
    for job_id in range(1_000_000, 1_500_000):
        compact.add(job_id)
    assert len(compact) == 500_000
    assert sum(len(page) for page in compact._pages.values()) < 80_000
