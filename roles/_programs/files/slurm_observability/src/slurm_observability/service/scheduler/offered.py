"""Which fields a command of Slurm can be asked for."""

from __future__ import annotations

from collections.abc import Sequence

from ...slurm.command import SlurmError, SlurmRunner, Stopping


class OfferedFields:
    """The fields that this version of a command knows, as it says itself; it asks no daemon. Kept until forgotten."""

    def __init__(self, runner: SlurmRunner, *question: str) -> None:
        """``question`` is the command line that prints the fields, such as ``sacct --helpformat``."""
        self._runner = runner
        self._question = question
        self._words: frozenset[str] | None = None

    def of(self, wanted: Sequence[str]) -> tuple[str, ...]:
        """Return those of the wanted fields that there are; none where the command does not know the question."""
        if self._words is None:
            self._words = self._ask()
        return tuple(field for field in wanted if field in self._words)

    def forget(self) -> None:
        """Ask anew next time: Slurm may have been upgraded."""
        self._words = None

    def _ask(self) -> frozenset[str]:
        try:
            printed = b"\n".join(line for chunk in self._runner.lines(self._question) for line in chunk)
        except Stopping:
            raise
        except SlurmError:
            return frozenset()
        return frozenset(printed.decode("utf-8", "replace").split())
