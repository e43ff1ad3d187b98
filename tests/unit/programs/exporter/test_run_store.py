"""The kept history survives kills, full disks and damaged files, and is never that of another cluster or time."""

from __future__ import annotations

import logging
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import count_until_killed
import pytest
import slurm_observability
from accounting_model import Row, Slurmdbd
from slurm_observability.exporter.history import schema
from slurm_observability.exporter.history.origin import Origin, Position
from slurm_observability.exporter.history.reader import DAY, HistoryReader
from slurm_observability.exporter.history.store import FILE, DamagedStoreError, RunStore, StoreError
from slurm_observability.exporter.history.totals import RUN, SUBMITTED
from slurm_observability.slurm.accounting import Run, RunKind
from slurm_observability.slurm.command import SlurmError

START = 1_795_000_000
RESET = START - 3 * DAY
ORIGIN = Origin("lab", "3 days ago", RESET)
LATER_TEXT = Origin("lab", "2 days ago", RESET + DAY)


def finished(job_id, end, state="COMPLETED"):
    return Row(job_id, end - 20, end - 20, end, state, "hpc", end - 10)


def reader_of(database, directory, origin=ORIGIN):
    return HistoryReader(database, RunStore(directory), lambda: origin, database.clock)


@pytest.fixture
def database():
    return Slurmdbd(START, [finished(number, START - number * 1000) for number in range(1, 101)])


def completed(totals):
    return totals.runs["partition"]["hpc", "COMPLETED"]


def test_the_file_is_what_it_says_it_is(tmp_path, database):
    reader_of(database, tmp_path).read()
    with sqlite3.connect(tmp_path / FILE) as file:
        assert file.execute("PRAGMA application_id").fetchone() == (schema.APPLICATION_ID,)
        assert file.execute("PRAGMA user_version").fetchone() == (schema.FORMAT,)
        assert file.execute("PRAGMA journal_mode").fetchone() == ("delete",)
    assert (tmp_path / FILE).stat().st_mode & 0o007 == 0, "it may name users"


def test_a_relative_reset_time_does_not_move_when_the_exporter_restarts(tmp_path, database):
    reader_of(database, tmp_path).read()
    reader = reader_of(database, tmp_path, Origin("lab", "3 days ago", RESET + 500))
    reader.read()
    assert reader.progress.reset_time == RESET


@pytest.mark.parametrize(
    "origin", [LATER_TEXT, Origin("other", "3 days ago", RESET), Origin("lab", "3 days ago", RESET, ("user",))]
)
def test_another_origin_is_another_history(tmp_path, database, origin, caplog):
    reader_of(database, tmp_path).read()
    reader = reader_of(database, tmp_path, origin)
    with caplog.at_level(logging.WARNING):
        totals = reader.read()
    assert completed(totals) == len(database.ended_runs(origin.reset_time, START))
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "is read anew" in caplog.text and str(origin) in caplog.text and str(ORIGIN) in caplog.text
    assert reader.progress.rebuilds == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == [FILE]


def test_a_cluster_whose_name_is_not_known_is_taken_for_the_same(tmp_path, database):
    reader_of(database, tmp_path).read()
    database.rows.clear()
    assert completed(reader_of(database, tmp_path, Origin("", "3 days ago", RESET)).read()) == 100


def test_without_a_directory_nothing_is_left(tmp_path, database, monkeypatch, caplog):
    monkeypatch.chdir(tmp_path)
    store = RunStore()
    with caplog.at_level(logging.INFO):
        reader = HistoryReader(database, store, lambda: ORIGIN, database.clock)
        assert completed(reader.read()) == 100
    assert "a restart reads the job history anew" in caplog.text
    store.set_aside(START)
    assert completed(reader.read()) == 100
    assert not list(tmp_path.iterdir())


