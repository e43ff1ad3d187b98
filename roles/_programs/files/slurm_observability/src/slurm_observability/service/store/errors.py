"""What can go wrong between the service and its database."""

from __future__ import annotations


class StoreError(Exception):
    """The database cannot be used now; nothing of the call was stored. The message is one sentence without a secret."""


class RefusedError(Exception):
    """The database does not take what it was given, and never will; nothing of it was stored. In one sentence."""


class CursorError(ValueError):
    """A cursor that this service did not give out for the same order of runs."""
