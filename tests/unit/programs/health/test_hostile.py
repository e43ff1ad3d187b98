"""Whatever a checker prints, its parser says something about it or calls it unreadable."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from slurm_observability.health.active import dcgm_diag, nccl
from slurm_observability.health.adapters import dcgm, healthagent, nhc, script
from slurm_observability.health.answers import Answer
from slurm_observability.health.check import ANSWER, Check, NotInUse, Status, Unreadable, tidy

from tests.unit.programs.fuzz.hostile import FRAGMENTS, THOROUGH, mangled

SAMPLES = Path(__file__).parent / "samples"

outputs = (
    st.sampled_from([*(path.read_bytes() for path in sorted(SAMPLES.iterdir())), *FRAGMENTS])
    .flatmap(mangled)
    .map(lambda output: output.decode("utf-8", "replace"))
)
exits = st.integers(-64, 255)


@pytest.mark.parametrize("read", [healthagent.read, nhc.read, dcgm.read, partial(script.read, "x")])
@THOROUGH
@given(output=outputs, exit_status=exits)
def test_a_checker(read: Callable[[Answer], object], output: str, exit_status: int):
    try:
        checks = tidy((*read(Answer(output, exit_status)), Check(*ANSWER, Status.OK)))  # type: ignore[misc]
    except (Unreadable, NotInUse):
        return
    assert len(checks) > 1, "an answer without a check is not taken for one"


@THOROUGH
@given(log=outputs)
def test_a_log_of_aznhc(log: str):
    try:
        assert list(nhc.read_aznhc(log))
    except Unreadable:
        return


@pytest.mark.parametrize("read", [nccl.read, dcgm_diag.read])
@THOROUGH
@given(output=outputs)
def test_an_active_check(read: Callable, output: str):
    whole, *parts = read("x", output)
    assert whole.check == "x"
    assert not parts or whole.success == all(part.success for part in parts)
