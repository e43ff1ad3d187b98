"""Where a page of runs ended, as a text that a reader hands back for the next one."""

from __future__ import annotations

import base64
import binascii
import json
import math
from typing import NamedTuple

from .errors import CursorError


class Cursor(NamedTuple):
    """The last run of a page: its time in the order of the list, and its key."""

    sort: str
    descending: bool
    time: float
    key: int

    def __str__(self) -> str:
        return base64.urlsafe_b64encode(json.dumps(self).encode()).decode().rstrip("=")


def read_cursor(text: str, sort: str, descending: bool) -> Cursor:
    """Return a cursor of this order. Raises CursorError."""
    try:
        parts = json.loads(base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True))
        theirs, down, time, key = parts
        cursor = Cursor(str(theirs), bool(down), float(time), int(key))
    except (binascii.Error, ValueError, TypeError, OverflowError, RecursionError):
        raise CursorError("the cursor is not one of this service") from None
    if (cursor.sort, cursor.descending) != (sort, descending):
        raise CursorError("the cursor is that of another order")
    if not (math.isfinite(cursor.time) and 0 <= cursor.key < 1 << 63):
        raise CursorError("the cursor is not one of this service")
    return cursor
