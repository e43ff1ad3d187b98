"""Points in time, as people and programs write them in a query."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Annotated

from pydantic import BeforeValidator, Field, WithJsonSchema

from .bodies import LATEST

EARLIEST = -62135596800  # the beginning of the year 1

_SCHEMA = {
    "anyOf": [
        {"type": "number", "minimum": EARLIEST, "maximum": LATEST},
        {"type": "string", "format": "date-time"},
    ]
}


def seconds(value: object) -> object:
    """Return seconds since 1970, of a number or of a time like ``2026-01-26T12:00:00Z``; without a zone it is UTC."""
    if not isinstance(value, str):
        return value
    try:
        return float(value)
    except ValueError:
        pass
    try:
        # Python 3.10 reads no Z.
        time = datetime.fromisoformat(value.strip().upper().replace("Z", "+00:00"))
        return (time if time.tzinfo else time.replace(tzinfo=timezone.utc)).timestamp()
    except (ValueError, OverflowError):
        raise ValueError("no time; give seconds since 1970, or 2026-01-26T12:00:00Z") from None


Time = Annotated[float, BeforeValidator(seconds), Field(ge=EARLIEST, le=LATEST), WithJsonSchema(_SCHEMA)]
