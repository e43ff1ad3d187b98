"""The totals since the reset time equal what sacct counts over the whole period, whatever happens in between."""

from __future__ import annotations

import importlib.util
import random
import sys
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from slurm_observability.exporter.history import SUBMITTED
from slurm_observability.exporter.history_reader import DAY, DEEP_EVERY, HOUR, LONGEST_PIECE, OVERLAP, HistoryReader
from slurm_observability.exporter.topics.history import STATES
from slurm_observability.slurm.command import SlurmError

_spec = importlib.util.spec_from_file_location("accounting_model", Path(__file__).with_name("accounting_model.py"))
accounting_model = importlib.util.module_from_spec(_spec)
sys.modules["accounting_model"] = accounting_model
_spec.loader.exec_module(accounting_model)
Row, Slurmdbd = accounting_model.Row, accounting_model.Slurmdbd

START = 1_795_000_000
RESET = START - 3 * DAY
PARTITIONS = ("hpc", "htc")
FINAL = ("COMPLETED", "FAILED", "TIMEOUT", "NODE_FAIL", "CANCELLED", "PREEMPTED", "OUT_OF_MEMORY", "DEADLINE")


def expected(database, reset=RESET):
    states = {count.state: None if count.state == SUBMITTED else count.state for count in STATES}
    cluster = {name: database.count(reset, state) for name, state in states.items()}
    by_partition = {
        partition: {name: database.count(reset, state, partition) for name, state in states.items()}
        for partition in PARTITIONS
    }
    return cluster, by_partition


def assert_equal(totals, database, reset=RESET):
    cluster, by_partition = expected(database, reset)
    assert {state: totals.cluster.get(state, 0) for state in cluster} == cluster
    for partition, counts in by_partition.items():
        assert {state: totals.partitions.get(partition, {}).get(state, 0) for state in counts} == counts
    assert not any("," in name for name in totals.partitions)


def settle(reader):
    """Three cycles: they read what ended, what waits or runs, and what ended far back, in one order or the other."""
    for _ in range(2):
        reader.read()
    return reader.read()


def random_rows(number: int, seed: int = 1) -> list:
    dice = random.Random(seed)
    rows = []
    for job_id in range(1, number + 1):
        submit = START - dice.randrange(5 * DAY)
        for more_runs in reversed(range(dice.choice([1, 1, 1, 2, 3]))):  # requeued up to twice
            eligible = dice.choice([submit, submit, submit, 0, submit + DAY])
            end = min(START, submit + dice.randrange(DAY))
            if not more_runs:  # only the last run may still wait or run
                end = dice.choice([0, end])
            state = dice.choice(FINAL) if end else dice.choice(["PENDING", "RUNNING", "SUSPENDED", "FAILED"])
            if end and dice.random() < 0.05:  # a state that this sacct has no word for
                state, eligible = "?", submit
            rows.append(Row(job_id, submit, eligible, end, state, dice.choice(["hpc", "htc", "hpc,htc"])))
            submit += dice.randrange(1, HOUR)
    return rows


def test_the_first_reading_equals_sacct():
    database = Slurmdbd(START, random_rows(2000))
    assert_equal(HistoryReader(database, RESET, database.clock).read(), database)


def test_nothing_at_all_is_zero():
    database = Slurmdbd(START)
    assert_equal(HistoryReader(database, RESET, database.clock).read(), database)


def test_the_first_reading_goes_in_pieces_that_join_without_a_gap():
    database = Slurmdbd(START)
    HistoryReader(database, START - 180 * DAY, database.clock).read()
    assert database.queries.pop()[0] == "active"
    pieces = [query for query in database.queries if query[0] == "ended"]
    assert [query[1:] for query in database.queries if query[0] == "active"] == [query[1:] for query in pieces]
    assert pieces[0][1] == START - 180 * DAY and pieces[-1][2] == START
    assert all(earlier[2] == later[1] for earlier, later in pairwise(pieces))
    assert all(end - start <= LONGEST_PIECE for _, start, end in pieces)


