"""Read a YAML file of settings, and name every fault in it at once, each with the file, the line and the reason."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar

import yaml
from yaml.constructor import SafeConstructor
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from .slurm.command import one_line

REASON_CHARACTERS = 1000

N = TypeVar("N", bound=Node)


class SettingsFileError(Exception):
    """A file of settings cannot be used. The message has a line for each fault: ``FILE:LINE: reason``."""


class Faults:
    """Collects what is wrong with a file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._found: list[tuple[int, str]] = []

    def add(self, line: int, reason: str) -> None:
        """Note a fault. ``line`` counts from 1. What the reason repeats of the file cannot break the line."""
        self._found.append((line, one_line(reason, REASON_CHARACTERS)))

    def raise_any(self) -> None:
        """Raise SettingsFileError when something was noted, with the faults in the order of the file."""
        if self._found:
            raise SettingsFileError("\n".join(f"{self._path}:{line}: {reason}" for line, reason in sorted(self._found)))


class Table:
    """A mapping of the file, read key by key. A fault is noted and a default returned, so that reading goes on.

    Whoever has read all that it knows calls :meth:`end`, which refuses the rest.
    """

    def __init__(self, faults: Faults, line: int, name: str, items: dict[str, tuple[Node, Node]]) -> None:
        self.line = line
        self.name = name
        self._faults = faults
        self._items = items
        self._known: list[str] = []

    def __contains__(self, key: str) -> bool:
        return key in self._items

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def fault(self, reason: str, key: str | None = None) -> None:
        """Note a fault at the key, or at the beginning of the table."""
        self._faults.add(self._items[key][1].start_mark.line + 1 if key in self._items else self.line, reason)

    def text(self, key: str, default: str = "", required: bool = False) -> str:
        """Return a string."""
        value = self._scalar(key)
        if value is not None and not isinstance(value, str):
            self.fault(f"{key} has to be a string; put it between quotes", key)
            return default
        if required and not value:
            self.fault(f"{key} is missing in {self.name}", key)
        return default if value is None else value

    def number(self, key: str, default: float, low: float, high: float) -> float:
        """Return a number between the bounds, which count as within."""
        value = self._scalar(key)
        if value is None:
            return default
        if isinstance(value, (int, float)) and not isinstance(value, bool) and low <= value <= high:
            return float(value)
        self.fault(f"{key} has to be a number from {low:g} to {high:g}", key)
        return default

    def integer(self, key: str, default: int, low: int, high: int) -> int:
        """Return a whole number between the bounds, which count as within."""
        value = self.number(key, default, low, high)
        if value != int(value):
            self.fault(f"{key} has to be a whole number", key)
        return int(value)

    def flag(self, key: str, default: bool) -> bool:
        """Return true or false."""
        value = self._scalar(key)
        if value is None or isinstance(value, bool):
            return default if value is None else value
        self.fault(f"{key} has to be true or false", key)
        return default

    def texts(self, key: str, required: bool = False) -> tuple[str, ...]:
        """Return a list of strings; without the key, an empty one."""
        reason = f"{key} has to be a list of strings"
        if required and key not in self:
            self.fault(f"{key} is missing in {self.name}")
        nodes = [self._as(ScalarNode, node, reason) for node in self._list(key)]
        return tuple(node.value for node in nodes if node)

    def choice(self, key: str, choices: Iterable[str], default: str, required: bool = False) -> str:
        """Return one of the choices, or the default."""
        value = self.text(key, default, required)
        if value in choices or value == default:
            return value
        self.fault(f"{key} has to be one of {', '.join(choices)}", key)
        return default

    def word(self, key: str, default: str) -> str:
        """Return a single value as it is written, be it a string or a number."""
        return default if self._scalar(key) is None else str(self._items[key][1].value)

    def table(self, key: str) -> Table:
        """Return a mapping; without the key, an empty one."""
        self._known.append(key)
        if key in self._items:
            value = self._items[key][1]
            node = None if _is_null(value) else self._as(MappingNode, value, f"{key} has to be a mapping")
            if node:
                return _table(self._faults, key, node)
        return Table(self._faults, self.line, key, {})

    def tables(self, key: str) -> list[Table]:
        """Return a list of mappings; without the key, an empty one."""
        reason = f"{key} has to be a list of mappings"
        nodes = [self._as(MappingNode, node, reason) for node in self._list(key)]
        return [_table(self._faults, key, node) for node in nodes if node]

    def end(self) -> None:
        """Refuse every key that was not asked for, and name the nearest one that exists."""
        for key, (name, _value) in self._items.items():
            if key not in self._known:
                near = get_close_matches(key, self._known, n=1, cutoff=0.5)
                hint = f"; did you mean {near[0]}?" if near else f"; known are {', '.join(sorted(self._known))}"
                self._faults.add(name.start_mark.line + 1, f"{one_line(key, 60)} is unknown in {self.name}{hint}")

    def _scalar(self, key: str) -> Any:
        """Return the value of the key as YAML understands it, or None without one."""
        self._known.append(key)
        node = self._items[key][1] if key in self._items else None
        if node is None or _is_null(node):
            return None
        if not self._as(ScalarNode, node, f"{key} has to be a single value"):
            return None
        try:
            return SafeConstructor().construct_object(node)
        except (yaml.YAMLError, ValueError):
            self.fault(f"{key} cannot be read", key)
            return None

    def _list(self, key: str) -> list[Node]:
        self._known.append(key)
        node = self._items[key][1] if key in self._items else None
        if node is None or _is_null(node):
            return []
        sequence = self._as(SequenceNode, node, f"{key} has to be a list")
        return list(sequence.value) if sequence else []

    def _as(self, kind: type[N], node: Node, reason: str) -> N | None:
        """Return the node when it is of the kind, else note the fault."""
        if isinstance(node, kind):
            return node
        self._faults.add(node.start_mark.line + 1, reason)
        return None


def read_table(text: bytes, faults: Faults, name: str) -> Table:
    """Return the mapping that the whole file is; an empty file is an empty one. Raises SettingsFileError."""
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        faults.add(line, f"this is no YAML: {one_line(error.problem or error.context or 'it cannot be read')}")
    except yaml.YAMLError as error:
        faults.add(1, f"this is no YAML: {one_line(str(error))}")
    except RecursionError:
        faults.add(1, "this is nested too deeply")
    else:
        if root is None or _is_null(root):
            return Table(faults, 1, name, {})
        if isinstance(root, MappingNode):
            return _table(faults, name, root)
        faults.add(root.start_mark.line + 1, "this has to be a mapping, with lines like 'key: value'")
    faults.raise_any()
    raise AssertionError("a fault was noted")


def _table(faults: Faults, name: str, node: MappingNode) -> Table:
    items: dict[str, tuple[Node, Node]] = {}
    for key, value in _pairs(node, faults):
        if key.value in items:
            faults.add(key.start_mark.line + 1, f"{one_line(key.value, 60)} is given twice in {name}")
        items[key.value] = (key, value)
    return Table(faults, node.start_mark.line + 1, name, items)


def _pairs(node: MappingNode, faults: Faults) -> Iterator[tuple[ScalarNode, Node]]:
    for key, value in node.value:
        if isinstance(key, ScalarNode):
            yield key, value
        else:
            faults.add(key.start_mark.line + 1, "a key has to be a single value")


def _is_null(node: Node) -> bool:
    return node.tag == "tag:yaml.org,2002:null"
