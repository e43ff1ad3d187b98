"""What the HealthCheckProgram remembers from one call to the next."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from ..answers import json_object, mapping, read_end, sequence, text_of
from ..check import Unreadable

ACTIONS = ("drain", "resume", "would_drain", "would_resume", "refused", "undone", "failed", "blind")


@dataclass
class Memory:
    """Its actions so far; whether it drained the node (None: not known); which checks it last asked Slurm about.

    ``ask_again`` is when it may ask about the same ones, ``refused`` whether too many nodes were drained the last time.
    ``well_since`` is when the node was first found well after it was ill.
    """

    path: Path
    actions: Counter[str] = field(default_factory=Counter)
    drained: bool | None = None
    asked_about: tuple[str, ...] = ()
    ask_again: float = 0.0
    refused: bool = False
    well_since: float | None = None

    def keep(self) -> None:
        """Replace the file. Raises OSError."""
        new = self.path.with_name(f"{self.path.name}.new")
        new.write_text(json.dumps({name: value for name, value in vars(self).items() if name != "path"}))
        new.replace(self.path)


def recall(path: Path) -> Memory:
    """Return what was remembered; nothing where there is nothing that can be read."""
    try:
        fields = json_object(read_end(path).text)
        actions = mapping(fields.get("actions"))
        drained, ask_again, well_since = (fields.get(name) for name in ("drained", "ask_again", "well_since"))
        return Memory(
            path,
            Counter({name: int(count) for name in ACTIONS if isinstance(count := actions.get(name), float)}),
            drained if isinstance(drained, bool) else None,
            tuple(map(text_of, sequence(fields.get("asked_about")))),
            ask_again if isinstance(ask_again, float) else 0.0,
            fields.get("refused") is True,
            well_since if isinstance(well_since, float) else None,
        )
    except (Unreadable, ValueError, OverflowError):
        return Memory(path)
