"""Reading fair shares from what sshare prints."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from slurm_observability.slurm.command import SlurmError, SlurmRunner
from slurm_observability.slurm.fairshare import Association, parse_association, parse_fairshares, read_fairshares

# As Slurm 22.05.8, 24.11.5 and 26.05.5 print them with the fair tree algorithm.
LINES = """\
|0.000000|288||1.000000|||||root
1|0.500000|0|0.000000|0.000000|1.000000|inf||root| root
30|0.909091|99||0.000000||0.000000|||  physics
5|1.000000|99||0.000000|0.250000|1.500000||alice|   physics
5|1.000000|99||0.000000|0.250000|1.500000|hpc|alice|   physics
parent|1.000000|7||0.000000|0.125000|||bob|   physics
"""


def test_associations():
    answer = parse_fairshares(LINES.encode().splitlines())
    assert answer.rejected_lines == 0
    assert answer.associations == (
        Association("root", "", "", None, 0.0, 288, None, 1.0, None, None),
        Association("root", "root", "", 1, 0.5, 0, 0.0, 0.0, 1.0, math.inf),
        Association("physics", "", "", 30, 0.909091, 99, None, 0.0, None, 0.0),
        Association("physics", "alice", "", 5, 1.0, 99, None, 0.0, 0.25, 1.5),
        Association("physics", "alice", "hpc", 5, 1.0, 99, None, 0.0, 0.25, 1.5),
        Association("physics", "bob", "", None, 1.0, 7, None, 0.0, 0.125, None),
    )


def test_the_classic_algorithm_knows_no_level_and_weighs_accounts_too():
    lines = [b"1|0.500000|0|0.000000|0.000000|1.000000|0.000000||| research"]
    assert parse_fairshares(lines, fair_tree=False).associations == (
        Association("research", "", "", 1, 0.5, 0, 0.0, 0.0, 1.0, None),
    )


def test_an_account_may_be_named_anything():
    line = b'1|0.500000|0|0.000000|0.000000|1.000000|1.000000|p\xff|al\xff|  a|b "c" \xff|9'
    assert parse_association(line)[:3] == ('a|b "c" \ufffd|9', "al\ufffd", "p\ufffd")


def test_each_number_may_be_missing():
    assert parse_association(b"|||||||||physics") == Association("physics", "", "", *[None] * 7)


@pytest.mark.parametrize(
    "line", ["", "physics", "1|0.5|0|0.0|0.0|1.0|1.0||al|", "1|half|0|0.0|0.0|1.0|1.0||al|physics"]
)
def test_what_is_no_association(line):
    assert parse_association(line.encode()) is None


def test_the_second_of_the_same_is_rejected():
    line = b"1|0.500000|0|0.000000|0.000000|1.000000|inf||root| root"
    answer = parse_fairshares([line, line.replace(b"1|", b"2|"), line])
    assert (len(answer.associations), answer.associations[0].raw_shares, answer.rejected_lines) == (1, 1, 2)


def test_nothing_but_other_lines_is_an_error():
    with pytest.raises(SlurmError, match="1 lines, and none of them is an association"):
        parse_fairshares([b"sshare: something else"])
    assert parse_fairshares([]).associations == ()


def test_sshare_is_run(fake_slurm):
    fake_slurm.answers("sshare", LINES)
    assert read_fairshares(SlurmRunner(10), fair_tree=True) == parse_fairshares(LINES.encode().splitlines())
    classic = read_fairshares(SlurmRunner(10), fair_tree=False)
    assert {item.level_fairshare for item in classic.associations} == {None}
    assert fake_slurm.calls("sshare") == 2 * [
        "--all --parsable2 --noheader "
        "--format=RawShares,NormShares,RawUsage,NormUsage,EffectvUsage,FairShare,LevelFS,Partition,User,Account"
    ]


@given(st.lists(st.binary(max_size=80)))
def test_no_bytes_stop_it(lines):
    good = LINES.encode().splitlines()
    answer = parse_fairshares([*good, *lines])
    assert len(answer.associations) + answer.rejected_lines == len(good) + len(lines)
