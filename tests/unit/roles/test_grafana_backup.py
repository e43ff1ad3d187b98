"""The backups of Grafana: the program, with a database of SQLite, and with a pg_dump that a test made."""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import shutil
import sqlite3
import stat
import subprocess
import tarfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PROGRAM = ROOT / "roles/grafana/files/grafana-backup"
DOCS = ROOT / "docs/grafana.md"


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """What the unit gives to the program, and what a Grafana has."""
    archives = tmp_path / "the archives"
    secrets = tmp_path / "grafana/secrets"
    for folder in (archives, secrets):
        folder.mkdir(parents=True)
    (secrets / "secret_key").write_text("key")
    (secrets / "database_password").write_text("pa$$word")
    (tmp_path / "grafana/grafana.ini").write_text("[server]\n")
    return {
        "PATH": os.environ["PATH"],
        "BACKUP_DIRECTORY": str(archives),
        "BACKUP_KEEP": "2",
        "BACKUP_SETTINGS": str(tmp_path / "grafana"),
    }


@pytest.fixture
def sqlite_environment(environment: dict[str, str], tmp_path: Path) -> dict[str, str]:
    """The same with a database of SQLite."""
    if not shutil.which("sqlite3"):
        pytest.skip("no sqlite3")
    with contextlib.closing(sqlite3.connect(tmp_path / "grafana.db")) as database, database:
        database.execute("CREATE TABLE user (login TEXT)")
        database.execute("INSERT INTO user VALUES ('admin')")
    return {**environment, "BACKUP_SQLITE": str(tmp_path / "grafana.db")}


def archives(environment: dict[str, str]) -> list[Path]:
    """Return what is in the directory, the oldest first."""
    return sorted(Path(environment["BACKUP_DIRECTORY"]).iterdir())


def test_an_archive_has_the_database_the_settings_and_the_secrets(
    sqlite_environment: dict[str, str], tmp_path: Path
) -> None:
    subprocess.run([PROGRAM], env=sqlite_environment, check=True)
    [new] = archives(sqlite_environment)
    assert re.fullmatch(r"grafana-\d{8}T\d{6}Z\.tar\.gz", new.name)
    assert stat.S_IMODE(new.stat().st_mode) == 0o600
    with tarfile.open(new) as archive:
        assert {"grafana.db", "grafana/grafana.ini", "grafana/secrets/secret_key"} <= set(archive.getnames())
        archive.extract("grafana.db", tmp_path / "restored")
    with contextlib.closing(sqlite3.connect(tmp_path / "restored/grafana.db")) as restored:
        assert restored.execute("SELECT login FROM user").fetchall() == [("admin",)]


def test_the_commands_of_the_docs_restore_the_database_and_the_key(
    sqlite_environment: dict[str, str], tmp_path: Path
) -> None:
    subprocess.run([PROGRAM], env=sqlite_environment, check=True)
    [archive] = archives(sqlite_environment)
    (tmp_path / "etc").mkdir()
    places = {
        "/var/backups/grafana/grafana-TIME.tar.gz": shlex.quote(str(archive)),
        "/var/lib/grafana": str(tmp_path / "etc"),
        "-C /etc": f"-C {tmp_path}/etc",
        "-o grafana -g grafana ": "",  # for root alone
    }
    commands = [line.strip() for line in DOCS.read_text().splitlines() if line.startswith("    tar -x")]
    assert len(commands) == 2
    for command in commands:
        for place, here in places.items():
            command = command.replace(place, here)
        subprocess.run(command, shell=True, check=True)
    assert (tmp_path / "etc/grafana/secrets/secret_key").read_text() == "key"
    with contextlib.closing(sqlite3.connect(tmp_path / "etc/grafana.db")) as restored:
        assert restored.execute("SELECT login FROM user").fetchall() == [("admin",)]


def test_the_newest_archives_stay(sqlite_environment: dict[str, str]) -> None:
    folder = Path(sqlite_environment["BACKUP_DIRECTORY"])
    for year in (2001, 2002, 2003):
        (folder / f"grafana-{year}0101T000000Z.tar.gz").write_text("")
    (folder / "of the site").write_text("")
    subprocess.run([PROGRAM], env=sqlite_environment, check=True)
    old, _new, of_site = archives(sqlite_environment)
    assert (old.name, of_site.name) == ("grafana-20030101T000000Z.tar.gz", "of the site")


@pytest.mark.parametrize("content", ["no database", None])
def test_a_failure_leaves_nothing_and_removes_nothing(
    sqlite_environment: dict[str, str], tmp_path: Path, content: str | None
) -> None:
    for number in range(3):
        (Path(sqlite_environment["BACKUP_DIRECTORY"]) / f"grafana-{number}.tar.gz").write_text("")
    before = archives(sqlite_environment)
    damaged = tmp_path / "damaged.db"
    if content:
        damaged.write_text(content)
    environment = {**sqlite_environment, "BACKUP_SQLITE": str(damaged)}
    failed = subprocess.run([PROGRAM], env=environment, capture_output=True, text=True, check=False)
    assert failed.returncode != 0 and failed.stderr
    assert archives(sqlite_environment) == before
    assert damaged.exists() == bool(content), "no database is made where there was none"


def test_postgresql_is_asked_with_a_password_that_is_in_no_list_of_processes(
    environment: dict[str, str], tmp_path: Path
) -> None:
    program = tmp_path / "bin/pg_dump"
    program.parent.mkdir()
    program.write_text(
        "#!/bin/sh\nfor word; do case $word in --file=*) file=${word#--file=} ;; esac; done\n"
        'echo "$PGDATABASE $PGPASSWORD" >"$file"\necho "$*" >&2\n'
    )
    program.chmod(0o755)
    environment |= {"PATH": f"{program.parent}:{environment['PATH']}", "PGDATABASE": "grafana"}
    done = subprocess.run([PROGRAM], env=environment, check=True, capture_output=True, text=True)
    assert "pa$$word" not in done.stderr
    [new] = archives(environment)
    with tarfile.open(new) as archive:
        dump = archive.extractfile("grafana.dump")
        assert dump and dump.read() == b"grafana pa$$word\n"
