"""The parts of the service that its routes share."""

from __future__ import annotations

from dataclasses import dataclass, field

from .audit import Audit
from .background import Background
from .metrics import Counts
from .readiness import Readiness
from .tokens import Tokens


@dataclass(frozen=True)
class Service:
    """What the routes need. ``open_metrics`` is whether /metrics is shown without a token."""

    readiness: Readiness
    tokens: Tokens
    audit: Audit
    background: Background
    counts: Counts = field(default_factory=Counts)
    open_metrics: bool = True
