"""GPUs among generic resources."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from slurm_observability.slurm.gpus import Gpus, read_gpus


@pytest.mark.parametrize(
    ("gres", "used", "expected"),
    [
        ("", "", Gpus()),
        ("(null)", "", Gpus()),
        ("gpu:a100:2(S:0),gpu:a100:2(S:1)", "gpu:a100:1(IDX:0),gpu:a100:2(IDX:2-3)", Gpus(4, 3, (("a100", 4, 3),))),
        ("gpu:4", "gpu:0", Gpus(4, 0, (("", 4, 0),))),
        ("gpu", "gpu:1", Gpus(1, 1, (("", 1, 1),))),
        ("gpu:a100", "gpu:a100:0", Gpus(1, 0, (("a100", 1, 0),))),
        ("gpu:tesla:no_consume:4", "gpu:tesla:0", Gpus(4, 0, (("tesla", 4, 0),))),
        ("gpu:4090:2", "gpu:4090:1(IDX:0)", Gpus(2, 1, (("4090", 2, 1),))),
        ("gpu:a100:8(S:0-1),nic:1", "gpu:a100:3(IDX:0,3,7),nic:1", Gpus(8, 3, (("a100", 8, 3),))),
        # Recorded from 22.05.8, with slices of a GPU as types, and shards.
        (
            "gpu:a100:2,gpu:1g.5gb:2,shard:a100:4,shard:1g.5gb:4",
            "gpu:a100:1(IDX:0),gpu:1g.5gb:2(IDX:2-3),shard:a100:1(IDX:1),shard:1g.5gb:0(IDX:N/A)",
            Gpus(4, 3, (("1g.5gb", 2, 2), ("a100", 2, 1))),
        ),
        ("gpu:2,mps:200,shard:8", "gpu:0,mps:100(100/100,0/100),shard:1(1/4,-/4)", Gpus(2, 0, (("", 2, 0),))),
        # slurm.conf says how many, only gres.conf says of which type.
        ("gpu:4", "gpu:a100:1(IDX:0),gpu:h100:2(IDX:1-2)", Gpus(4, 3, (("", 4, 3),))),
        ("nic:gpu:2,mygpu:3", "gpu", Gpus(0, 1, ())),
    ],
)
def test_gpus(gres, used, expected):
    assert read_gpus(gres, used) == expected


@given(st.text(alphabet="gpushard:,()IDX0123456789 -/é"), st.text(alphabet="gpu:,()IDX0123456789 -/é"))
def test_the_types_add_up_to_the_total(gres, used):
    gpus = read_gpus(gres, used)
    assert sum(total for _name, total, _allocated in gpus.types) == gpus.total
    assert all(total >= 0 and allocated >= 0 for _name, total, allocated in gpus.types)
