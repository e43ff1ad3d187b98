"""The parts of the service that its routes share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from ..metrics.metric import AnyFamily
from .audit import Audit
from .background import Background
from .metrics import Counts
from .readiness import Readiness
from .tokens import Tokens


@dataclass(frozen=True)
class Service:
    """What the routes need. ``families`` are those of its parts; ``open_metrics`` is whether all may see /metrics."""

    readiness: Readiness
    tokens: Tokens
    audit: Audit
    background: Background
    families: Sequence[Callable[[], Iterable[AnyFamily]]] = ()
    counts: Counts = field(default_factory=Counts)
    open_metrics: bool = True
