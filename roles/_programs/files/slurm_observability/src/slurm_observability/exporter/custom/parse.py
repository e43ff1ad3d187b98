"""How to read what a command prints: the parse strategies of a site's own metrics."""

from __future__ import annotations

import importlib
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import Any, Protocol

from ...slurm.command import SlurmError, one_line

ENTRY_POINT_GROUP = "slurm_observability.parsers"
# Names of columns that are no label.
VALUE = "value"
IGNORED = "-"
LABEL_CHARACTERS = 128

_NUMBER = re.compile(rb"[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?")

# What a parser finds: label values and a number, or None for a line that cannot be read.
Row = tuple[tuple[str, ...], float] | None


class FunctionError(Exception):
    """A function of the strategy CUSTOM cannot be had. The message is one sentence."""


class Parser(Protocol):
    """Reads the output of a command."""

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels that the parser gives values to."""

    def rows(self, lines: Iterator[bytes]) -> Iterator[Row]:
        """Yield what the lines say. Values of the same labels are added up. Raises SlurmError."""


@dataclass(frozen=True)
class CountLines:
    """COUNT_LINES: how many lines are not empty."""

    labels: tuple[str, ...] = ()

    def rows(self, lines: Iterator[bytes]) -> Iterator[Row]:
        """Yield the count."""
        yield (), sum(1 for line in lines if line.strip())


@dataclass(frozen=True)
class ExtractNumber:
    """EXTRACT_NUMBER: the first number, or the first one behind the text ``after`` in its line."""

    after: str = ""
    labels: tuple[str, ...] = ()

    def rows(self, lines: Iterator[bytes]) -> Iterator[Row]:
        """Yield the number. Raises SlurmError when there is none."""
        number: float | None = None
        for line in lines:  # to the end: only then it is known whether the command succeeded
            _before, found, rest = line.partition(self.after.encode()) if self.after else (b"", b"-", line)
            match = _NUMBER.search(rest) if found and number is None else None
            number = float(match[0]) if match else number
        if number is None:
            raise SlurmError(f"it printed no number{f' behind {self.after!r}' if self.after else ''}")
        yield (), number


@dataclass(frozen=True)
class ParseColumns:
    """PARSE_COLUMNS: a series for each combination of labels. Without a column of values, lines are counted.

    The last column takes the rest of the line, separators and all: only there a user's own words do no harm. An empty
    ``separator`` stands for any blanks.
    """

    columns: tuple[str, ...]
    separator: str = "|"

    @property
    def labels(self) -> tuple[str, ...]:
        """The names of the columns that are labels."""
        return tuple(name for name in self.columns if name not in (VALUE, IGNORED))

    def rows(self, lines: Iterator[bytes]) -> Iterator[Row]:
        """Yield a row for each line that is not empty."""
        for line in lines:
            text = line.decode("utf-8", "replace")
            if text.strip():
                yield self._row(text.strip().split(self.separator or None, len(self.columns) - 1))

    def _row(self, cells: list[str]) -> Row:
        if len(cells) != len(self.columns):
            return None
        value = 1.0
        labels = []
        for name, cell in zip(self.columns, cells, strict=True):
            if name == VALUE:
                if not _NUMBER.fullmatch(cell.strip().encode()):
                    return None
                value = float(cell)
            elif name != IGNORED:
                labels.append(label(cell))
        return tuple(labels), value


@dataclass(frozen=True)
class Custom:
    """CUSTOM: a function of the site. It gets all lines, and returns a number, or numbers by tuples of label values."""

    labels: tuple[str, ...]
    function: Callable[[list[str]], object]
    name: str

    def rows(self, lines: Iterator[bytes]) -> Iterator[Row]:
        """Yield what the function returns. Raises SlurmError when it fails or returns something else."""
        texts = [line.decode("utf-8", "replace") for line in lines]
        try:
            found = self.function(texts)
        except Exception as error:
            raise SlurmError(f"{self.name} failed: {one_line(f'{type(error).__name__}: {error}')}") from error
        items: Iterable[tuple[Any, Any]] = found.items() if isinstance(found, Mapping) else [((), found)]
        for values, value in items:
            if not _fits(values, value, len(self.labels)):
                found = one_line(f"{values!r}: {value!r}", 80)
                raise SlurmError(f"{self.name} returned {found}, and not a number by {len(self.labels)} strings")
            yield tuple(map(label, values)), float(value)


def find_function(name: str) -> Callable[[list[str]], object]:
    """Return what ``package.module:function``, or an entry point of the group, names. Raises FunctionError."""
    module, colon, attribute = name.partition(":")
    try:
        if colon:
            found = getattr(importlib.import_module(module), attribute)
        else:
            points = [point for point in entry_points(group=ENTRY_POINT_GROUP) if point.name == name]
            if not points:
                raise FunctionError(
                    f"there is no entry point {one_line(name, 60)!r} in the group {ENTRY_POINT_GROUP}; "
                    "give one, or package.module:function"
                )
            found = points[0].load()
    except FunctionError:
        raise
    except Exception as error:  # whatever the site's module does when it is imported
        raise FunctionError(f"{one_line(name, 60)} cannot be loaded: {one_line(str(error), 150)}") from error
    if not callable(found):
        raise FunctionError(f"{one_line(name, 60)} is no function")
    return found  # type: ignore[no-any-return]


def label(text: str) -> str:
    """Return a text as the value of a label: one line, without control characters, and not too long."""
    return one_line(text, LABEL_CHARACTERS)


def _fits(values: object, value: object, width: int) -> bool:
    return (
        isinstance(values, tuple)
        and len(values) == width
        and all(isinstance(each, str) for each in values)
        and isinstance(value, (int, float))
        and not math.isnan(value)
    )