DAMAGE = {
    "empty of meaning": lambda path: path.write_bytes(b"\0" * 8192),
    "text": lambda path: path.write_text("state: ok\n" * 1000),
    "cut off": lambda path: os.truncate(path, path.stat().st_size // 2),
    "overwritten in the middle": lambda path: overwrite(path),
    "another program's": lambda path: other_file(path, 7, schema.FORMAT),
    "of a newer version": lambda path: other_file(path, schema.APPLICATION_ID, schema.FORMAT + 1),
    "a table without marks": lambda path: other_file(path, 0, 0),
    "without a position": lambda path: change(path, "UPDATE origin SET position = 'x'"),
    "with an unknown position": lambda path: change(path, "UPDATE origin SET position = '{\"page\": 1}'"),
    "without a table": lambda path: change(path, "DROP TABLE later"),
    "without an origin": lambda path: change(path, "DELETE FROM origin"),
}


def overwrite(path):
    content = bytearray(path.read_bytes())
    content[24:28] = b"\1\2\3\4"  # the counter of changes, so that no cache hides the damage
    content[4096 : len(content) - 4096] = random.Random(1).randbytes(len(content) - 8192)
    path.write_bytes(content)


def other_file(path, application_id, version):
    path.unlink()
    change(path, "CREATE TABLE t (x)", f"PRAGMA application_id = {application_id}", f"PRAGMA user_version = {version}")


def change(path, *statements):
    file = sqlite3.connect(path)
    for statement in statements:
        file.execute(statement)
    file.commit()
    file.close()


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=list(DAMAGE))
def test_a_damaged_file_is_set_aside_and_the_history_is_read_anew(tmp_path, database, damage, caplog):
    before = reader_of(database, tmp_path).read()
    damage(tmp_path / FILE)
    damaged = (tmp_path / FILE).read_bytes()
    reader = reader_of(database, tmp_path)
    with caplog.at_level(logging.ERROR):
        assert reader.read() == before
    assert reader.progress.rebuilds == 1
    aside = tmp_path / f"{FILE}.corrupt-{START}"
    assert aside.read_bytes() == damaged
    assert "damaged" in caplog.text and str(aside) in caplog.text


def test_damage_that_is_met_while_it_runs_is_repaired_too(tmp_path, database):
    reader = reader_of(database, tmp_path)
    before = reader.read()
    overwrite(tmp_path / FILE)
    database.now += 15
    assert reader.read().runs == before.runs
    assert reader.progress.rebuilds == 1


def test_a_journal_goes_aside_with_its_file(tmp_path, database):
    reader_of(database, tmp_path).read()
    (tmp_path / FILE).write_bytes(b"x" * 4096)
    (tmp_path / f"{FILE}-journal").write_bytes(b"y")
    store = RunStore(tmp_path)
    store.set_aside(START)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        f"{FILE}.corrupt-{START}",
        f"{FILE}.corrupt-{START}-journal",
    ]


def test_a_directory_that_is_gone_fails_with_one_sentence_and_the_source_recovers(tmp_path, database):
    directory = tmp_path / "state"
    reader = reader_of(database, directory)
    with pytest.raises(StoreError, match=r"state/history\.db cannot be used: No such file or directory"):
        reader.read()
    assert reader.progress is None
    directory.mkdir()
    assert completed(reader.read()) == 100


def test_a_full_disk_fails_with_one_sentence_and_loses_nothing(tmp_path, database):
    reader = reader_of(database, tmp_path)
    reader.read()
    # SQLite's own limit on the size of the file gives the error that a full disk gives.
    limit = reader._store._database.execute("PRAGMA page_count").fetchone()[0]
    reader._store._database.execute(f"PRAGMA max_page_count = {limit}")
    database.rows += [finished(number, START + 1) for number in range(1000, 21000)]
    database.now += 15
    with pytest.raises(StoreError, match="cannot be used: database or disk is full"):
        for _ in range(2):
            reader.read()
    assert not reader._store.is_open
    # Room again: the next cycle opens the file and goes on.
    assert completed(reader.read()) == 20100


