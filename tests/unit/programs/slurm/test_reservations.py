"""Reading reservations from what scontrol prints."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from slurm_observability.slurm.command import SlurmError, SlurmRunner
from slurm_observability.slurm.reservations import (
    NO_RESERVATIONS,
    Reservation,
    parse_reservation,
    parse_reservations,
    read_reservations,
)

OLD = (  # Slurm 22.05.8
    "ReservationName=maint StartTime=1795269646 EndTime=1795276846 Duration=02:00:00 Nodes=cloud[1-10],node[1-2] "
    "NodeCnt=12 CoreCnt=96 Features=(null) PartitionName=(null) Flags=MAINT,IGNORE_JOBS,SPEC_NODES,ALL_NODES "
    "TRES=cpu=96 Users=root Groups=(null) Accounts=(null) Licenses=(null) State=INACTIVE BurstBuffer=(null) "
    "Watts=n/a MaxStartDelay=(null)"
)
CORES = (  # Slurm 24.11.5
    "ReservationName=floaty StartTime=1795273437 EndTime=1795277037 Duration=01:00:00 Nodes=node1 NodeCnt=1 CoreCnt=3 "
    "Features=(null) PartitionName=hpc Flags=TIME_FLOAT   NodeName=node1 CoreIDs=0-2 TRES=cpu=3 Users=root "
    "Groups=(null) Accounts=(null) Licenses=(null) State=INACTIVE BurstBuffer=(null) MaxStartDelay=(null)"
)
LICENSES = (  # Slurm 26.05.5, with a comment
    "ReservationName=lic StartTime=1795266373 EndTime=1795269973 Duration=01:00:00 Nodes=(null) NodeCnt=0 CoreCnt=0 "
    "Features=(null) PartitionName=(null) Flags=ANY_NODES TRES=(null) AllowedPartitions=(null) QOS=(null) Users=alice "
    "Groups=(null) Accounts=(null) Licenses=matlab:3 State=ACTIVE BurstBuffer=(null) MaxStartDelay=(null) "
    'Comment=for | "them" StartTime=5 EndTime=6 Duration=1 Nodes=n NodeCnt=7 CoreCnt=7 Features=a PartitionName=b '
    "Flags=c d"
)


def test_reservations_of_three_versions():
    lines = [line.encode() for line in (OLD, CORES, LICENSES)]
    assert parse_reservations(lines).reservations == (
        Reservation(
            "maint",
            "",
            ("ALL_NODES", "IGNORE_JOBS", "MAINT", "SPEC_NODES"),
            1795269646,
            1795276846,
            12,
            96,
        ),
        Reservation("floaty", "hpc", ("TIME_FLOAT",), 1795273437, 1795277037, 1, 3),
        Reservation("lic", "", ("ANY_NODES",), 1795266373, 1795269973, 0, 0),
    )


def test_active_is_from_the_start_to_the_end():
    item = parse_reservation(OLD.encode())
    times = (item.start - 1, item.start, item.end, item.end + 1)
    assert [item.active(now) for now in times] == [False, True, True, False]


def test_a_name_may_hold_what_looks_like_a_field():
    item = parse_reservation(OLD.replace("maint", "x State=ACTIVE y", 1).encode())
    assert (item.name, item.start) == ("x State=ACTIVE y", 1795269646)


@pytest.mark.parametrize("text", ["Unknown", "None", "0", "0001-01-01T00:00:00"])
def test_a_time_that_is_none_is_not_the_year_one(text):
    item = parse_reservation(OLD.replace("1795269646", text).encode())
    assert item.start is None
    assert not item.active(1795270000)


def test_no_flag_and_no_name_of_a_partition():
    item = parse_reservation(CORES.replace("TIME_FLOAT", "").encode())
    assert item.flags == ()


def test_no_reservation_is_an_answer():
    assert parse_reservations([NO_RESERVATIONS]).reservations == ()


@pytest.mark.parametrize("lines", [[], [b"ReservationName=x State=ACTIVE"]])
def test_no_readable_reservation_is_an_error(lines):
    with pytest.raises(SlurmError, match=rf"\({len(lines)} lines rejected\)"):
        parse_reservations(lines)


def test_lines_of_a_comment_are_passed_over_and_second_ones_rejected():
    answer = parse_reservations([OLD.encode(), b"the rest of a comment", OLD.encode(), OLD.encode()])
    assert (len(answer.reservations), answer.rejected_lines) == (1, 2)


def test_names_may_hold_any_byte():
    line = CORES.encode().replace(b"floaty", b"f\xff").replace(b"hpc", b"h\xff").replace(b"TIME_FLOAT", b"F\xff")
    item = parse_reservation(line)
    assert (item.name, item.partition, item.flags) == ("f\ufffd", "h\ufffd", ("F\ufffd",))


def test_scontrol_is_run(fake_slurm):
    fake_slurm.answers("scontrol", f"{OLD}\n{CORES}\n")
    assert len(read_reservations(SlurmRunner(10)).reservations) == 2
    assert fake_slurm.calls("scontrol") == ["--all --oneliner show reservations"]


@given(st.lists(st.binary(max_size=80)))
def test_no_bytes_stop_it(lines):
    assert parse_reservations([OLD.encode(), *lines]).reservations[0].name == "maint"
