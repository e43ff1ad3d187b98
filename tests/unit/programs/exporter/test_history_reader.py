"""The totals since the reset time equal what sacct counts over the whole period, whatever happens in between."""

from __future__ import annotations

import random
import time
from collections import Counter
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from accounting_model import Row, Slurmdbd
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from slurm_observability.exporter.history.origin import Origin
from slurm_observability.exporter.history.reader import (
    DAY,
    DEEP_EVERY,
    HOUR,
    LONGEST_PIECE,
    OVERLAP,
    SETTLE,
    HistoryReader,
)
from slurm_observability.exporter.history.store import RunStore
from slurm_observability.exporter.history.totals import CPU_SECONDS, GPUS, RUN, SUBMITTED, WAIT, one_partition
from slurm_observability.exporter.topics.history import STATES
from slurm_observability.slurm.command import SlurmError, Stopping

START = 1_795_000_000
RESET = START - 3 * DAY
PARTITIONS = ("hpc", "htc")
FINAL = ("COMPLETED", "FAILED", "TIMEOUT", "NODE_FAIL", "CANCELLED", "PREEMPTED", "OUT_OF_MEMORY", "DEADLINE")


def reader_of(database, reset=RESET, directory=None, clock=None):
    """Return a reader of the model, and of a kept history where a directory is given."""
    origin = Origin("lab", "3 days ago", reset, ("account", "user"))
    return HistoryReader(database, RunStore(directory), lambda: origin, clock or database.clock)


def expected_jobs(database, reset=RESET):
    states = {count.state: None if count.state == SUBMITTED else count.state for count in STATES}
    cluster = {name: database.count(reset, state) for name, state in states.items()}
    by_partition = {
        partition: {name: database.count(reset, state, partition) for name, state in states.items()}
        for partition in PARTITIONS
    }
    return cluster, by_partition


def assert_equal(totals, database, reset=RESET):
    """Compare with the model's sacct: jobs without --duplicates, runs with it."""
    cluster, by_partition = expected_jobs(database, reset)
    assert {state: totals.cluster.get(state, 0) for state in cluster} == cluster
    for partition, counts in by_partition.items():
        assert {state: totals.partitions.get(partition, {}).get(state, 0) for state in counts} == counts
    assert not any("," in name for name in totals.partitions)
    assert_runs_equal(totals, database.ended_runs(reset, database.now))


def assert_runs_equal(totals, runs):
    ended = {
        "partition": Counter((one_partition(run.kind.partition), run.kind.state) for run in runs),
        "account": Counter((run.kind.account, run.kind.state) for run in runs),
        "user": Counter((run.kind.user, run.kind.state) for run in runs),
    }
    assert {label: dict(totals.runs.get(label, {})) for label in ended} == ended
    for what, values in {
        RUN: [(run, run.elapsed) for run in runs if run.start],
        WAIT: [(run, run.start - run.eligible) for run in runs if run.start and run.eligible],
        GPUS: [(run, run.kind.allocated.gpus) for run in runs if run.start],
    }.items():
        histograms = totals.histograms[what]
        observed = Counter(one_partition(run.kind.partition) for run, _value in values)
        assert {name: sum(histogram.counts) for name, histogram in histograms.items()} == observed
        assert sum(histogram.total for histogram in histograms.values()) == sum(value for _run, value in values)
    cpu_seconds = sum(run.elapsed * run.kind.allocated.cpus for run in runs if run.start)
    assert sum(totals.sums.get(CPU_SECONDS, {}).values()) == cpu_seconds


def settle(reader):
    """Three cycles: they read what ended, what waits or runs, and what ended far back, in one order or the other."""
    for _ in range(2):
        reader.read()
    return reader.read()


def outage(reader, database, looks, seconds):
    """Slurmdbd is away while the reader asks so many times, each so many seconds later."""
    database.down = True
    for _ in range(looks):
        database.now += seconds
        with pytest.raises(SlurmError):
            reader.read()
    database.down = False


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
            begun = state != "PENDING" and 0 < eligible < (end or START)
            start = dice.randrange(eligible, end or START) if begun else 0
            partition = dice.choice(PARTITIONS if begun else ["hpc", "htc", "hpc,htc"])
            user = dice.choice(["alice", "bob"])
            rows.append(Row(job_id, submit, eligible, end, state, partition, start, user))
            submit += dice.randrange(1, HOUR)
    return rows


