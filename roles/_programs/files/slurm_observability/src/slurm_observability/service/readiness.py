"""Whether the database can be used: asked in the background, so that nobody who wants to know has to wait for it."""

from __future__ import annotations

import threading
import time

from .store.errors import StoreError
from .store.store import Store

CHECK_SECONDS = 5.0
# A check that hangs for this long has failed.
PATIENCE_SECONDS = 20.0


class Readiness:
    """Brings the database up to date once, and looks after it then. Safe to use from several threads.

    ``migrated`` is set once the tables are those of this version.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self.migrated = threading.Event()
        self._problem = "the database has not been asked yet"
        self._checked = time.monotonic()

    @property
    def problem(self) -> str:
        """Why the database cannot be used: a sentence, empty when it can."""
        silent = time.monotonic() - self._checked
        if self._problem or silent < PATIENCE_SECONDS:
            return self._problem
        return f"the database has not answered for {silent:.0f} seconds"

    @property
    def store(self) -> Store:
        """The store, once its tables are there. Raises StoreError before."""
        if not self.migrated.is_set():
            raise StoreError(self._problem)
        return self._store

    def check(self) -> None:
        """Ask the database. Raises StoreError."""
        try:
            if not self.migrated.is_set():
                self._store.migrate()
                self.migrated.set()
            self._store.check()
        except StoreError as error:
            self._problem = str(error)
            raise
        else:
            self._problem = ""
        finally:
            self._checked = time.monotonic()
