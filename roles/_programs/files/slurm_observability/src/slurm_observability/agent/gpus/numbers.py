"""Numbers as the vendors' tools write them: some with a unit, some as text, and many words for none."""

from __future__ import annotations

import math

MIB = 1 << 20


def number(value: object) -> float | None:
    """Return a number, or None for anything else: N/A, [Not Supported], ERR!, a list, nan."""
    if isinstance(value, dict):  # amd-smi: {"value": 5, "unit": "%"}
        value = value.get("value")
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        result = float(value)
    except (ValueError, OverflowError):
        return None
    return result if math.isfinite(result) and result >= 0 else None


def whole(value: object) -> int | None:
    """Return a number without a fraction, or None."""
    result = number(value)
    return None if result is None else int(result)


def percent(value: object) -> float | None:
    """Return a number from 0 to 100, or None."""
    result = number(value)
    return result if result is not None and result <= 100 else None


_UNITS = {"B": 1, "KB": 1 << 10, "MB": MIB, "GB": 1 << 30, "KIB": 1 << 10, "MIB": MIB, "GIB": 1 << 30}


def size(value: object) -> int | None:
    """Return bytes of a number with a unit; its multiples are of 1024, as amd-smi means them."""
    amount = number(value)
    unit = value.get("unit") if isinstance(value, dict) else "B"
    factor = _UNITS.get(unit.upper()) if isinstance(unit, str) else None
    return None if amount is None or factor is None else int(amount * factor)
