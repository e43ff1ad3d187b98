"""The database of users, a file of SQLite as Grafana's is, and what it was encrypted with."""

from __future__ import annotations

import hashlib
import os
import secrets
import sqlite3
from contextlib import closing
from pathlib import Path

from ..sign_in import Accounts, Who
from .settings import Settings, SettingsError

_TABLES = """
CREATE TABLE IF NOT EXISTS user (id INTEGER PRIMARY KEY, login TEXT UNIQUE, salt TEXT, password TEXT);
CREATE TABLE IF NOT EXISTS data_keys (id INTEGER PRIMARY KEY, mark TEXT);
"""


class Database:
    """The file that the settings name, made at the first start with the administrator."""

    def __init__(self, settings: Settings) -> None:
        if settings.text("database", "type", "sqlite3") != "sqlite3":
            raise SettingsError("the stand-in has no other database than sqlite3")
        self._path = Path(settings.text("paths", "data"), settings.text("database", "path", "grafana.db"))
        self._run_script(_TABLES)
        mark = _hashed(settings.text("security", "secret_key"), "data_keys")
        if not self._rows("SELECT login FROM user"):
            password = settings.text("security", "admin_password", "admin")
            self._rows("INSERT INTO data_keys VALUES (1, ?)", mark)
            self._set(settings.text("security", "admin_user", "admin"), password)
        if self._rows("SELECT mark FROM data_keys") != [(mark,)]:
            raise SettingsError(f"{self._path} was encrypted with another secret_key")

    def user(self, login: str, password: str) -> Who | None:
        """The user of a login with a password, None where there is no such one."""
        rows = self._rows("SELECT salt, password FROM user WHERE login = ?", login)
        fits = rows and secrets.compare_digest(_hashed(password, rows[0][0]), rows[0][1])
        return Who(login, "Admin", (1, 2)) if fits else None

    def reset_administrator(self, password: str) -> None:
        """Give the first user a new password."""
        [(login,)] = self._rows("SELECT login FROM user WHERE id = 1")
        self._set(login, password)

    def _set(self, login: str, password: str) -> None:
        salt = os.urandom(8).hex()
        self._rows("REPLACE INTO user VALUES (1, ?, ?, ?)", login, salt, _hashed(password, salt))

    def _rows(self, statement: str, *values: str) -> list[tuple[str, ...]]:
        with closing(sqlite3.connect(self._path)) as connection, connection:
            return connection.execute(statement, values).fetchall()

    def _run_script(self, script: str) -> None:
        with closing(sqlite3.connect(self._path)) as connection, connection:
            connection.executescript(script)


class StoredAccounts(Accounts):
    """Users as the database has them at that moment, and no tokens."""

    def __init__(self, database: Database) -> None:
        super().__init__()
        self._database = database

    def user(self, name: str, password: str) -> Who | None:
        """The user of a name with a password, None where there is no such one."""
        return self._database.user(name, password)


def _hashed(password: str, salt: str) -> str:
    return hashlib.pbkdf2_hmac("sha256", password.encode(), salt.encode(), 10_000).hex()
