"""The time that a report covers."""

from __future__ import annotations

import argparse
import re
from datetime import datetime

_UNITS = {"hour": 3600, "day": 86400, "week": 604800}
_AGO = re.compile(r"(\d{1,5})\s*(hour|day|week)s?(?:\s+ago)?", re.IGNORECASE | re.ASCII)


def moment(text: str) -> float:
    """Return a time in seconds since 1970, from ``7days``, ``24 hours ago``, ``2026-01-26`` or with ``T12:00:00``."""
    now = datetime.now().astimezone()
    text = text.strip()
    if match := _AGO.fullmatch(text):
        return now.timestamp() - int(match[1]) * _UNITS[match[2].lower()]
    try:
        return datetime.fromisoformat(text).astimezone().timestamp()
    except (ValueError, OverflowError, OSError):
        raise argparse.ArgumentTypeError(
            f"'{text}' is no time; give 7days, 24hours, 2026-01-26 or 2026-01-26T12:00:00"
        ) from None