def test_the_first_reading_equals_sacct():
    database = Slurmdbd(START, random_rows(2000))
    assert_equal(reader_of(database).read(), database)


def test_a_state_that_sacct_has_no_word_for_counts_where_it_is_seen():
    def ended(job_id, end):
        return Row(job_id, RESET + HOUR, RESET + HOUR, end, "?", "hpc", RESET + 2 * HOUR)

    database = Slurmdbd(START, [ended(1, START - DAY)])
    reader = reader_of(database)
    assert reader.read().runs["partition"] == {}
    database.rows.append(ended(2, START - 5))
    for _ in range(2):
        assert settle(reader).runs["partition"] == {("hpc", "?"): 1}


def test_who_becomes_the_standby_reads_no_further():
    database = Slurmdbd(START, random_rows(100))
    wanted = iter([True, False])
    origin = Origin("lab", "3 days ago", RESET)
    reader = HistoryReader(database, RunStore(), lambda: origin, database.clock, lambda: next(wanted))
    with pytest.raises(Stopping, match="standby"):
        reader.read()
    assert (reader.progress.cursor, reader.progress.complete) == (RESET + DAY, False)


def test_the_journal_tells_how_far_the_first_reading_is(caplog):
    caplog.set_level("INFO", "slurm_observability.exporter.history.reader")
    database = Slurmdbd(START)
    settle(reader_of(database, START - 10 * DAY))
    moments = [datetime.fromtimestamp(START - days * DAY).astimezone().isoformat(sep=" ") for days in (10, 9, 7, 3, 0)]
    assert caplog.messages == [
        f"reading the job history from {moments[0]} on",
        *(f"read the job history up to {moment}" for moment in moments[1:]),
        "the job history is complete after 0.0 s",
    ]


def test_nothing_at_all_is_zero():
    database = Slurmdbd(START)
    assert_equal(reader_of(database).read(), database)


def test_the_first_reading_goes_in_pieces_that_join_without_a_gap():
    database = Slurmdbd(START)
    reader_of(database, START - 180 * DAY).read()
    # For a window in the past slurmdbd would read its whole table to say what was active.
    assert database.queries.pop() == ("active", START - OVERLAP, START)
    pieces = list(database.queries)
    assert {kind for kind, _start, _end in pieces} == {"ended"}
    assert pieces[0][1] == START - 180 * DAY and pieces[-1][2] == START
    assert all(earlier[2] == later[1] for earlier, later in pairwise(pieces))
    assert all(end - start <= LONGEST_PIECE for _, start, end in pieces)


def test_a_slow_database_is_asked_for_smaller_pieces_and_the_first_reading_still_ends():
    database = Slurmdbd(START)

    def clock():
        database.now += 30  # every look at the clock is half a minute later
        return float(database.now)

    reader_of(database, clock=clock).read()
    assert all(end - start <= DAY for kind, start, end in database.queries if kind == "ended")


def test_a_first_reading_that_breaks_off_goes_on_where_it_stopped():
    database = Slurmdbd(START, random_rows(500))
    reader = reader_of(database)
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
        reader = reader_of(database, START - days * DAY)
        reader.read()
        database.queries.clear()
        for _ in range(20):
            database.now += 15
            reader.read()
        lengths.append([(kind, end - start) for kind, start, end in database.queries])
    assert lengths[0] == lengths[1]
    assert len(lengths[0]) == 20, "one sacct per cycle"
    assert max(length for _, length in lengths[0]) <= OVERLAP + 60


def test_once_an_hour_a_window_reaches_back_a_day():
    database = Slurmdbd(START)
    reader = reader_of(database, START - 30 * DAY)
    settle(reader)
    database.queries.clear()
    database.now += DEEP_EVERY
    for _ in range(6):
        reader.read()
        database.now += 15
    first, *later = [end - start for kind, start, end in database.queries if kind == "ended"]
    assert first == DAY
    assert len(later) == 2 and max(later) < OVERLAP + 60


