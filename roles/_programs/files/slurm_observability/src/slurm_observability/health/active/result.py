"""What an active check measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Result:
    """One check: whether it passed, what it measured by unit, and what it should have at least."""

    check: str
    success: bool
    values: Mapping[str, float] = field(default_factory=dict)
