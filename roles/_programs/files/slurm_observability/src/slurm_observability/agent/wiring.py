"""Which parts an agent has."""

from __future__ import annotations

from collections.abc import Sequence

from .part import Outbox, Part
from .settings import Settings


def observing_parts(settings: Settings, outbox: Outbox) -> Sequence[Part]:
    """Return what observes the jobs of a node."""
    return ()