def test_a_slow_database_is_asked_for_smaller_pieces_and_the_first_reading_still_ends():
    database = Slurmdbd(START)

    def clock():
        database.now += 30  # every look at the clock is half a minute later
        return float(database.now)

    HistoryReader(database, RESET, clock).read()
    assert all(end - start <= DAY for kind, start, end in database.queries if kind == "ended")


def test_a_first_reading_that_breaks_off_goes_on_where_it_stopped():
    database = Slurmdbd(START, random_rows(500))
    reader = HistoryReader(database, RESET, database.clock)
    good, calls = database.ended, 0

    def second_fails(start, end):
        nonlocal calls
        calls += 1
        if calls == 2:
            raise SlurmError("sacct did not answer within 30 seconds")
        yield from good(start, end)

    database.ended = second_fails
    with pytest.raises(SlurmError):
        reader.read()
    assert_equal(reader.read(), database)
    assert [query[:2] for query in database.queries].count(("ended", RESET)) == 1


def test_after_the_first_reading_the_windows_do_not_depend_on_the_reset_time():
    lengths = []
    for days in (1, 180):
        database = Slurmdbd(START)
        reader = HistoryReader(database, START - days * DAY, database.clock)
        reader.read()
        database.queries.clear()
        for _ in range(20):
            database.now += 15
            reader.read()
        lengths.append([(kind, end - start) for kind, start, end in database.queries])
    assert lengths[0] == lengths[1]
    assert len(lengths[0]) == 20, "one sacct per cycle"
    assert max(length for _, length in lengths[0]) <= OVERLAP + 60


def test_a_run_that_ends_on_the_edge_of_a_window_counts_once():
    database = Slurmdbd(START, [Row(7, START - 50, START - 50, START, "COMPLETED", "hpc")])
    reader = HistoryReader(database, RESET, database.clock)
    for _ in range(4):
        assert reader.read().cluster["COMPLETED"] == 1
        database.now += 15


def test_records_that_come_late_after_an_outage_are_counted():
    database = Slurmdbd(START)
    reader = HistoryReader(database, RESET, database.clock)
    settle(reader)
    database.down = True
    for _ in range(12):
        database.now += 300
        with pytest.raises(SlurmError):
            reader.read()
    database.down = False
    settle(reader)
    # slurmctld sends what it kept some minutes after slurmdbd is back: a job that began and ended in the outage.
    database.now += 120
    database.rows.append(Row(9, START + 100, START + 100, START + 400, "FAILED", "htc"))
    assert_equal(settle(reader), database)


def test_records_that_come_hours_late_are_counted_within_an_hour():
    database = Slurmdbd(START)
    reader = HistoryReader(database, RESET, database.clock)
    settle(reader)
    database.rows.append(Row(9, START - 9 * HOUR, START - 9 * HOUR, START - 8 * HOUR, "FAILED", "htc"))
    assert settle(reader).cluster.get("FAILED", 0) == 0
    database.now += DEEP_EVERY
    assert_equal(settle(reader), database)


def test_records_that_slurmdbd_purges_stay_counted():
    database = Slurmdbd(START, random_rows(100))
    reader = HistoryReader(database, RESET, database.clock)
    before = settle(reader).cluster
    database.rows.clear()
    database.now += DEEP_EVERY
    after = settle(reader).cluster
    assert after["COMPLETED"] == before["COMPLETED"]


def test_a_run_is_counted_from_the_second_after_it_would_have_begun():
    # Recorded from 24.11: sbatch --begin, then scancel. It ended before it was eligible.
    database = Slurmdbd(START, [Row(61, START - 10, START + 60, START - 5, "CANCELLED", "hpc")])
    reader = HistoryReader(database, RESET, database.clock)
    assert settle(reader).cluster == {"CANCELLED": 1, "SUBMITTED": 0}
    for _ in range(3):
        database.now += 30
        assert_equal(settle(reader), database)
    assert settle(reader).cluster["SUBMITTED"] == 1


