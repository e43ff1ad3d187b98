"""The operations of the API and the records that they speak of, read from its OpenAPI document; as a page of HTML."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any, NamedTuple

from .errors import Problem

_STYLE = "body{font:16px/1.5 sans-serif;max-width:60em;margin:2em auto}td,th{text-align:left;padding-right:1em}"


class Value(NamedTuple):
    """What a request can say in its path or its query, or a member of a record."""

    name: str
    kind: str
    meaning: str


class Record(NamedTuple):
    """A JSON object that is sent or answered."""

    name: str
    text: str
    members: Sequence[Value]


class Operation(NamedTuple):
    """A method on a path, what it takes, and how it answers: good answers by status, and the statuses of others."""

    method: str
    path: str
    text: str
    parameters: Sequence[Value]
    body: str
    answers: Mapping[str, str]
    problems: Sequence[str]


def operations(document: Mapping[str, Any]) -> list[Operation]:
    """Return the operations of an OpenAPI document, in its order."""
    return [
        Operation(
            method.upper(),
            path,
            _plain(operation["description"]),
            [_parameter(each) for each in operation.get("parameters", ())],
            _name(_json(operation.get("requestBody", {}))),
            {status: _answer(each) for status, each in _responses(operation) if not _is_problem(each)},
            [status for status, each in _responses(operation) if _is_problem(each)],
        )
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]


def records(document: Mapping[str, Any]) -> list[Record]:
    """Return the records of an OpenAPI document, by name."""
    return [
        Record(name, _plain(schema.get("description", "")), [_member(schema, each) for each in schema["properties"]])
        for name, schema in sorted(document["components"]["schemas"].items())
    ]


def as_html(document: Mapping[str, Any]) -> str:
    """Return the page of the service."""
    title = escape(f"{document['info']['title']} {document['info']['version']}")
    lines = [
        f"<!doctype html><html lang=en><meta charset=utf-8><title>{title}</title><style>{_STYLE}</style>",
        f"<h1>{title}</h1><p>{escape(document['info']['description'])}</p>",
        "<p>For programs: <a href=/openapi.json>openapi.json</a></p>",
    ]
    for operation in operations(document):
        lines.append(f"<h2>{operation.method} {escape(operation.path)}</h2><p>{escape(operation.text)}</p>")
        lines += _table(operation.parameters)
        lines += [f"<p>Takes a {_link(operation.body)}</p>"] if operation.body else []
        lines += [f"<p>{status}: {_link(name)}</p>" for status, name in operation.answers.items()]
    for record in records(document):
        lines.append(f"<h2 id={record.name}>{record.name}</h2><p>{escape(record.text)}</p>")
        lines += _table(record.members)
    return "\n".join(lines)


def _plain(text: str) -> str:
    """Return a docstring without its marks for names."""
    return text.replace("``", "")


def _parameter(parameter: Mapping[str, Any]) -> Value:
    return Value(parameter["name"], _kind(parameter["schema"]), parameter.get("description", ""))


def _member(schema: Mapping[str, Any], name: str) -> Value:
    return Value(name, _kind(schema["properties"][name]), "always there" if name in schema.get("required", ()) else "")


def _responses(operation: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    return sorted(operation["responses"].items())


def _is_problem(answer: Mapping[str, Any]) -> bool:
    return _name(_json(answer)) == Problem.__name__


def _answer(answer: Mapping[str, Any]) -> str:
    return _name(_json(answer)) or str(answer["description"])


def _json(content: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the schema of a body of JSON, an empty one where it is none."""
    schema: Mapping[str, Any] = content.get("content", {}).get("application/json", {}).get("schema", {})
    return schema


def _kind(schema: Mapping[str, Any]) -> str:
    """Return a schema in a few words."""
    if "$ref" in schema:
        return _name(schema)
    if "anyOf" in schema:
        return " or ".join(_kind(part) for part in schema["anyOf"] if part.get("type") != "null")
    if "enum" in schema:
        return ", ".join(schema["enum"])
    if "const" in schema:
        return str(schema["const"])
    if schema.get("type") == "array":
        return f"list of {_kind(schema['items'])}"
    return str(schema.get("format") or schema.get("type", "anything"))


def _name(schema: Mapping[str, Any]) -> str:
    return str(schema.get("$ref", "")).rpartition("/")[2]


def _link(name: str) -> str:
    return f"<a href=#{name}>{name}</a>" if name.isalnum() else escape(name)


def _table(values: Sequence[Value]) -> Iterator[str]:
    if values:
        yield "<table>"
        for value in values:
            yield f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in value)}</tr>"
        yield "</table>"
