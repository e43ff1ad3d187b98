"""Reading licenses from what scontrol prints."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from slurm_observability.slurm.command import SlurmError, SlurmRunner
from slurm_observability.slurm.licenses import NO_LICENSES, License, parse_licenses, read_licenses

# Slurm 22.05.8 prints no more than the first lines have; the second is of 24.11.5, the last ones of 26.05.
LINES = """\
LicenseName=matlab Total=10 Used=2 Free=8 Reserved=3 Remote=no
LicenseName=fluent@flexhost Total=10 Used=0 Free=9 Reserved=0 Remote=yes \
LastConsumed=1 LastDeficit=1 LastUpdate=1795266221
LicenseName=power Total=30 Used=1 Free=29 Reserved=0 Remote=no Nodes=node[1-2] Mode=1
LicenseName=power Total=20 Used=1 Free=19 Reserved=0 Remote=no Nodes=node[3-4] Mode=1
"""


def test_licenses():
    answer = parse_licenses(LINES.encode().splitlines())
    assert answer.rejected_lines == 0
    assert answer.licenses == (
        License("matlab", "", 10, 2, 8, 3, False),
        License("fluent@flexhost", "", 10, 0, 9, 0, True),
        License("power", "node[1-2]", 30, 1, 29, 0, False),
        License("power", "node[3-4]", 20, 1, 19, 0, False),
    )


def test_no_license_is_an_answer():
    assert parse_licenses([NO_LICENSES]).licenses == ()
    assert parse_licenses([NO_LICENSES, b"garbage"]).rejected_lines == 1


@pytest.mark.parametrize("lines", [[], [b"LicenseName=matlab Total=ten Used=2 Free=8 Reserved=3 Remote=no"]])
def test_no_readable_license_is_an_error(lines):
    with pytest.raises(SlurmError, match=rf"\({len(lines)} lines rejected\)"):
        parse_licenses(lines)


def test_the_second_of_the_same_is_rejected():
    line = LINES.encode().splitlines()[0]
    answer = parse_licenses([line, line, line])
    assert (len(answer.licenses), answer.rejected_lines) == (1, 2)


def test_names_may_hold_any_byte():
    line = LINES.encode().splitlines()[2].replace(b"power", b"p\xff r").replace(b"[1-2]", b"\xff")
    assert parse_licenses([line]).licenses[0][:2] == ("p\ufffd r", "node\ufffd")


def test_nodes_that_are_not_named_are_none():
    line = b"LicenseName=power Total=30 Used=1 Free=29 Reserved=0 Remote=no Nodes=(null) Mode=1"
    assert parse_licenses([line]).licenses[0].nodes == ""


def test_scontrol_is_run(fake_slurm):
    fake_slurm.answers("scontrol", LINES)
    assert len(read_licenses(SlurmRunner(10)).licenses) == 4
    assert fake_slurm.calls("scontrol") == ["--oneliner show licenses"]


@given(st.lists(st.binary(min_size=1, max_size=80).filter(lambda line: line != NO_LICENSES)))
def test_no_bytes_stop_it(lines):
    good = LINES.encode().splitlines()
    answer = parse_licenses([*good, *lines])
    assert len(answer.licenses) + answer.rejected_lines == len(good) + len(lines)
