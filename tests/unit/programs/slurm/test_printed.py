"""Text and times as Slurm's commands print them."""

from __future__ import annotations

import pytest
from slurm_observability.slurm.printed import decode, epoch


def test_any_byte_can_be_shown():
    assert decode(b"a\xff\xc3\xa9") == "a\ufffd\u00e9"


@pytest.mark.parametrize("text", ["0", "", "Unknown", "None", "N/A", "-1", "1.5", "0001-01-01T00:00:00"])
def test_a_time_that_is_none(text):
    assert epoch(text.encode()) is None


def test_a_time():
    assert epoch(b"1795266368") == 1795266368
