"""Reading statistics, licenses and reservations from slurmrestd: what is none of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from slurm_observability.slurm.command import SlurmError
from slurm_observability.slurm.licenses import License
from slurm_observability.slurm.reservations import Reservation
from slurm_observability.slurm.rest.licenses import parse_license, read_licenses
from slurm_observability.slurm.rest.reservations import parse_reservation, read_reservations
from slurm_observability.slurm.rest.scheduler import parse_statistics, read_statistics
from slurm_observability.slurm.scheduler import Calls

VERSION = "v0.0.41"
LICENSE = {"LicenseName": "matlab", "Total": 5, "Used": 2, "Free": 3}
RESERVATION = {"name": "weekly", "node_count": 1}
ANYTHING = st.none() | st.integers() | st.floats() | st.text() | st.lists(st.text() | st.integers())


def answer(slurmrestd, page, content):
    slurmrestd.answers(f"/slurm/{VERSION}/{page}", content)
    return slurmrestd.client(api_version=VERSION)


def test_everything_that_is_told_of_a_license():
    record = {**LICENSE, "Nodes": "n[1-2]", "Reserved": 1, "Remote": True}
    assert parse_license(record) == License("matlab", "n[1-2]", 5, 2, 3, 1, True)
    assert parse_license(LICENSE) == License("matlab", "", 5, 2, 3, 0, False)


@pytest.mark.parametrize("record", [None, 4, {}, {**LICENSE, "LicenseName": ""}, LICENSE])
def test_what_is_no_license_or_a_second_one_is_rejected(slurmrestd, record):
    licenses = read_licenses(answer(slurmrestd, "licenses", {"licenses": [LICENSE, record, record]}))
    assert [each.name for each in licenses.licenses] == ["matlab"]
    assert licenses.rejected_lines == 2


@pytest.mark.parametrize("key", ["LicenseName", "Total", "Used", "Free"])
def test_a_license_without_one_of_its_numbers_is_none(key):
    assert parse_license({**LICENSE, key: None}) is None


def test_licenses_of_which_none_can_be_read(slurmrestd):
    with pytest.raises(SlurmError, match="slurmrestd listed 2 licenses, and none of them can be read"):
        read_licenses(answer(slurmrestd, "licenses", {"licenses": [1, 2]}))
    assert read_licenses(answer(slurmrestd, "licenses", {"licenses": []})).licenses == ()


def test_everything_that_is_told_of_a_reservation():
    record = {**RESERVATION, "partition": "hpc", "flags": ["MAINT", "DAILY"], "start_time": 5, "end_time": 9}
    assert parse_reservation(record) == Reservation("weekly", "hpc", ("DAILY", "MAINT"), 5, 9, 1, 0)
    assert parse_reservation({"name": "x"}) == Reservation("x", "", (), None, None, 0, 0)


@pytest.mark.parametrize("record", [None, 4, {}, {"name": ""}, RESERVATION])
def test_what_is_no_reservation_or_a_second_one_is_rejected(slurmrestd, record):
    records = [RESERVATION, record, record]
    reservations = read_reservations(answer(slurmrestd, "reservations", {"reservations": records}))
    assert [each.name for each in reservations.reservations] == ["weekly"]
    assert reservations.rejected_lines == 2


def test_reservations_of_which_none_can_be_read(slurmrestd):
    with pytest.raises(SlurmError, match="slurmrestd listed 1 reservations, and none of them can be read"):
        read_reservations(answer(slurmrestd, "reservations", {"reservations": [None]}))
    assert read_reservations(answer(slurmrestd, "reservations", {"reservations": []})).reservations == ()


@pytest.mark.parametrize("content", [{}, {"statistics": []}, {"statistics": {}}, {"statistics": {"req_time": "now"}}])
def test_what_is_no_statistics(slurmrestd, content):
    with pytest.raises(SlurmError, match="slurmrestd shows no statistics of slurmctld"):
        read_statistics(answer(slurmrestd, "diag", content))


def test_calls_without_a_name_have_a_number_and_those_of_one_name_are_added_up():
    statistics = parse_statistics(
        {
            "rpcs_by_user": [
                {"user": "", "user_id": 1001, "count": 2, "total_time": 5},
                {"user": "alice", "user_id": 1002, "count": 1, "total_time": 3},
                {"user": "alice", "user_id": 1003, "count": 4, "total_time": 6},
                {"user": "", "count": 1},
                {"user": "bob"},
                "nobody",
            ],
            "rpcs_by_message_type": [{"type_id": 2009, "count": 3}],
            "pending_rpcs": [
                {"message_type": "REQUEST_PING", "type_id": 1008, "count": 7},
                {"message_type": "", "type_id": 1011, "count": 1},
                {"count": 1},
            ],
        }
    )
    assert statistics.calls == {"2009": Calls(3, 0)}
    assert statistics.user_calls == {"1001": Calls(2, 5), "alice": Calls(5, 9)}
    assert statistics.pending_calls == {"REQUEST_PING": 7, "1011": 1}
    assert statistics.rejected_lines == 4


@pytest.mark.parametrize(
    ("record", "mean"),
    [
        ({"bf_table_size_mean": 2}, 2),
        ({"bf_table_size_mean": 8, "bf_exit": {}}, None),
        ({"bf_table_size_mean": 8, "bf_exit": {}, "bf_table_size_sum": 6, "bf_cycle_counter": 3}, 2),
        ({"bf_table_size_mean": 8, "bf_exit": {}, "bf_table_size_sum": 5, "bf_cycle_counter": 2}, 2),
        ({"bf_table_size_mean": 8, "bf_exit": {}, "bf_cycle_counter": 3}, None),
        ({"bf_table_size_mean": 8, "bf_exit": {}, "bf_table_size_sum": 6}, None),
        ({"bf_table_size_mean": 8, "bf_exit": {}, "bf_table_size_sum": 0, "bf_cycle_counter": 0}, 0),
    ],
)
def test_the_mean_table_size_is_not_the_mean_queue_length(record, mean):
    assert parse_statistics(record).values.get("bf_mean_table_sz") == mean


@given(
    st.dictionaries(st.sampled_from(["LicenseName", "Total", "Used", "Free", "Reserved", "name", "flags"]), ANYTHING)
)
def test_any_record_has_an_answer(record):
    parse_license(record)
    parse_reservation(record)


@given(
    st.dictionaries(st.sampled_from(["bf_exit", "bf_active", "rpcs_by_user", "jobs_started", "pending_rpcs"]), ANYTHING)
)
def test_any_statistics_have_an_answer(statistics):
    parse_statistics(statistics)
