"""A small language for the bodies of requests, and the check of a body.

It has what the official descriptions of the API say (names, types, enumerations, what is required, what only Azure
writes), and the two things that the service is known to do otherwise: values that it takes beyond those described.
Whoever needs more than the shape of a body checks it in the module of the resource.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .exchange import Refusal


@dataclass(frozen=True)
class Text:
    """A string. ``choices`` are those of the official description, ``also`` what the service takes beyond them.

    With ``others`` any string is taken, as of the streams of a rule. The case of choices does not matter to Azure.
    """

    choices: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    others: bool = False


@dataclass(frozen=True)
class Number:
    """A whole number in a range; ``also`` are numbers outside of it that have a meaning, such as -1."""

    least: int | None = None
    most: int | None = None
    also: tuple[int, ...] = ()


@dataclass(frozen=True)
class Flag:
    """True or false."""


@dataclass(frozen=True)
class Free:
    """Any JSON value: what Azure hands on without a look."""


@dataclass(frozen=True)
class ListOf:
    """A list of things of one shape."""

    item: Shape


@dataclass(frozen=True)
class MapOf:
    """An object whose keys are the user's."""

    value: Shape


@dataclass(frozen=True)
class Record:
    """An object with known keys. ``name`` is that of the official description.

    ``read_only`` keys are Azure's to write: in a request they are passed over, as the service does.
    """

    name: str
    fields: Mapping[str, Shape]
    required: tuple[str, ...] = ()
    read_only: tuple[str, ...] = field(default=())


Shape = Text | Number | Flag | Free | ListOf | MapOf | Record


def accept(shape: Shape, value: Any, path: str = "") -> Any:
    """The value without what only Azure writes. Raises Refusal for what does not have the shape, with its place."""
    match shape:
        case Record():
            return _accept_record(shape, _expect(value, dict, path), path)
        case ListOf(item):
            entries = _expect(value, list, path)
            return [accept(item, entry, f"{path}[{number}]") for number, entry in enumerate(entries)]
        case MapOf(item):
            entries = _expect(value, dict, path)
            return {name: accept(item, entry, _join(path, name)) for name, entry in entries.items()}
        case Text():
            _expect(value, str, path)
            known = {choice.casefold() for choice in (*shape.choices, *shape.also)}
            if known and not shape.others and value.casefold() not in known:
                raise _invalid(path, f"'{value}' is none of {', '.join((*shape.choices, *shape.also))}")
        case Number():
            _expect(value, int, path)
            too_small = shape.least is not None and value < shape.least
            too_large = shape.most is not None and value > shape.most
            if value not in shape.also and (too_small or too_large):
                raise _invalid(path, f"{value} is not between {shape.least} and {shape.most}")
        case Flag():
            _expect(value, bool, path)
    return value


def _accept_record(shape: Record, value: dict[str, Any], path: str) -> dict[str, Any]:
    for name in value:
        if name not in shape.fields:
            text = f"Could not find member '{name}' on object of type '{shape.name}'"
            raise _invalid(_join(path, name), text)
    for name in shape.required:
        if name not in value:
            raise _invalid(_join(path, name), f"Required property '{name}' not found in '{shape.name}'")
    return {
        name: accept(shape.fields[name], entry, _join(path, name))
        for name, entry in value.items()
        if name not in shape.read_only
    }


def _expect(value: Any, kind: type, path: str) -> Any:
    # A bool is an int for Python, not for JSON.
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise _invalid(path, f"Cannot convert {type(value).__name__} to {kind.__name__}")
    return value


def _invalid(path: str, text: str) -> Refusal:
    return Refusal(400, "InvalidRequestContent", f"The request content was invalid: {text}. Path '{path}'.")


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def records(shape: Shape) -> Iterator[Record]:
    """All records in a shape, itself first."""
    match shape:
        case Record():
            yield shape
            for part in shape.fields.values():
                yield from records(part)
        case ListOf(part) | MapOf(part):
            yield from records(part)
