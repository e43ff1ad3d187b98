"""Reading lists of trackable resources."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from slurm_observability.slurm.tres import Tres, memory_bytes, parse_tres

MIB = 1 << 20


@pytest.mark.parametrize(
    ("text", "tres"),
    [
        # Recorded from Slurm 22.05.8, 24.11.5 and 26.05.5.
        ("cpu=8,mem=8000M,billing=8,gres/gpu=4", Tres(8, 0, 4, 8000 * MIB)),
        ("cpu=1,mem=62.50G,node=1,billing=1", Tres(1, 1, 0, 64000 * MIB)),
        ("cpu=16,mem=16000M,node=2,billing=16,gres/gpu=8", Tres(16, 2, 8, 16000 * MIB)),
        ("gres/gpu=4,gres/gpu:a100=4,gres/gpumem=80G", Tres(gpus=4)),
        ("gres/gpu:a100=4,gres/gpu:h100=2,gres/gpu_shard=9", Tres(gpus=6)),
        ("", Tres()),
        ("(null)", Tres()),
        ("cpu=many,mem=-1,node=", Tres()),
    ],
)
def test_resources(text, tres):
    assert parse_tres(text) == tres


@pytest.mark.parametrize(
    ("text", "size"),
    [("8000", 8000 * MIB), ("1K", 1024), ("1.5M", 1536 * 1024), ("2T", 2 << 40), ("1P", 1 << 50), ("x", 0), ("", 0)],
)
def test_sizes_of_memory(text, size):
    assert memory_bytes(text) == size


@given(st.text())
def test_any_text_has_an_answer(text):
    assert min(parse_tres(text)) >= 0
