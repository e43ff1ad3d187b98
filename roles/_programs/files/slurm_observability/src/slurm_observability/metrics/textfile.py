"""Metrics in a file of node_exporter's textfile collector."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from .exposition import render
from .metric import AnyFamily


def write(path: Path, families: Iterable[AnyFamily]) -> None:
    """Replace the file in one step: whoever reads it sees the old metrics or the new ones. Raises OSError."""
    new = path.with_name(f"{path.name}.new")
    new.write_bytes(render(families))
    new.chmod(0o644)
    new.replace(path)
