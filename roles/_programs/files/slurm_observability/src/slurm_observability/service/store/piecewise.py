"""Writing that one bad item does not stop."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from .errors import RefusedError

Item = TypeVar("Item")
Result = TypeVar("Result")


def piecewise(
    write: Callable[[Sequence[Item]], Sequence[Result]], items: Sequence[Item]
) -> list[Result | RefusedError]:
    """Write items, each call of ``write`` in a transaction of its own, and return what it returned.

    Where the database refuses some of them, they go in halves, until a bad one is alone: in place of its result is the
    RefusedError. Raises StoreError; what was written until then stays written.
    """
    try:
        return list(write(items))
    except RefusedError as error:
        if len(items) == 1:
            return [error]
    middle = len(items) // 2
    return [*piecewise(write, items[:middle]), *piecewise(write, items[middle:])]