def test_each_outage_is_looked_back_to_and_no_further():
    database = Slurmdbd(START)
    reader = reader_of(database)
    for _outage in range(2):
        settle(reader)
        began = database.now
        outage(reader, database, looks=2, seconds=15)
        database.queries.clear()
        settle(reader)
        assert min(start for _, start, _ in database.queries) == began - OVERLAP
        database.now += SETTLE


def test_a_run_that_ends_on_the_edge_of_a_window_counts_once():
    database = Slurmdbd(START, [Row(7, START - 50, START - 50, START, "COMPLETED", "hpc")])
    reader = reader_of(database)
    for _ in range(4):
        assert reader.read().cluster["COMPLETED"] == 1
        database.now += 15


def test_records_that_come_late_after_an_outage_are_counted():
    database = Slurmdbd(START)
    reader = reader_of(database)
    settle(reader)
    outage(reader, database, looks=12, seconds=300)
    settle(reader)
    # slurmctld sends what it kept some minutes after slurmdbd is back: a job that began and ended in the outage.
    database.now += 120
    database.rows.append(Row(9, START + 100, START + 100, START + 400, "FAILED", "htc"))
    assert_equal(settle(reader), database)


def test_records_that_come_hours_late_are_counted_within_an_hour():
    database = Slurmdbd(START)
    reader = reader_of(database)
    settle(reader)
    database.rows.append(Row(9, START - 9 * HOUR, START - 9 * HOUR, START - 8 * HOUR, "FAILED", "htc"))
    assert settle(reader).cluster.get("FAILED", 0) == 0
    database.now += DEEP_EVERY
    assert_equal(settle(reader), database)


def test_records_that_slurmdbd_purges_stay_counted():
    database = Slurmdbd(START, random_rows(100))
    reader = reader_of(database)
    before = settle(reader).cluster
    database.rows.clear()
    database.now += DEEP_EVERY
    after = settle(reader).cluster
    assert after["COMPLETED"] == before["COMPLETED"]


def test_a_run_is_counted_from_the_second_after_it_would_have_begun():
    # Recorded from 24.11: sbatch --begin, then scancel. It ended before it was eligible.
    database = Slurmdbd(START, [Row(61, START - 10, START + 60, START - 5, "CANCELLED", "hpc")])
    reader = reader_of(database)
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
    totals = reader_of(database).read()
    assert totals.cluster[SUBMITTED] == 3
    assert_equal(totals, database)


def test_the_end_of_a_suspended_job_that_is_cancelled_lies_far_back():
    # Recorded from 24.11: the end of such a job is the moment at which it was suspended.
    job = Row(64, START - 2 * DAY, START - 2 * DAY, 0, "RUNNING", "hpc", START - 2 * DAY)
    database = Slurmdbd(START, [job])
    reader = reader_of(database)
    assert_equal(settle(reader), database)
    job.state, job.end = "CANCELLED", START - 2 * DAY + 100
    database.now += 30
    assert_equal(settle(reader), database)
    database.now += 30
    database.queries.clear()
    settle(reader)
    assert all(end - start <= OVERLAP + 60 for _, start, end in database.queries), "it looks back once"


def test_the_same_moment_may_be_read_by_two_that_share_the_file(tmp_path):
    # It should not happen; where two controllers both think that they are the active one it does no harm.
    database = Slurmdbd(START, random_rows(50))
    readers = [reader_of(database, directory=tmp_path) for _ in range(2)]
    for reader in readers:
        assert_equal(settle(reader), database)
    database.rows.append(Row(900, START, START, START + 5, "FAILED", "hpc", START))
    database.now += 15
    for reader in readers:
        assert_equal(settle(reader), database)


def test_after_a_restart_only_the_gap_is_read(tmp_path):
    database = Slurmdbd(START, random_rows(300))
    settle(reader_of(database, directory=tmp_path))
    database.queries.clear()
    database.now += 2 * HOUR
    database.rows.append(Row(901, START + 100, START + 100, START + 400, "FAILED", "htc", START + 200))
    reader = reader_of(database, directory=tmp_path)
    assert reader.progress is None
    assert_equal(reader.read(), database)
    assert min(start for _, start, _ in database.queries) == START - OVERLAP
    assert (reader.progress.complete, reader.progress.ratio) == (True, 1.0)


