"""How long to leave the service alone after it failed."""

from __future__ import annotations

import random

SHORTEST_SECONDS = 1.0
LONGEST_SECONDS = 60.0
# Whatever the service asks for.
LONGEST_WANTED_SECONDS = 300.0

_chance = random.SystemRandom()


def pause(failures: int, wanted: float | None = None) -> float:
    """Return the seconds to wait after so many failures in a row; the range doubles with each.

    ``wanted`` is what the service asked for. A random time: a service that comes back is not met by all nodes at once.
    """
    longest = min(SHORTEST_SECONDS * 2 ** min(failures, 10), LONGEST_SECONDS)
    seconds = _chance.uniform(SHORTEST_SECONDS, longest)
    if wanted is None:
        return seconds
    wanted = min(wanted, LONGEST_WANTED_SECONDS)
    return max(seconds, wanted + _chance.uniform(0.0, wanted / 4))
