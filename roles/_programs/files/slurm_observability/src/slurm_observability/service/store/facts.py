"""The fields of a run that several tell of, and who said which.

The better informed wins: Slurm itself over slurmctld's hooks, these over the nodes' hooks, these over what was only
seen. Of equals, one is chosen by its value, and never by its arrival; of Slurm's words, the latest.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .draft import Row
from .texts import MAX_NODE_LIST, MAX_TEXT, clean

# The fields that are merged. A row keeps a digit for each, in this order: new ones go to the end.
RANKED = (
    *("sluid", "name", "user", "uid", "account", "partition", "qos", "nodes", "node_count", "cpus", "gpus"),
    *("memory_bytes", "time_limit", "array_job_id", "array_task_id", "het_job_id", "het_job_offset"),
    *("submitted_at", "eligible_at", "started_at", "ended_at", "exit_code", "exit_signal", "derived_exit_code"),
    *("reason", "energy_joules"),
)
_PLACE = {name: place for place, name in enumerate(RANKED)}

# The exit codes of shells whose command was ended by a signal are above it.
SHELL_SIGNAL = 128

# Who said it. A begin that is only the time of an event was SEEN: the run cannot have begun later.
NOBODY, SEEN, NODE, CONTROLLER, SLURM = range(5)


def is_exact(row: Mapping[str, Any], name: str) -> bool:
    """Return whether the field is Slurm's own word, by whatever way it came."""
    return rank_of(row, name) > SEEN


def rank_of(row: Mapping[str, Any], name: str) -> int:
    """Return who said the field."""
    place, sources = _PLACE[name], row["sources"]
    return int(sources[place]) if place < len(sources) else NOBODY


class Facts:
    """The fields of a row, and who said them. :meth:`keep` writes down the latter."""

    def __init__(self, row: Row) -> None:
        self._row = row
        self._ranks = [int(digit) for digit in row["sources"]]
        self._ranks += [NOBODY] * (len(RANKED) - len(self._ranks))

    def add(self, name: str, value: Any, rank: int, latest: bool = False) -> None:
        """Take a value if who says it knows better. ``latest`` is the word that replaces others of the same rank."""
        if value is None or value == "":
            return
        if isinstance(value, str):
            value = clean(value, MAX_NODE_LIST if name == "nodes" else MAX_TEXT)
        place = _PLACE[name]
        held = self._ranks[place]
        if name == "exit_code" and held and abs(value - self._row[name]) == SHELL_SIGNAL:
            # Of these two the greater is meant: up to 25.05 sacct shows codes from 128 on less 128.
            self._ranks[place] = max(rank, held)
            self._row[name] = max(value, self._row[name])
            return
        if rank < held or (rank == held and not latest and not self._preferred(name, value, rank)):
            return
        self._ranks[place] = rank
        self._row[name] = value

    def keep(self) -> None:
        """Let the row remember who said what."""
        self._row["sources"] = "".join(map(str, self._ranks))

    def _preferred(self, name: str, value: Any, rank: int) -> bool:
        """Choose among equals: the earliest begin, else the greatest value. Slurm's own earlier words stay."""
        if rank == SLURM:
            return False
        held = self._row[name]
        return bool(value < held if name == "started_at" else value > held)