def test_what_ended_while_the_exporter_was_down_is_found_though_its_end_lies_far_back(tmp_path):
    job = Row(64, START - 2 * DAY, START - 2 * DAY, 0, "RUNNING", "hpc", START - 2 * DAY)
    database = Slurmdbd(START, [job])
    settle(reader_of(database, directory=tmp_path))
    job.state, job.end = "CANCELLED", START - 2 * DAY + 100
    database.now += 30
    assert_equal(settle(reader_of(database, directory=tmp_path)), database)


def test_kept_totals_are_there_while_slurmdbd_is_away(tmp_path):
    database = Slurmdbd(START, random_rows(100))
    reader = reader_of(database, directory=tmp_path)
    assert reader.kept() is None
    totals = settle(reader)
    database.down = True
    reader = reader_of(database, directory=tmp_path)
    with pytest.raises(SlurmError):
        reader.read()
    assert reader.kept() == totals
    (tmp_path / "history.db").write_bytes(b"no database" * 1000)
    reader = reader_of(database, directory=tmp_path)
    with pytest.raises(SlurmError):
        reader.read()
    assert reader.kept() is None, "what is read anew is not whole"


def test_the_journal_says_once_what_is_tried_again_and_again(caplog):
    caplog.set_level("INFO")
    database = Slurmdbd(START)
    database.down = True
    reader = reader_of(database)
    for _ in range(3):
        database.now += 60
        with pytest.raises(SlurmError):
            reader.read()
    assert len([line for line in caplog.messages if line.startswith("reading the job history")]) == 1


def test_an_outage_is_remembered_over_a_restart(tmp_path):
    database = Slurmdbd(START)
    reader = reader_of(database, directory=tmp_path)
    settle(reader)
    database.down = True
    for _ in range(12):
        database.now += 300
        with pytest.raises(SlurmError):
            reader.read()
    database.down = False
    reader = reader_of(database, directory=tmp_path)
    settle(reader)
    database.now += 120
    database.rows.append(Row(9, START + 100, START + 100, START + 400, "FAILED", "htc", START + 100))
    assert_equal(settle(reader), database)


def test_progress_while_the_history_is_read_for_the_first_time(tmp_path):
    database = Slurmdbd(START, random_rows(100))
    reader = reader_of(database, START - 100 * DAY, tmp_path)
    seen = []
    ended = database.ended

    def watched(start, end):
        seen.append(reader.progress)
        return ended(start, end)

    database.ended = watched
    reader.read()
    assert not any(progress.complete for progress in seen)
    ratios = [progress.ratio for progress in seen]
    assert ratios[0] == 0 and ratios == sorted(ratios) and 0.5 < ratios[-1] < 1
    assert reader.progress.complete and reader.progress.ratio == 1 and reader.progress.cursor == START


def test_the_totals_do_not_shrink_when_slurmdbd_purges_and_the_exporter_restarts(tmp_path):
    database = Slurmdbd(START, random_rows(200))
    before = settle(reader_of(database, directory=tmp_path))
    database.rows = [row for row in database.rows if not row.end or row.end > START - DAY]
    database.now += 30
    after = settle(reader_of(database, directory=tmp_path))
    assert after.runs == before.runs
    assert after.histograms == before.histograms


@pytest.mark.parametrize("change_of_the_clock", [-HOUR, HOUR])
def test_the_change_to_and_from_daylight_saving_time_changes_nothing(monkeypatch, change_of_the_clock):
    # Every time is in seconds since 1970; the zone in which the program runs may change under it.
    database = Slurmdbd(START, random_rows(50))
    reader = reader_of(database)
    settle(reader)
    monkeypatch.setenv("TZ", "UTC-1" if change_of_the_clock > 0 else "UTC+1")
    time.tzset()
    try:
        database.now += 15
        database.rows.append(Row(900, START, START, START + 5, "FAILED", "hpc", START))
        assert_equal(settle(reader), database)
    finally:
        monkeypatch.undo()
        time.tzset()


