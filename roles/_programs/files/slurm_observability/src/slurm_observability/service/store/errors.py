"""What can go wrong between the service and its database."""

from __future__ import annotations


class StoreError(Exception):
    """The database cannot be used now; nothing of the call was stored. The message is one sentence without a secret."""


class CursorError(ValueError):
    """A cursor that this service did not give out for the same order of runs."""
