"""What can go wrong between the service and its database."""

from __future__ import annotations

from collections.abc import Sequence


class StoreError(Exception):
    """The database cannot be used now; nothing of the call was stored. The message is one sentence without a secret."""


class RefusedError(Exception):
    """The database does not take what it was given, and never will; nothing of it was stored. In one sentence."""


class AmbiguousError(LookupError):
    """Runs of several clusters have the name that was asked for. The message names the clusters."""

    def __init__(self, clusters: Sequence[str]) -> None:
        names = ", ".join(cluster or "none" for cluster in clusters)
        super().__init__(f"runs of several clusters have this id: {names}; say which with ?cluster=")


class CursorError(ValueError):
    """A cursor that this service did not give out for the same order of runs."""