def test_every_piece_of_a_resized_job_counts():
    rows = [
        Row(65, START - 90, START - 90, START - 60, "RESIZING", "hpc"),
        Row(65, START - 60, START - 60, START - 30, "RESIZING", "hpc"),
        Row(65, START - 30, START - 30, 0, "RUNNING", "hpc"),
    ]
    database = Slurmdbd(START, rows)
    totals = HistoryReader(database, RESET, database.clock).read()
    assert totals.cluster[SUBMITTED] == 3
    assert_equal(totals, database)


def test_the_end_of_a_suspended_job_that_is_cancelled_lies_far_back():
    # Recorded from 24.11: the end of such a job is the moment at which it was suspended.
    job = Row(64, START - 2 * DAY, START - 2 * DAY, 0, "RUNNING", "hpc")
    database = Slurmdbd(START, [job])
    reader = HistoryReader(database, RESET, database.clock)
    assert_equal(settle(reader), database)
    job.state, job.end = "CANCELLED", START - 2 * DAY + 100
    database.now += 30
    assert_equal(settle(reader), database)
    database.now += 30
    database.queries.clear()
    settle(reader)
    assert all(end - start <= OVERLAP + 60 for _, start, end in database.queries), "it looks back once"


class Cluster(RuleBasedStateMachine):
    """Jobs come, run, end, are held, requeued and moved, slurmdbd fails now and then; the totals stay sacct's."""

    def __init__(self):
        super().__init__()
        self.database = Slurmdbd(START, random_rows(30, seed=3))
        self.reader = HistoryReader(self.database, RESET, self.database.clock)
        self.totals = settle(self.reader)
        self.job_id = 1000

    def live(self):
        return [row for row in self.database.rows if row.end == 0]

    @rule(eligible=st.sampled_from(["now", "never", "later"]), partition=st.sampled_from(["hpc", "htc", "hpc,htc"]))
    def submit(self, eligible, partition):
        self.job_id += 1
        now = self.database.now
        moment = {"now": now, "never": 0, "later": now + 40}[eligible]
        self.database.rows.append(Row(self.job_id, now, moment, 0, "PENDING", partition))

    @rule(data=st.data(), state=st.sampled_from(FINAL))
    def end(self, data, state):
        if live := self.live():
            row = data.draw(st.sampled_from(live))
            row.end, row.state = self.database.now, state
            row.partition = row.partition.split(",")[0] if row.eligible else row.partition

    @rule(data=st.data(), state=st.sampled_from(["REQUEUED", "NODE_FAIL", "PREEMPTED"]))
    def requeue(self, data, state):
        if live := self.live():
            row = data.draw(st.sampled_from(live))
            row.end, row.state = self.database.now, state
            again = self.database.now + 1
            self.database.rows.append(Row(row.job_id, again, again, 0, "PENDING", row.partition))

    @rule(data=st.data(), seconds=st.integers(0, 2 * DAY))
    def cancel_a_suspended_job(self, data, seconds):
        if running := [row for row in self.live() if row.eligible and row.state == "RUNNING"]:
            row = data.draw(st.sampled_from(running))
            row.end, row.state = max(row.eligible + 1, self.database.now - seconds), "CANCELLED"

    @rule(data=st.data())
    def begin(self, data):
        waiting = [row for row in self.live() if row.state == "PENDING" and 0 < row.eligible < self.database.now]
        if waiting:
            row = data.draw(st.sampled_from(waiting))
            row.state, row.partition = "RUNNING", row.partition.split(",")[0]

    @rule(data=st.data())
    def hold(self, data):
        if live := self.live():
            data.draw(st.sampled_from(live)).eligible = 0

    @rule(seconds=st.integers(1, 120))
    def time_passes(self, seconds):
        self.database.now += seconds

    @rule()
    def slurmdbd_fails_for_a_cycle(self):
        self.database.down = True
        with pytest.raises(SlurmError):
            self.reader.read()
        self.database.down = False

    @invariant()
    def totals_are_those_of_sacct(self):
        assert_equal(settle(self.reader), self.database)


Cluster.TestCase.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
TestCluster = Cluster.TestCase