def test_a_file_that_another_program_holds_fails_with_one_sentence(tmp_path, database, monkeypatch):
    monkeypatch.setattr("slurm_observability.exporter.history.store.BUSY_SECONDS", 0.05)
    reader = reader_of(database, tmp_path)
    reader.read()
    other = sqlite3.connect(tmp_path / FILE, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(StoreError, match="cannot be used: database is locked"):
        reader.read()
    other.execute("ROLLBACK")
    assert completed(reader.read()) == 100


def test_an_outage_of_slurmdbd_is_named_though_the_disk_is_full_too(tmp_path, database):
    reader = reader_of(database, tmp_path)
    reader.read()
    database.down = True
    reader._store._database.execute("PRAGMA query_only = ON")
    with pytest.raises(StoreError):
        reader.read()
    with pytest.raises(SlurmError, match="sacct failed"):
        reader.read()


def test_a_fault_of_the_program_is_no_damage(tmp_path):
    store = RunStore(tmp_path)
    store.open(ORIGIN)
    with pytest.raises(sqlite3.IntegrityError), store.transaction(START):
        for _ in range(2):
            store._database.execute("INSERT INTO runs VALUES (1, 2, 3)")
    assert (tmp_path / FILE).exists()


def test_an_error_of_the_caller_leaves_everything_as_it_was(tmp_path, database):
    store = RunStore(tmp_path)
    store.open(ORIGIN)
    with pytest.raises(KeyError), store.transaction(START) as transaction:
        transaction.add(row.run() for row in database.rows)
        transaction.keep(Position(START))
        raise KeyError
    assert not store.totals().runs
    store.close()
    assert store.open(ORIGIN)[1] == Position(RESET)


def test_a_job_is_submitted_the_second_after_it_could_have_begun(tmp_path):
    store = RunStore(tmp_path)
    store.open(ORIGIN)
    run = Run(1, START - 9, START, None, START - 5, 0, RunKind("CANCELLED", "hpc"))
    for now, submitted in ((START, 0), (START + 1, 1)):
        with store.transaction(now) as transaction:
            transaction.add([run])
        assert store.totals().cluster.get(SUBMITTED, 0) == submitted
    store.close()


@pytest.mark.parametrize("reason", [DamagedStoreError("x"), StoreError("x")])
def test_what_cannot_be_repaired_twice_is_an_error(tmp_path, database, monkeypatch, reason):
    reader = reader_of(database, tmp_path)

    def fails(origin):
        raise reason

    monkeypatch.setattr(reader._store, "open", fails)
    with pytest.raises(type(reason)):
        reader.read()


def test_kill_9_at_any_moment_loses_nothing_and_counts_nothing_twice(tmp_path):
    dice = random.Random(7)
    cursor, killed_inside = count_until_killed.RESET, 0
    journal = tmp_path / f"{FILE}-journal"
    for round_number in range(24):
        child = subprocess.Popen(
            [sys.executable, count_until_killed.__file__, str(tmp_path)],
            env={**os.environ, "PYTHONPATH": str(Path(slurm_observability.__file__).parents[1])},
            stdout=subprocess.PIPE,
            text=True,
        )
        with child:
            assert child.stdout.readline() == "counting\n"
            time.sleep(dice.uniform(0, 0.2))
            while round_number % 2 and not journal.exists():  # SQLite's, for as long as a transaction is open
                pass
            child.send_signal(signal.SIGKILL)
        killed_inside += journal.exists()
        before, cursor = cursor, counted_up_to(tmp_path)
        assert cursor >= before
    assert cursor > count_until_killed.RESET, "none was given the time to count"
    assert killed_inside, "none was killed within a transaction"


def counted_up_to(directory):
    """Return the cursor, after a look at whether all that ended until then has been counted, and nothing else."""
    store = RunStore(directory)
    _origin, position = store.open(count_until_killed.ORIGIN)
    totals = store.totals()
    store.close()
    runs = 10 * (position.cursor - count_until_killed.RESET + 1) if position.complete else 0
    assert totals.cluster.get("COMPLETED", 0) == runs
    assert totals.runs.get("partition", {}) == ({("hpc", "COMPLETED"): runs} if runs else {})
    assert sum(histogram.total for histogram in totals.histograms[RUN].values()) == 5 * runs
    return position.cursor