def test_a_clock_that_is_set_back_loses_nothing():
    database = Slurmdbd(START, random_rows(50))
    reader = reader_of(database)
    settle(reader)
    database.now += DAY
    settle(reader)
    database.now -= DAY - 60
    database.rows.append(Row(900, START, START, START + 5, "FAILED", "hpc", START))
    assert_runs_equal(settle(reader), database.ended_runs(RESET, database.now))


def test_of_two_kinds_of_runs_that_never_were_nothing_is_counted():
    rows = [
        Row(1, START - 50, START - 50, 0, "FAILED", "hpc", START - 40),  # ends, but has not ended: End=Unknown
        Row(2, RESET - 50, RESET - 50, RESET - 1, "FAILED", "hpc", RESET - 40),  # before the reset time
    ]
    database = Slurmdbd(START, rows)
    totals = settle(reader_of(database))
    assert not totals.runs
    rows[0].end = START
    assert settle(reader_of(database)).runs["partition"] == {("hpc", "FAILED"): 1}


class Interrupted(BaseException):
    """Stands for a kill: nothing after it runs. What is left is what the file holds."""


class Cluster(RuleBasedStateMachine):
    """Jobs come, run, end, are held, requeued and moved, slurmdbd fails now and then; the totals stay sacct's."""

    def __init__(self):
        super().__init__()
        self.directory = TemporaryDirectory()
        self.database = Slurmdbd(START, random_rows(30, seed=3))
        self.reader = reader_of(self.database, directory=Path(self.directory.name))
        self.totals = settle(self.reader)
        self.job_id = 1000

    def teardown(self):
        self.reader.close()
        self.directory.cleanup()

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

    @rule(data=st.data(), state=st.sampled_from(["REQUEUED", "NODE_FAIL", "PREEMPTED"]))
    def requeue(self, data, state):
        if live := self.live():
            row = data.draw(st.sampled_from(live))
            row.end, row.state = self.database.now, state
            again = max(self.database.now, row.submit) + 1  # slurmctld sees to it that the two differ
            self.database.rows.append(Row(row.job_id, again, again, 0, "PENDING", row.partition))

    @rule(data=st.data(), seconds=st.integers(0, 2 * DAY))
    def cancel_a_suspended_job(self, data, seconds):
        if running := [row for row in self.live() if row.start and row.state == "RUNNING"]:
            row = data.draw(st.sampled_from(running))
            row.end, row.state = max(row.start, self.database.now - seconds), "CANCELLED"

    @rule(data=st.data())
    def begin(self, data):
        waiting = [row for row in self.live() if row.state == "PENDING" and 0 < row.eligible < self.database.now]
        if waiting:
            row = data.draw(st.sampled_from(waiting))
            row.state, row.partition, row.start = "RUNNING", row.partition.split(",")[0], self.database.now

    @rule(data=st.data())
    def hold(self, data):
        if waiting := [row for row in self.live() if not row.start]:
            data.draw(st.sampled_from(waiting)).eligible = 0

    @rule(seconds=st.integers(1, 120))
    def time_passes(self, seconds):
        self.database.now += seconds

    @rule()
    def slurmdbd_fails_for_a_cycle(self):
        self.database.down = True
        with pytest.raises(SlurmError):
            self.reader.read()
        self.database.down = False

    @rule()
    def the_exporter_restarts(self):
        self.reader.close()
        self.reader = reader_of(self.database, directory=Path(self.directory.name))

    @rule(after=st.integers(0, 3))
    def the_exporter_is_interrupted_while_it_counts(self, after):
        good = self.database.ended, self.database.active

        def interrupted(selection):
            def select(start, end):
                for number, run in enumerate(selection(start, end)):
                    if number == after:
                        raise Interrupted
                    yield run
                raise Interrupted

            return select

        self.database.ended, self.database.active = map(interrupted, good)
        with pytest.raises(Interrupted):
            self.reader.read()
        self.database.ended, self.database.active = good
        self.the_exporter_restarts()

    @invariant()
    def totals_are_those_of_sacct_and_never_shrink(self):
        before, self.totals = self.totals, settle(self.reader)
        assert_equal(self.totals, self.database)
        for label, runs in before.runs.items():
            assert all(self.totals.runs[label][key] >= count for key, count in runs.items())


Cluster.TestCase.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
TestCluster = Cluster.TestCase
