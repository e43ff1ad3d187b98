"""What the service does by itself, beside answering requests."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from ..metrics.metric import AnyFamily
from .background import Task


@dataclass(frozen=True)
class Part:
    """Tasks that run in the background, and metrics of what they find. ``families`` waits for nothing."""

    tasks: Sequence[Task]
    families: Callable[[], Iterable[AnyFamily]] = tuple
